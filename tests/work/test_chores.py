"""Chores are done in turn, between one sweep and the next, as long as there is something to do."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.errors import Unavailable
from opensink_web.models import Activity, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import delete_agent
from opensink_web.operations.slices import SLICE
from opensink_web.settings import Settings
from opensink_web.work import sweeper
from opensink_web.work.chores import Chore, do_chores
from opensink_web.work.stop_signal import StopSignal
from opensink_web.work.sweeper import run_sweeper
from tests.conftest import Cast
from tests.support.executions import principal_of
from tests.support.many_rows import copy_row
from tests.support.scenarios import ENDPOINT, ask_in


class Slices:
    """Something of which there are so many slices, and what was done of all such."""

    def __init__(self, name: str, count: int, done: list[str]) -> None:
        self._name, self._left, self._done = name, count, done

    def chore(self) -> Chore:
        return Chore(lambda: self._left > 0, self._do_some)

    def _do_some(self) -> int:
        self._left -= 1
        self._done.append(self._name)
        return 1


@pytest.fixture
def done() -> list[str]:
    return []


def failing(error: Exception) -> Chore:
    def fail() -> int:
        raise error

    return Chore(lambda: True, fail)


def test_each_has_a_slice_done_in_turn(app: Flask, done: list[str]) -> None:
    chores = [Slices(name, count, done).chore() for name, count in (("a", 3), ("b", 1), ("c", 2))]
    with app.app_context():
        assert do_chores(chores) == []
    assert done == ["a", "b", "c", "a", "c", "a"]


@pytest.mark.usefixtures("on_each_database")
def test_there_is_room_for_others_where_one_writes_at_a_time(
    app: Flask, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("opensink_web.work.chores.time.sleep", pauses.append)
    with app.app_context():
        do_chores([Slices("a", 2, done).chore()])
        has_one_writer = db.engine.dialect.name == "sqlite"
    assert done == ["a", "a"]
    assert len(pauses) == (2 if has_one_writer else 0)


def test_those_that_may_have_more_to_do_are_told_when_the_time_is_over(
    app: Flask, done: list[str]
) -> None:
    chore = Slices("a", 2, done).chore()
    with app.app_context():
        assert do_chores([chore], seconds=0) == [chore]
        assert do_chores([chore]) == []
    assert done == ["a", "a"]


def test_one_that_fails_is_left_and_the_others_are_done(app: Flask, done: list[str]) -> None:
    errors: list[Exception] = []
    chores = [failing(ValueError("broken")), Slices("a", 2, done).chore()]
    with app.app_context():
        assert do_chores(chores, on_error=errors.append) == []
    assert done == ["a", "a"]
    assert [str(each) for each in errors] == ["broken"]


def test_a_signal_to_end_is_looked_at_between_two_slices(app: Flask, done: list[str]) -> None:
    def send_one() -> int:
        signal.raise_signal(signal.SIGTERM)
        return 1

    chores = [Slices("a", 3, done).chore(), Chore(lambda: True, send_one)]
    with app.app_context(), StopSignal() as stop:
        assert do_chores(chores, stop=stop) == chores
    assert done == ["a"]


def test_a_command_is_told_of_an_error(app: Flask) -> None:
    with app.app_context(), pytest.raises(ValueError, match="broken"):
        do_chores([failing(ValueError("broken"))])


Sweep = Callable[[], int]


@pytest.fixture
def sweep_once(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """Run the sweeper until it has swept once, and has done the chores of a long second."""
    monkeypatch.setattr(sweeper, "_SWEEP_EVERY_SECONDS", 600.0)
    sweeps: list[None] = []

    @contextmanager
    def context() -> Iterator[None]:
        with app.app_context():
            sweeps.append(None)
            try:
                yield
            finally:
                raise SystemExit

    def run() -> int:
        with pytest.raises(SystemExit):
            run_sweeper(settings, context)
        return len(sweeps)

    return run


@pytest.mark.server
def test_the_sweeper_goes_on_while_there_is_more_to_do(
    app: Flask, cast: Cast, sweep_once: Sweep
) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        with reading():
            first = db.session.scalars(select(Activity.id).limit(1)).one()
        copy_row(Activity, first, 40 * SLICE)
        with writing():
            delete_agent(principal_of(cast.alice).workspace, waiting.agent_id)
    assert sweep_once() == 1
    with app.app_context(), reading():
        assert db.session.scalar(select(func.count()).select_from(Activity.__table__)) == 0


@pytest.mark.server
def test_a_chore_that_fails_keeps_no_other_waiting(
    app: Flask,
    done: list[str],
    sweep_once: Sweep,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    chores = (failing(ValueError("broken")), Slices("a", 2, done).chore())
    monkeypatch.setattr(sweeper, "ALWAYS", chores)
    sweep_once()
    assert done == ["a", "a"]
    assert [each.message for each in caplog.records].count(
        "A chore failed and is tried again later"
    ) == 1


@pytest.mark.server
def test_without_a_database_the_others_are_not_tried(
    done: list[str], monkeypatch: pytest.MonkeyPatch, sweep_once: Sweep
) -> None:
    chores = (failing(Unavailable("away")), Slices("a", 2, done).chore())
    monkeypatch.setattr(sweeper, "ALWAYS", chores)
    sweep_once()
    assert done == []
