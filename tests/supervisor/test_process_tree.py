"""The process tree on small real programs: keeps them alive, and leaves nothing behind."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from opensink_web.supervisor.child import ChildSpec
from opensink_web.supervisor.process_tree import ProcessTree
from opensink_web.supervisor.stop_request import StopRequest

pytestmark = pytest.mark.server

IGNORES_TERM = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"

MakeSpec = Callable[..., ChildSpec]
Pids = Callable[[str], list[int]]
IsAlive = Callable[[int], bool]
WaitFor = Callable[[Callable[[], object]], None]


def supervised(tree: ProcessTree, condition: Callable[[], object]) -> Callable[[], object]:
    def check() -> object:
        tree.supervise()
        return condition()

    return check


def test_a_killed_child_starts_again(
    tree: ProcessTree,
    make_spec: MakeSpec,
    pids: Pids,
    wait_for: WaitFor,
) -> None:
    tree.start(make_spec("one"), make_spec("two"))
    wait_for(lambda: pids("one") and pids("two"))
    os.kill(pids("one")[0], signal.SIGKILL)
    wait_for(supervised(tree, lambda: len(pids("one")) == 2))
    assert tree.is_running("one")
    assert len(pids("two")) == 1


def test_a_child_that_ends_of_itself_starts_again_ever_more_slowly(
    tree: ProcessTree, make_spec: MakeSpec, pids: Pids, wait_for: WaitFor
) -> None:
    started = time.monotonic()
    tree.start(make_spec("brief", "sys.exit(3)"))
    wait_for(supervised(tree, lambda: len(pids("brief")) == 4))
    assert time.monotonic() - started > 0.2 + 0.4 + 0.8


def test_what_a_killed_child_leaves_behind_ends_before_it_starts_again(
    tree: ProcessTree, make_spec: MakeSpec, pids: Pids, wait_for: WaitFor, is_alive: IsAlive
) -> None:
    script = IGNORES_TERM + "os.fork()\ntime.sleep(600)"
    tree.start(make_spec("parent", script))
    wait_for(lambda: pids("parent"))
    parent = pids("parent")[0]
    wait_for(lambda: children_of(parent))
    left_behind = children_of(parent)
    os.kill(parent, signal.SIGKILL)
    wait_for(supervised(tree, lambda: len(pids("parent")) == 2))
    assert not any(is_alive(pid) for pid in left_behind)


def test_stop_ends_everything_even_what_ignores_sigterm(
    tree: ProcessTree, make_spec: MakeSpec, pids: Pids, wait_for: WaitFor, is_alive: IsAlive
) -> None:
    tree.start(
        make_spec("server", IGNORES_TERM + "time.sleep(600)", serves_others=True),
        make_spec("deaf", IGNORES_TERM + "time.sleep(600)"),
        make_spec("good"),
    )
    wait_for(lambda: pids("server") and pids("deaf") and pids("good"))
    started = time.monotonic()
    tree.stop()
    assert time.monotonic() - started < 60
    assert not any(is_alive(pid) for name in ("server", "deaf", "good") for pid in pids(name))


def test_what_serves_others_stops_after_them(
    tree: ProcessTree, make_spec: MakeSpec, pids: Pids, wait_for: WaitFor, tmp_path: Path
) -> None:
    end = "lambda *_: (time.sleep({wait}), note('{name}'), os._exit(0))"
    note = f"note = lambda name: open({str(tmp_path / 'order')!r}, 'a').write(name + ' ')\n"
    ready = "\nopen({path!r}, 'w')\ntime.sleep(600)"
    for name, wait, serves in (("server", 0, True), ("user", 0.5, False)):
        handler = f"signal.signal(signal.SIGTERM, {end.format(wait=wait, name=name)})"
        script = note + handler + ready.format(path=str(tmp_path / name))
        tree.start(make_spec(name, script, serves_others=serves))
    wait_for(lambda: (tmp_path / "server").exists() and (tmp_path / "user").exists())
    tree.stop()
    assert (tmp_path / "order").read_text().split() == ["user", "server"]


def test_a_child_runs_only_while_its_file_is_there_and_again_when_it_changes(
    tree: ProcessTree, make_spec: MakeSpec, pids: Pids, wait_for: WaitFor, tmp_path: Path,
    is_alive: IsAlive,
) -> None:  # fmt: skip
    file = tmp_path / "demo.json"
    tree.start(make_spec("demo", needs_file=file))
    tree.supervise()
    assert not tree.is_running("demo")

    file.write_text("{}")
    wait_for(supervised(tree, lambda: pids("demo")))
    time.sleep(0.02)
    file.write_text("{ }")
    wait_for(supervised(tree, lambda: len(pids("demo")) == 2))
    assert not is_alive(pids("demo")[0])

    file.unlink()
    wait_for(supervised(tree, lambda: not is_alive(pids("demo")[1])))
    assert not tree.is_running("demo")


def test_run_until_returns_soon_after_a_signal(tree: ProcessTree, make_spec: MakeSpec) -> None:
    stop = StopRequest()
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        stop.install()
        tree.start(make_spec("one"))
        timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGTERM])
        timer.start()
        started = time.monotonic()
        tree.run_until(stop)
        assert time.monotonic() - started > 0.2
        timer.join()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def children_of(pid: int) -> list[int]:
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True)
    pairs = (line.split() for line in listing.stdout.splitlines())
    return [int(child) for child, parent in pairs if int(parent) == pid]
