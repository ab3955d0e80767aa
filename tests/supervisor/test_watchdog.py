"""The watchdog: children end when the process above them is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from opensink_web.supervisor.watchdog import Watchdog
from tests.support.real_servers import wait_until

pytestmark = pytest.mark.server

IsAlive = Callable[[int], bool]

OWNER = """
import sys, subprocess, time
from opensink_web.supervisor.watchdog import Watchdog
watchdog = Watchdog()
watchdog.keep()
for script in sys.argv[1:]:
    command = [sys.executable, "-I", "-c", script]
    child = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE)
    watchdog.add(child.pid)
    child.stdout.readline()  # it says when it is what its script makes of it
    print(child.pid, flush=True)
print(watchdog.pid, flush=True)
time.sleep(600)
"""
SLEEPS = "import time; print(flush=True); time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-I", "-c", SLEEPS], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_the_children_of_a_killed_process_end_soon(is_alive: IsAlive) -> None:
    command = [sys.executable, "-c", OWNER, SLEEPS, DEAF]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pids = [int(owner.stdout.readline()) for _ in range(3)]
        owner.kill()
        owner.wait()
        wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_a_killed_watcher_is_replaced_by_one_that_knows_the_same_groups(
    sleeper: subprocess.Popen[bytes],
) -> None:
    watchdog = Watchdog()
    watchdog.keep()
    first = watchdog.pid
    assert first is not None
    watchdog.add(sleeper.pid)
    os.kill(first, signal.SIGKILL)

    def is_replaced() -> bool:
        watchdog.keep()
        return watchdog.pid != first

    wait_until(is_replaced)
    assert watchdog.pid not in {None, first}
    watchdog.close()
    assert sleeper.wait(100) == -signal.SIGTERM


def test_a_group_taken_off_the_list_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    watchdog = Watchdog()
    watchdog.keep()
    watchdog.add(sleeper.pid)
    watchdog.drop(sleeper.pid)
    watchdog.close()
    assert sleeper.poll() is None
