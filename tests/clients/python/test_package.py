"""The package as others get it: it needs requests alone, and goes on by its old name."""

import ast
import importlib
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.support.cases import for_each

ROOT = Path(__file__).parents[3]
PROJECT = ROOT / "clients" / "python"
PACKAGE = PROJECT / "opensink_client"


def test_a_copy_of_its_folder_works_without_the_server(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "sink")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from sink import Client, is_signed;"
        " print(Client('http://x', 'k'), 'opensink_web' in sys.modules)"
    )
    command = [sys.executable, "-P", "-c", script, str(tmp_path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.startswith("<sink.calls.Client")
    assert printed.endswith("False\n")


def test_it_imports_the_standard_library_and_requests_alone() -> None:
    allowed = sys.stdlib_module_names | {"requests", "urllib3"}  # which is a part of requests

    def check(path: Path) -> None:
        nodes = [*ast.walk(ast.parse(path.read_text()))]
        named = {each.name for node in nodes if isinstance(node, ast.Import) for each in node.names}
        named |= {
            node.module or ""
            for node in nodes
            if isinstance(node, ast.ImportFrom) and node.level == 0
        }
        assert {name.partition(".")[0] for name in named} <= allowed

    for_each(sorted(PACKAGE.rglob("*.py")), check)


@pytest.mark.parametrize(
    "name", ["", ".calls", ".deciding", ".resources", ".signature", ".transport"]
)
def test_every_old_name_is_the_same_object(name: str) -> None:
    new = importlib.import_module(f"opensink_client{name}")
    old = importlib.import_module(f"opensink_web.client{name}")
    public = getattr(new, "__all__", [each for each in vars(new) if not each.startswith("_")])
    assert {each: getattr(old, each) for each in public} == {
        each: getattr(new, each) for each in public
    }


def test_the_server_needs_the_client_of_its_own_version() -> None:
    server, client = (
        tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        for folder in (ROOT, PROJECT)
    )
    assert server["version"] == client["version"]
    assert f"opensink-client=={client['version']}" in server["dependencies"]
    assert [each.partition(">")[0] for each in client["dependencies"]] == ["requests"]
    assert (PROJECT / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


@pytest.mark.server
def test_its_wheel_holds_all_of_it_and_says_that_it_is_typed(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    wanted = {str(path.relative_to(PROJECT)) for path in PACKAGE.rglob("*.py")}
    assert {*wanted, "opensink_client/py.typed"} <= packed
