"""The lifeline: children end when the process above them is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from opensink_web.supervisor.lifeline import Lifeline

pytestmark = pytest.mark.server

IsAlive = Callable[[int], bool]
WaitFor = Callable[[Callable[[], object]], None]

OWNER = """
import sys, subprocess, time
from opensink_web.supervisor.lifeline import Lifeline
lifeline = Lifeline()
lifeline.keep()
for script in sys.argv[1:]:
    child = subprocess.Popen([sys.executable, "-I", "-c", script], start_new_session=True)
    lifeline.add(child.pid)
    print(child.pid, flush=True)
print(lifeline.pid, flush=True)
time.sleep(60)
"""
SLEEPS = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-I", "-c", SLEEPS], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_the_children_of_a_killed_process_end_within_3_seconds(is_alive: IsAlive) -> None:
    command = [sys.executable, "-c", OWNER, SLEEPS, DEAF]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pids = [int(owner.stdout.readline()) for _ in range(3)]
        time.sleep(0.5)  # the deaf one has to have said that it ignores SIGTERM
        owner.kill()
        owner.wait()
        started = time.monotonic()
        while any(is_alive(pid) for pid in pids):
            assert time.monotonic() - started < 3
            time.sleep(0.05)


def test_a_killed_watcher_is_replaced_by_one_that_knows_the_same_groups(
    sleeper: subprocess.Popen[bytes],
) -> None:
    lifeline = Lifeline()
    lifeline.keep()
    first = lifeline.pid
    assert first is not None
    lifeline.add(sleeper.pid)
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while lifeline.pid == first and time.monotonic() < deadline:
        lifeline.keep()
    assert lifeline.pid not in {None, first}
    lifeline.close()
    assert sleeper.wait(5) == -signal.SIGTERM


def test_a_group_taken_off_the_list_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    lifeline = Lifeline()
    lifeline.keep()
    lifeline.add(sleeper.pid)
    lifeline.drop(sleeper.pid)
    lifeline.close()
    assert sleeper.poll() is None
