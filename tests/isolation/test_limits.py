"""Limits of a process that runs what others wrote, and who may read the memory of the others."""

import subprocess
import sys
from pathlib import Path

import pytest

from opensink_web.isolation.limits import tasks_of_this_user
from tests.support.neighbour import SECRET, WITHOUT_CAPABILITIES, what_a_neighbour_reads

pytestmark = pytest.mark.server

# Root may start as many processes as it likes, so whoever tests as root becomes nobody first.
FORKS = """
import os, signal, sys
from opensink_web.isolation.limits import Limits, bind, tasks_of_this_user
if os.getuid() == 0:
    os.setuid(65534)
bind(Limits(2**40, processes=tasks_of_this_user() + int(sys.argv[1])), os.getppid())
left = []
try:
    while len(left) < 100:
        left.append(os.fork() or signal.pause())
except OSError as error:
    print(len(left), type(error).__name__)
for each in left:
    os.kill(each, signal.SIGKILL)
"""
WRITES = """
import os, signal
from opensink_web.isolation.limits import Limits, bind
bind(Limits(2**40, file_bytes=4096), os.getppid())
try:
    with open("file", "wb", buffering=0) as file:
        file.write(b"x" * 4096)
        file.write(b"x")
except OSError as error:
    print(error.strerror)
"""
WAITS = f"""
import sys, time
from opensink_web.isolation.limits import set_readable
secret = {SECRET[:3]!r} + {SECRET[3:]!r}
if sys.argv[1] == "hidden":
    set_readable(False)
print("ready", flush=True)
time.sleep(60)
"""


def run(script: str, *arguments: str, folder: Path) -> str:
    command = [sys.executable, "-c", script, *arguments]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_processes_end_where_those_of_the_user_and_the_permitted_ones_are_there(
    tmp_path: Path,
) -> None:
    assert run(FORKS, "4", folder=tmp_path) == "4 BlockingIOError"


def test_files_end_where_they_may(tmp_path: Path) -> None:
    assert run(WRITES, folder=tmp_path) == "File too large"
    assert (tmp_path / "file").stat().st_size == 4096


def test_threads_of_this_user_are_counted() -> None:
    before = tasks_of_this_user()
    started = [subprocess.Popen(["sleep", "60"]) for _ in range(50)]
    try:
        assert tasks_of_this_user() >= before + 25  # others may end meanwhile
    finally:
        for each in started:
            each.kill()
            each.wait()


@pytest.mark.parametrize(("how", "is_read"), [("open", True), ("hidden", False)])
def test_a_process_that_says_so_is_read_by_nobody_of_the_same_user(how: str, is_read: bool) -> None:
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "KEY": SECRET}
    command = [*WITHOUT_CAPABILITIES, sys.executable, "-c", WAITS, how]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        read = what_a_neighbour_reads([process.pid])
        process.kill()
    assert read == {process.pid: {"environ", "memory"} if is_read else set()}
