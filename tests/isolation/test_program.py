"""A program that forks a process for each connection, seen from the process that starts it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensink_web.isolation.program import Program

pytestmark = pytest.mark.server

SAYS_WHO_IT_IS = """
import os, socket, sys
control = socket.socket(fileno=int(sys.argv[2]))
while True:
    data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    if not data:
        sys.exit(3)
    if os.fork() == 0:
        connection = socket.socket(fileno=descriptors[0])
        connection.sendall(f"{sys.argv[1]} {os.getppid()} {sorted(os.environ)}".encode())
        os._exit(0)
    os.close(descriptors[0])
"""
NEVER_ENDS = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "says_who_it_is.py").write_text(SAYS_WHO_IT_IS)
    (tmp_path / "never_ends.py").write_text(NEVER_ENDS)
    return tmp_path


@pytest.fixture
def program(folder: Path) -> Iterator[Program]:
    started = Program(
        "says_who_it_is",
        "argument",
        environment={"PYTHONPATH": str(folder)},
        stdout=subprocess.DEVNULL,
    )
    yield started
    started.kill()


def said(program: Program) -> str:
    with program.connect() as connection:
        text = b""
        while piece := connection.recv(1000):
            text += piece
    return text.decode()


def test_each_connection_has_a_process_of_the_program(program: Program) -> None:
    assert [said(program).split()[:2] for _ in range(2)] == [
        ["argument", str(program._process.pid)]
    ] * 2
    assert os.getsid(program._process.pid) == program._process.pid


def test_it_has_the_environment_that_it_is_given_and_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "x")
    environment = {"PYTHONPATH": str(folder), "LC_CTYPE": "C.UTF-8"}
    ours = Program("says_who_it_is", "", environment=environment, stdout=subprocess.DEVNULL)
    try:
        assert said(ours).endswith("['LC_CTYPE', 'PYTHONPATH']")
    finally:
        ours.kill()


def test_closing_ends_it_and_a_connection_is_refused_from_then_on(program: Program) -> None:
    said(program)
    program.close(100)
    assert not program.is_running
    assert program.wait(1) == 3
    with pytest.raises(OSError, match="Bad file descriptor"):
        program.connect()


def test_a_connection_to_one_that_was_killed_is_refused(program: Program) -> None:
    program._process.kill()
    program._process.wait()
    with pytest.raises(OSError, match="pipe"):
        program.connect()


def test_one_that_does_not_end_is_killed(folder: Path) -> None:
    environment = {"PYTHONPATH": str(folder)}
    stuck = Program("never_ends", environment=environment, stdout=subprocess.DEVNULL)
    stuck.close(0.1)
    assert not stuck.is_running


def test_it_ends_with_the_process_that_started_it(folder: Path) -> None:
    script = (
        "import os, subprocess; from opensink_web.isolation.program import Program;"
        " program = Program('says_who_it_is', '', environment=os.environ, stdout=2);"
        " print(program._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    environment = {"PYTHONPATH": f"{folder}{os.pathsep}{Path(__file__).parents[2]}"}
    # what it prints ends when the program does too, which holds the other end
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as starter:
        printed, _ = starter.communicate(timeout=60)
    assert printed.strip().isdecimal()
