"""A command that dies, or is frozen, at one named step. For tests alone: the package knows nothing.

The step's function is wrapped in this process before the command runs; reaching the step sends
this process SIGKILL (or SIGSTOP, where the name begins with `freeze`).
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from opensink_web import cli
from opensink_web.models import transaction
from opensink_web.operations.decisions import decision
from opensink_web.operations.executions import batch_submission, staging
from opensink_web.outbound.client import Client
from opensink_web.outbound.connection import BoundedSocket
from opensink_web.work import deadlines, deliveries, dispatcher, executions, sweeper
from opensink_web.work.callbacks import Callbacks
from opensink_web.work.pool import WorkerPool

Function = Callable[..., Any]
_WRITING = "writing"
_FINISH = "finish_executions"
_EFFECTS = "finish_deadlines"
_ACCEPT = "accept"


def main(arguments: Sequence[str]) -> None:
    """Arguments: the step's name, then those of the command."""
    point, *command = arguments
    POINTS[point]()
    cli.main(command)


def impatient_main(arguments: Sequence[str]) -> None:
    """Run the command, which gives up waiting for locks sooner."""
    main(("impatient", *arguments))


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _freeze() -> None:
    # to this thread: were it for the process, another might take it, and this one go on meanwhile
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def _before(owner: Any, name: str, act: Function = _die) -> Callable[[], None]:
    """Return what makes the function act instead of beginning."""
    return lambda: setattr(owner, name, act)


def _after(owner: Any, name: str, act: Function = _die) -> Callable[[], None]:
    """Return what makes the function act when it is done and has something to return."""

    def install() -> None:
        original: Function = getattr(owner, name)

        def wrapped(*arguments: object, **named: object) -> object:
            result = original(*arguments, **named)
            if result is not None:
                act()
            return result

        setattr(owner, name, wrapped)

    return install


def _after_commit(module: Any, note_at: Callable[[Function], None]) -> Callable[[], None]:
    """Return what makes a module's transaction act after its commit, if a step was in it."""

    def install() -> None:
        is_noted = False

        def note() -> None:
            nonlocal is_noted
            is_noted = True

        original: Function = getattr(module, _WRITING)

        @contextmanager
        def writing() -> Iterator[None]:
            with original():
                yield
            if is_noted:
                _die()

        note_at(note)
        setattr(module, _WRITING, writing)

    return install


def _at_finish(act: Function) -> None:
    _after(deliveries, "finish_deliveries", act)()


def _when_written(module: Any, name: str) -> Callable[..., None]:
    """Return what makes a step that returns nothing act when it is done, before the commit."""

    def install(act: Function = _die) -> None:
        original: Function = getattr(module, name)

        def finish(settled: Sequence[object]) -> None:
            original(settled)
            if settled:
                act()

        setattr(module, name, finish)

    return install


_at_outcomes = _when_written(executions, _FINISH)
_at_effects = _when_written(deadlines, _EFFECTS)


def _in_a_batch(slices: int) -> Callable[[], None]:
    """Return what makes a batch of some hundred be written in slices, and acts after some."""

    def install() -> None:
        staging.ROWS_AT_ONCE = staging._FIRST_SLICE = 50
        original, left = staging._Pace.keep, slices

        def keep(self: staging._Pace, seconds: float) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                _die()
            original(self, seconds)

        staging._Pace.keep = keep  # type: ignore[method-assign]  # in this process alone

    return install


def _before_accepting() -> None:
    _in_a_batch(-1)()
    setattr(batch_submission, _ACCEPT, _die)


def _after_notifying() -> None:
    original = transaction._notify

    def notify(wakeups: list[transaction.Wakeup]) -> None:
        original(wakeups)
        if wakeups:
            _die()

    transaction._notify = notify


def _before_notifying() -> None:
    def notify(wakeups: list[transaction.Wakeup]) -> None:
        if wakeups:
            _die()

    transaction._notify = notify


POINTS: dict[str, Callable[[], None]] = {
    # a worker
    "before the claim's commit": _after(deliveries, "begin_attempts"),
    "before the call": _before(Client, "send"),
    "before the reply is read": _before(BoundedSocket, "recv_into"),
    "before finish's transaction": _after(Client, "send"),
    "before finish's commit": _after(deliveries, "finish_deliveries"),
    "after finish's commit": _after_commit(dispatcher, _at_finish),
    "freeze before finish's transaction": _after(Client, "send", _freeze),
    "after the group's claim": _before(WorkerPool, "submit"),
    "before the outcomes' commit": _at_outcomes,
    "after the outcomes' commit": _after_commit(dispatcher, _at_outcomes),
    "before the effects": _before(deadlines, _EFFECTS),
    "before the effects' commit": _at_effects,
    "after the effects' commit": _after_commit(dispatcher, _at_effects),
    "after a callback": _after(Callbacks, "carry_out"),
    "renews often": lambda: setattr(dispatcher, "RENEWAL_SECONDS", 0.2),
    # a web server
    "before the answer's commit": _after(decision, "resolve"),
    "before the wake-up": _before_notifying,
    "before the answer is sent": _after_notifying,
    "between two slices of a batch": _in_a_batch(2),
    "before a batch is accepted": _before_accepting,
    # any part: nobody waits for a lock longer than this
    "impatient": lambda: setattr(transaction, "_LOCKED_SECONDS", 1),
    # a sweeper
    "before the sweeper's wake-up": _before(sweeper, "send"),
}
