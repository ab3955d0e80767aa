"""The package: what is in it, what its types say, and that it is made of its parts as they are."""

import json
import subprocess
from pathlib import Path

import pytest

from opensink_client import __all__ as python_names
from tests.clients.javascript.conftest import HERE, PROJECT
from tests.javascript_client import MODULE, TYPES, operations, written, written_types

ANEW = "run python -m tests.javascript_client"


def test_the_module_is_made_of_its_parts() -> None:
    assert MODULE.read_text() == written(), ANEW


def test_the_types_are_made_of_what_the_api_is() -> None:
    assert TYPES.read_text() == written_types(), ANEW


def test_every_part_of_a_path_that_is_an_argument_is_said_once() -> None:
    names = [name for name, *_ in operations()]
    assert len(names) == len(set(names)) > 90
    assert not set(names) & {"constructor", "request"}


def test_the_package_has_the_module_its_types_and_no_dependency(modules: Path) -> None:
    packed = modules / "node_modules" / "opensink-client"
    assert {each.name for each in packed.iterdir()} == {
        *("LICENSE", "README.md", "opensink.d.ts", "opensink.js", "package.json")
    }
    assert (packed / "opensink.js").read_text() == MODULE.read_text()
    said = json.loads((packed / "package.json").read_text())
    assert "dependencies" not in said
    assert said["version"] == json.loads((PROJECT / "package-lock.json").read_text())["version"]
    assert "resolved" not in (PROJECT / "package-lock.json").read_text()  # names no registry
    assert (PROJECT / "LICENSE").read_text() == (PROJECT.parents[1] / "LICENSE").read_text()


def test_its_errors_are_called_as_those_of_the_python_client() -> None:
    source = (PROJECT / "src" / "errors.js").read_text()
    classes = {line.split()[2] for line in source.splitlines() if line.startswith("export class")}
    assert classes - {"TimeoutError"} <= set(python_names)


@pytest.mark.server
def test_the_types_hold_for_a_program_that_uses_them(modules: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(modules / "node_modules")
    (tmp_path / "typed.mts").write_text((HERE / "typed.ts").read_text())
    compiler = modules / "node_modules" / "typescript" / "bin" / "tsc"
    options = ["--strict", "--module", "nodenext", "--target", "es2022"]
    options += ["--lib", "es2023,dom,dom.iterable", "--preserveSymlinks"]
    command = ["node", str(compiler), "--noEmit", *options, "typed.mts"]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (made.returncode, made.stdout) == (0, "")
