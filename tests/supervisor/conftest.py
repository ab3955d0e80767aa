"""Fixtures of the supervisor's tests: settings on a fresh folder, and real processes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opensink_web.settings import Settings
from opensink_web.supervisor.child import ChildSpec
from opensink_web.supervisor.process_tree import ProcessTree
from tests.support.real_servers import wait_until

MakeSettings = Callable[..., Settings]
MakeSpec = Callable[..., ChildSpec]
WaitFor = Callable[[Callable[[], object]], object]


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    """Return a maker of settings on a data folder of the test's own."""

    def make(**variables: str) -> Settings:
        return Settings.from_env({"DATA_DIR": str(tmp_path / "var"), **variables})

    return make


@pytest.fixture
def wait_for() -> WaitFor:
    """Return a function that waits until a condition holds, and fails after a minute."""
    return wait_until


@pytest.fixture
def make_spec(tmp_path: Path) -> MakeSpec:
    """Return a maker of children that write their process id to `<name>.pids` and run a script."""

    def make(name: str, script: str = "time.sleep(60)", **fields: object) -> ChildSpec:
        note = f"import os, signal, sys, time; open({str(tmp_path / name)!r} + '.pids', 'a')"
        program = f"{note}.write(str(os.getpid()) + '\\n')\n{script}"
        argv = (sys.executable, "-I", "-c", program)
        return ChildSpec(name=name, argv=argv, environment=os.environ, **fields)  # type: ignore[arg-type]  # the test's own fields

    return make


@pytest.fixture
def pids(tmp_path: Path) -> Callable[[str], list[int]]:
    """Return a function that tells the process ids a child has had so far."""

    def read(name: str) -> list[int]:
        path = tmp_path / f"{name}.pids"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    return read


@pytest.fixture
def is_alive() -> Callable[[int], bool]:
    """Return a function that says whether a process is alive and no zombie."""

    def check(pid: int) -> bool:
        listing = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True
        )
        return listing.stdout.strip()[:1] not in {"", "Z"}

    return check


@pytest.fixture
def tree() -> Iterator[ProcessTree]:
    """Return a process tree that is stopped after the test."""
    process_tree = ProcessTree()
    yield process_tree
    process_tree.stop()
