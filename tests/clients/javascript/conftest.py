"""The npm package as users get it, packed and unpacked, and programs in Node that import it."""

import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Cast
from tests.support.made_once import made_once, shared_folder

HERE = Path(__file__).parent
PROJECT = HERE.parents[2] / "clients" / "javascript"
Run = Callable[..., str]


def npm(*arguments: str) -> None:
    """Run npm where the package is; it takes from its registry what the lock file names."""
    made = subprocess.run(["npm", *arguments], cwd=PROJECT, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the package is installed, with zod and TypeScript beside it."""

    def make(folder: Path) -> None:
        installed = PROJECT / "node_modules" / ".package-lock.json"
        lock = PROJECT / "package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            npm("ci")
        npm("pack", "--pack-destination", str(folder))
        (tarball,) = folder.glob("*.tgz")
        target = folder / "node_modules" / "opensink-client"
        target.mkdir(parents=True)
        with tarfile.open(tarball) as archive:
            archive.extractall(folder, filter="data")
        (folder / "package").rename(target)
        for each in ("zod", "typescript"):
            (folder / "node_modules" / each).symlink_to(PROJECT / "node_modules" / each)

    return made_once(shared_folder(tmp_path_factory) / "npm", make)


@pytest.fixture
def run(modules: Path, cast: Cast, tmp_path: Path) -> Run:
    """Return what runs a program of this folder, or a source, and returns what it printed."""
    (tmp_path / "node_modules").symlink_to(modules / "node_modules")

    def in_node(program: str, url: str = "", given: str = "", source: str = "") -> str:
        path = tmp_path / program
        path.write_text(source or (HERE / program).read_text())
        environment = {**os.environ, "OPENSINK_URL": url, "OPENSINK_API_KEY": cast.alice.api_key}
        made = subprocess.run(
            ["node", str(path)],
            input=given,
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert made.returncode == 0, made.stderr
        assert made.stderr == ""
        return made.stdout

    return in_node
