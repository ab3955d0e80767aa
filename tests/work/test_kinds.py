"""A kind of work of our own: a table, a class, a line in the registry, and the engine does it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import literal, literal_column, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from opensink_web import clock
from opensink_web.models import Base, Leased, db
from opensink_web.models.leased import RECOVERIES_MAX
from opensink_web.models.transaction import notify_after_commit, reading, writing
from opensink_web.settings import Settings
from opensink_web.work import kinds
from opensink_web.work.connection import announcing_connection
from opensink_web.work.queue import Claims, Limits, Look, Queue, Source, oldest_due, taking
from opensink_web.work.sweeper import Sweeper
from opensink_web.work.tools import Tools

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]

GROUP = uuid4()
LIMIT = 2


class OwnBase(DeclarativeBase):
    """Apart from our tables, which the migrations are compared with."""

    type_annotation_map = Base.registry.type_annotation_map


class Chime(Leased, OwnBase):
    """Something that is to ring."""

    __tablename__ = "chimes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str]


@dataclass(frozen=True)
class ChimeClaim:
    id: UUID
    group_id: UUID
    lease_token: str
    was_lost: bool


IS_OPEN = Chime.status == literal_column("'pending'")
COLUMNS = (Chime.id, Chime.group_id, Chime.lease_token)
DUE, TAKE = oldest_due(Chime, IS_OPEN, *COLUMNS), taking(Chime)
rung: list[UUID] = []
broken: set[UUID] = set()


class Chimes:
    """Each is rung."""

    model = Chime
    is_urgent = False
    sources = (Source(IS_OPEN, lambda _: literal(LIMIT)),)

    def __init__(self, limits: Limits) -> None:
        """Its limit is its own."""

    def shared_with(self, claim: ChimeClaim) -> Sequence[str]:
        return ()

    def claim(self, look: Look) -> Claims[ChimeClaim]:
        rows, has_more = look.cut(look.due(DUE), LIMIT)
        if broken & {row.id for row in rows}:
            raise ZeroDivisionError
        if not rows:
            return Claims(has_more=has_more)
        token = look.take(TAKE, rows)
        taken = [ChimeClaim(row.id, row.group_id, token, bool(row.lease_token)) for row in rows]
        return Claims(taken, has_more)

    def carry_out(self, claim: ChimeClaim, tools: Tools) -> str:
        rung.append(claim.id)
        return "recovered" if claim.was_lost else "rung"

    def finish(self, settled: Sequence[tuple[ChimeClaim, str]]) -> None:
        for claim, status in settled:
            held = (Chime.id == claim.id, Chime.lease_token == claim.lease_token)
            freed = {"lease_token": None, "lease_until": None}
            db.session.execute(update(Chime).where(*held).values(status=status, **freed))

    def give_up(self, claim: ChimeClaim, reason: str) -> None:
        self.finish([(claim, "failed")])

    def ended(self, row_id: UUID, reason: str) -> dict[str, object]:
        return {"status": reason}


@pytest.fixture(autouse=True)
def registered(
    app: Flask, environment: dict[str, str], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setitem(kinds.KINDS, "chimes", Chimes)
    rung.clear()
    broken.clear()
    with app.app_context():
        OwnBase.metadata.create_all(db.engine)
        yield


def ring(count: int = 1, **values: object) -> list[UUID]:
    """Write down what is to ring, and wake a worker for it."""
    ids = [uuid4() for _ in range(count)]
    common = {"status": "pending", "group_id": GROUP, "next_at": clock.now(), "recovery_count": 0}
    with writing():
        db.session.add_all(Chime(id=each, **common | values) for each in ids)
        notify_after_commit(Chime, GROUP)
    return ids


def statuses() -> list[str]:
    with reading():
        return list(db.session.scalars(select(Chime.status)))


def test_it_is_carried_out(work: Callable[[], None]) -> None:
    ids = ring(5)
    work()
    assert sorted(rung) == sorted(ids)
    assert statuses() == ["rung"] * 5


def test_what_a_lost_worker_held_is_recovered(work: Callable[[], None]) -> None:
    past = clock.now() - timedelta(seconds=1)
    ring(lease_token="gone", lease_until=past)
    work()
    assert statuses() == ["recovered"]


def test_it_is_limited(settings: Settings) -> None:
    ring(5)
    named = kinds.kinds_within(Limits.of(settings))
    queue = Queue(named)
    with writing():
        claims = queue.claim(named["chimes"], GROUP, 10)
    assert len(claims.taken) == LIMIT
    with writing():
        assert not queue.claim(named["chimes"], GROUP, 10).taken


def test_it_is_swept(settings: Settings) -> None:
    ring()
    sweeper = Sweeper(announcing_connection(settings.redis_url), settings)
    assert sweeper.sweep() == 1


def test_one_that_can_never_be_claimed_ends_with_its_reason_and_holds_up_nobody(
    work: Callable[[], None],
) -> None:
    (poisonous,) = ring(recovery_count=RECOVERIES_MAX)
    broken.add(poisonous)
    sound = ring(3)
    work()
    assert sorted(rung) == sorted(sound)
    ended = [each for each in statuses() if each != "rung"]
    assert len(ended) == 1
    assert "ZeroDivisionError" in ended[0]
