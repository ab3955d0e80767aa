"""A pump empties its lane: what comes meanwhile, what cannot be stored, what takes long."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from flask import Flask

from opensink_web.errors import Unavailable
from opensink_web.jobs import pump
from opensink_web.jobs.daemon_threads import DaemonThreads
from opensink_web.jobs.lane import Lanes, Line
from opensink_web.models import LaneWork
from opensink_web.operations.lane import RENEWAL_SECONDS
from tests.support.real_servers import wait_until

LANE = uuid4()


@dataclass(frozen=True)
class Task:
    """Something to do; `gate` is set when it may end."""

    gate: threading.Event = field(default_factory=threading.Event)
    id: UUID = field(default_factory=uuid4)
    lease_token: str = "token"


class Work:
    """A lane in memory, which refuses what it is told to."""

    def __init__(self) -> None:
        self.due: list[Task] = []
        self.claimed: list[UUID] = []
        self.finished: list[UUID] = []
        self.given_up: list[UUID] = []
        self.renewed: set[UUID] = set()
        self.refuses: Callable[[Sequence[UUID]], None] = lambda _: None

    def claim(self, lane_id: UUID, most: int) -> list[Task]:
        taken, self.due = self.due[:most], self.due[most:]
        self.claimed += [each.id for each in taken]
        return taken

    def carry_out(self, claim: Task) -> str:
        assert claim.gate.wait(20)
        return "done"

    def finish(self, settled: Sequence[tuple[Task, str]]) -> None:
        ids = [claim.id for claim, _ in settled]
        if ids:
            self.refuses(ids)
        self.finished += ids

    def give_up(self, claim: Task) -> None:
        self.given_up.append(claim.id)

    def renew(self, row_ids: Sequence[UUID], lease_token: str) -> None:
        self.renewed |= set(row_ids)

    def add(self, count: int = 1, *, is_long: bool = False) -> list[Task]:
        made = [Task() for _ in range(count)]
        for each in made:
            if not is_long:
                each.gate.set()
        self.due += made
        return made


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def told() -> list[UUID]:
    """The announcements that the lanes made themselves."""
    return []


@pytest.fixture
def lanes(work: Work, told: list[UUID]) -> Lanes:
    line = Line(work, width=2, threads=DaemonThreads(4, "test"))
    return Lanes(lambda _: line, lambda _, lane_id: told.append(lane_id))


@pytest.fixture
def look(app: Flask, lanes: Lanes) -> Iterator[Callable[[], object]]:
    """Have a worker look at the lane, as after an announcement."""
    with ThreadPoolExecutor(4) as threads:

        def run() -> None:
            with app.app_context():
                lanes.empty(LaneWork.EXECUTIONS, LANE)

        yield lambda: threads.submit(run)


def test_new_work_does_not_wait_for_a_long_call(work: Work, look: Callable[[], object]) -> None:
    (long,) = work.add(is_long=True)
    look()
    wait_until(lambda: work.claimed)
    (short,) = work.add()
    look()
    wait_until(lambda: short.id in work.finished)
    assert long.id not in work.finished
    long.gate.set()
    wait_until(lambda: long.id in work.finished)


def test_a_worker_that_has_its_share_tells_others_of_new_work(
    work: Work, look: Callable[[], object], told: list[UUID]
) -> None:
    running = work.add(2, is_long=True)
    look()
    wait_until(lambda: len(work.claimed) == 2 and told)
    told.clear()
    work.add()
    look()
    wait_until(lambda: told)
    for _ in range(5):
        look()
    for each in running:
        each.gate.set()
    wait_until(lambda: len(work.finished) == 3)
    assert told == [LANE], "once in a while, or two workers would tell each other without end"


def test_a_lane_in_which_there_is_always_more_is_worked_off_without_end(
    work: Work, look: Callable[[], object], lanes: Lanes
) -> None:
    """As often as an announcement comes while the last one is worked on."""
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
    wait_until(lambda: len(work.finished) == 1501, seconds=60)


def test_a_result_that_cannot_be_stored_is_given_up_alone(
    work: Work, look: Callable[[], object]
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
    work: Work, look: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also beside a result that it never takes."""
    monkeypatch.setattr(pump, "_AGAIN_SECONDS", 0.01)
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
    wait_until(lambda: work.finished, seconds=RENEWAL_SECONDS / 2)
    assert (work.finished, work.given_up) == ([sound.id], [poisonous.id])


def test_the_lease_of_what_could_not_be_stored_yet_is_kept(
    work: Work, look: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(pump, "RENEWAL_SECONDS", 0.05)
    (task,) = work.add()

    def refuse(_: object) -> None:
        if not work.renewed:
            raise Unavailable("locked")

    work.refuses = refuse
    look()
    wait_until(lambda: work.finished)
    assert work.renewed == {task.id}
