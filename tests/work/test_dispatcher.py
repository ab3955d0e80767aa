"""A dispatcher works its groups off: what comes meanwhile, what cannot be stored, what lasts."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import literal

from opensink_web.errors import Unavailable
from opensink_web.models import Callback
from opensink_web.models.transaction import Wakeup
from opensink_web.work import dispatcher as dispatcher_module
from opensink_web.work import relay
from opensink_web.work.capacity import Capacity
from opensink_web.work.dispatcher import Dispatcher
from opensink_web.work.queue import Claimed, Claims, Look, Queue, Source
from tests.support.real_servers import wait_until

GROUP = uuid4()


@dataclass(frozen=True)
class Task:
    """Something to do; `gate` is set when it may end."""

    group_id: UUID = GROUP
    gate: threading.Event = field(default_factory=threading.Event)
    id: UUID = field(default_factory=uuid4)
    lease_token: str = "token"


class Work:
    """A kind of work in memory, which refuses what it is told to."""

    model = Callback
    sources = (Source(Callback.status == "pending", lambda _: literal(100)),)
    is_urgent = False

    def __init__(self) -> None:
        self.due: list[Task] = []
        self.claimed: list[UUID] = []
        self.looked_at: list[UUID] = []
        self.finished: list[UUID] = []
        self.finished_together: list[Sequence[UUID]] = []
        self.given_up: list[UUID] = []
        self.refuses: Callable[[Sequence[UUID]], None] = lambda _: None
        self.breaks: set[UUID] = set()

    def shared_with(self, claim: Task) -> Sequence[str]:
        return ()

    def claim(self, look: Look) -> Claims[Task]:
        self.looked_at.append(look.group_id)
        due = [each for each in self.due if each.group_id == look.group_id]
        taken = due[: look.most]
        self.due = [each for each in self.due if each not in taken]
        self.claimed += [each.id for each in taken]
        return Claims(taken, len(due) > len(taken))

    def carry_out(self, claim: Task, tools: Any) -> str:
        assert claim.gate.wait(100)
        if claim.id in self.breaks:
            raise ZeroDivisionError
        return "done"

    def finish(self, settled: Sequence[tuple[Task, str]]) -> None:
        ids = [claim.id for claim, _ in settled]
        if ids:
            self.refuses(ids)
            self.finished_together.append(ids)
        self.finished += ids

    def ended(self, row_id: UUID, reason: str) -> dict[str, object]:
        return {}

    def give_up(self, claim: Task, reason: str) -> None:
        self.given_up.append(claim.id)

    def add(self, count: int = 1, *, is_long: bool = False, group_id: UUID = GROUP) -> list[Task]:
        made = [Task(group_id) for _ in range(count)]
        for each in made:
            if not is_long:
                each.gate.set()
        self.due += made
        return made


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def notified() -> list[UUID]:
    """The groups that others were woken for."""
    return []


@pytest.fixture
def dispatcher(app: Flask, work: Work, notified: list[UUID]) -> Iterator[Dispatcher]:
    tools: Any = None
    dispatcher = Dispatcher(
        {"work": work},
        tools,
        Capacity(calls=3, slow_calls=0),  # one of which is kept for what is urgent
        app.app_context,
        lambda wakeup: notified.append(wakeup.group_id),
    )
    dispatcher.start()
    yield dispatcher
    dispatcher.stop()
    dispatcher.join()


@pytest.fixture
def look(dispatcher: Dispatcher) -> Callable[[], None]:
    """Wake the worker for the group."""
    return lambda: dispatcher.wake(Wakeup("work", GROUP))


def test_new_work_does_not_wait_for_a_long_call(work: Work, look: Callable[[], None]) -> None:
    (long,) = work.add(is_long=True)
    look()
    wait_until(lambda: work.claimed)
    (short,) = work.add()
    look()
    wait_until(lambda: short.id in work.finished)
    assert long.id not in work.finished
    long.gate.set()
    wait_until(lambda: long.id in work.finished)


def test_what_was_lost_and_taken_again_may_end_twice(work: Work, look: Callable[[], None]) -> None:
    (lost,) = work.add(is_long=True)
    look()
    wait_until(lambda: work.claimed)
    again = Task(id=lost.id, lease_token="another")
    again.gate.set()
    work.due.append(again)
    look()
    wait_until(lambda: work.finished == [lost.id])
    lost.gate.set()
    wait_until(lambda: work.finished == [lost.id, lost.id])


def test_what_ends_at_the_same_time_is_written_down_together(
    work: Work, look: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher_module, "GATHER_SECONDS", 20)
    first, second = work.add(2, is_long=True)
    look()
    wait_until(lambda: len(work.claimed) == 2)
    first.gate.set()
    second.gate.set()
    wait_until(lambda: work.finished)
    assert set(work.finished_together[0]) == {first.id, second.id}


def test_a_worker_that_has_its_share_tells_others_of_new_work(
    work: Work, look: Callable[[], None], notified: list[UUID]
) -> None:
    running = work.add(2, is_long=True)
    look()
    wait_until(lambda: len(work.claimed) == 2)
    work.add()
    begun = time.monotonic()
    look()
    wait_until(lambda: notified)
    for _ in range(5):
        look()
    for each in running:
        each.gate.set()
    wait_until(lambda: len(work.finished) == 3)
    seconds = time.monotonic() - begun
    assert {*notified} == {GROUP}
    # once in a while, or two workers would tell each other without end
    assert len(notified) <= 1 + seconds / relay._AGAIN_SECONDS


def test_a_group_in_which_there_is_always_more_is_worked_off_without_end(
    work: Work, look: Callable[[], None]
) -> None:
    """As often as a wake-up comes while the last one is worked on."""
    left = 1500

    def more(_: object) -> None:
        nonlocal left
        if left:
            left -= 1
            work.add()
            look()

    work.refuses = more
    work.add()
    look()
    wait_until(lambda: len(work.finished) == 1501)


def test_a_result_that_cannot_be_stored_is_given_up_alone(
    work: Work, look: Callable[[], None]
) -> None:
    poisonous, sound = work.add(2)

    def refuse(ids: Sequence[UUID]) -> None:
        if poisonous.id in ids:
            raise ValueError("half a surrogate pair")

    work.refuses = refuse
    look()
    wait_until(lambda: work.finished and work.given_up)
    assert (work.finished, work.given_up) == ([sound.id], [poisonous.id])


def test_what_the_database_cannot_take_just_now_is_kept(
    work: Work, look: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also beside a result that it never takes."""
    monkeypatch.setattr(dispatcher_module, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(dispatcher_module, "RENEWAL_SECONDS", 1000.0)
    poisonous, sound = work.add(2)
    tries = 0

    def refuse(ids: Sequence[UUID]) -> None:
        nonlocal tries
        tries += 1
        if tries < 5:
            raise Unavailable("locked") if ids == [sound.id] else ValueError
        if poisonous.id in ids:
            raise ValueError

    work.refuses = refuse
    look()
    wait_until(lambda: work.finished)
    assert (work.finished, work.given_up) == ([sound.id], [poisonous.id])


def test_the_lease_of_what_could_not_be_stored_yet_is_kept(
    work: Work, look: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: set[UUID] = set()

    def renew(_queue: Queue, _kind: str, claims: Sequence[Claimed]) -> None:
        renewed.update(claim.id for claim in claims)

    monkeypatch.setattr(Queue, "renew", renew)
    monkeypatch.setattr(dispatcher_module, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(dispatcher_module, "RENEWAL_SECONDS", 0.05)
    (task,) = work.add()

    def refuse(_: object) -> None:
        if not renewed:
            raise Unavailable("locked")

    work.refuses = refuse
    look()
    wait_until(lambda: work.finished)
    assert renewed == {task.id}


def test_what_cannot_be_carried_out_is_given_up(work: Work, look: Callable[[], None]) -> None:
    (broken,) = work.add()
    work.breaks.add(broken.id)
    look()
    wait_until(lambda: work.given_up)
    assert (work.finished, work.given_up) == ([], [broken.id])


def test_no_more_is_claimed_than_there_are_threads_for(
    work: Work, look: Callable[[], None], dispatcher: Dispatcher
) -> None:
    running = work.add(2, is_long=True)
    look()
    wait_until(lambda: len(work.claimed) == 2)
    other = uuid4()
    (waiting,) = work.add(group_id=other)
    dispatcher.wake(Wakeup("work", other))
    for each in running[:1]:
        each.gate.set()
    wait_until(lambda: waiting.id in work.finished)
    assert work.looked_at[:2] == [GROUP, other] or work.looked_at[:3] == [GROUP, GROUP, other]
    running[1].gate.set()


def test_a_group_with_much_to_do_lets_another_have_its_turn(
    work: Work, look: Callable[[], None], dispatcher: Dispatcher
) -> None:
    work.add(200)
    other = uuid4()
    (waiting,) = work.add(group_id=other)
    look()
    dispatcher.wake(Wakeup("work", other))
    wait_until(lambda: len(work.finished) == 201)
    assert work.finished.index(waiting.id) < 20


def test_one_that_is_told_to_stop_ends_what_it_has_begun_and_takes_nothing_new(
    work: Work, look: Callable[[], None], dispatcher: Dispatcher
) -> None:
    (running, _) = work.add(1, is_long=True)[0], work.add(5)
    look()
    wait_until(lambda: running.id in work.claimed)
    dispatcher.stop()
    claimed = len(work.claimed)
    running.gate.set()
    dispatcher.join()
    assert running.id in work.finished
    assert len(work.claimed) <= claimed + 1


def test_what_comes_after_the_stop_is_for_others(
    notified: list[UUID], look: Callable[[], None], dispatcher: Dispatcher
) -> None:
    dispatcher.stop()
    look()
    dispatcher.join()
    assert notified == [GROUP]
    look()
    dispatcher.join()
    assert notified == [GROUP, GROUP]


def test_what_still_waits_at_the_stop_is_for_others(
    work: Work, notified: list[UUID], look: Callable[[], None], dispatcher: Dispatcher
) -> None:
    running = work.add(2, is_long=True)
    look()
    wait_until(lambda: len(work.claimed) == 2)
    other = uuid4()
    dispatcher.wake(Wakeup("work", other))
    dispatcher.stop()
    for each in running:
        each.gate.set()
    dispatcher.join()
    assert {*notified} == {other}, "twice where it was looked at before the stop, and had no room"
