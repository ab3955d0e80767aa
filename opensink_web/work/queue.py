"""The queue in the database: what is due in each concurrency group, and who has leased it.

It works on every table whose rows are `Leased` and that a registered kind names. A lease that has
not run out counts against its group's limit, whatever kind the row is of. Whoever takes leases
holds the lock of the group until the commit, so the limit is exact over all workers.

Locks are taken in this order, or two could wait for each other: batches (by id), executions (by
id), input requests, background jobs (by id), groups (by id). Rows of a group are not waited for:
those that others hold are left out.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Row,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)

from opensink_web import clock
from opensink_web.models import Execution, Leased, db
from opensink_web.models.leased import RECOVERIES_MAX
from opensink_web.models.transaction import run_prepared
from opensink_web.settings import Settings
from opensink_web.work.tools import Tools

LEASE = timedelta(seconds=30)
"""How long a lease lasts unless it is renewed; one that runs out had a worker that died."""

RENEWAL_SECONDS = 8.0

SET_ASIDE = timedelta(seconds=2)
"""How long what cannot be claimed waits before that is tried again."""

# Statements are built once, because building one costs more than running it.
GROUP = bindparam("of_group", type_=Execution.group_id.type)
MOMENT: BindParameter[datetime] = bindparam("moment", type_=Execution.next_at.type)
_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(cast(GROUP, Text), 1)))


class Claimed(Protocol):
    """The right to carry one row out, and to say how it went."""

    @property
    def id(self) -> UUID: ...
    @property
    def group_id(self) -> UUID: ...
    @property
    def lease_token(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How many calls may be in flight at once, over all workers: to an agent; else to a function,
    or to a callback's host.
    """

    calls_per_agent: int
    calls_per_function: int

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(settings.calls_per_agent, settings.calls_per_function)


ClaimT = TypeVar("ClaimT", bound=Claimed)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Claims(Generic[ClaimT]):
    """What was taken of a group; `has_more` where others may take what is due besides, and
    `needs_process` where each call takes a process.
    """

    taken: Sequence[ClaimT] = ()
    has_more: bool = False
    needs_process: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that are not done, and the expression that says how many rows of a group may be carried
    out at once.

    The condition is written out, as that of a partial index has to be: a database compares them
    before it knows the values.
    """

    is_open: ColumnElement[bool]
    limit_of: Callable[[ColumnElement[UUID]], ColumnElement[int]]


class Kind(Protocol[ClaimT, ResultT]):
    """A kind of work: a table, and what is done with its rows. All but `carry_out` runs within a
    transaction.
    """

    @property
    def model(self) -> type[Leased]: ...
    @property
    def sources(self) -> Sequence[Source]:
        """Where the sweeper looks for what is due."""
        ...

    @property
    def is_urgent(self) -> bool:
        """Return True if a part of each worker is kept free for it."""
        ...

    def shared_with(self, claim: ClaimT) -> Sequence[str]:
        """Return which other kinds have rows in the claim's group."""
        ...

    def claim(self, look: "Look") -> Claims[ClaimT]:
        """Take what is due in a group."""
        ...

    def carry_out(self, claim: ClaimT, tools: Tools) -> ResultT:
        """Do it, in a thread of its own."""
        ...

    def finish(self, settled: Sequence[tuple[ClaimT, ResultT]]) -> None:
        """Write down how it went, of those whose leases are still held."""
        ...

    def give_up(self, claim: ClaimT, reason: str) -> None:
        """End it for a reason that is ours: it could not be carried out, or not be stored."""
        ...

    def ended(self, row_id: UUID, reason: str) -> dict[str, object]:
        """Return what its row alone says when not even that can be done."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """A look at one group, whose lock is held: how many of its rows may be taken here.

    `counting` counts what is leased in the group, once something was found. `most` is for how many
    there are threads, `processes` for how many there are processes if each needs one; `here` is how
    many this worker carries out already, of which it takes its share, so that none is idle while
    another has taken everything.
    """

    group_id: UUID
    moment: datetime
    counting: Select[Any]
    most: int
    here: int = 0
    workers: int = 1
    processes: int | None = None

    def due(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        """Return the rows that have been due longest, one more than there are threads for."""
        values = {"of_group": self.group_id, "moment": self.moment, "most": self.most + 1}
        return run_prepared(statement, values).all()

    def cut(
        self, rows: Sequence[Row[Any]], limit: int, *, needs_process: bool = False
    ) -> tuple[Sequence[Row[Any]], bool]:
        """Return the rows that may be taken of a group with this limit; whether others may more."""
        if not rows:
            return [], False
        most = self.most
        if needs_process and self.processes is not None:
            most = min(most, self.processes)
        values = {"of_group": self.group_id, "moment": self.moment}
        free = max(limit - int(run_prepared(self.counting, values).scalar_one()), 0)
        share = -(-limit // self.workers) - self.here
        available = max(min(most, free, share), 0)
        return rows[:available], len(rows) > available and free > available

    def take(self, taking: "Taking", rows: Sequence[Row[Any]], **values: object) -> str:
        """Write a new lease, and values, into rows that are locked; return its token, which nobody
        can guess.
        """
        token = secrets.token_hex(16)
        values |= {"lease_token": token, "lease_until": clock.now() + LEASE, "moment": self.moment}
        if len(rows) == 1:
            run_prepared(taking.one, {"of_row": rows[0].id, **values})
        else:
            run_prepared(taking.several, {"of_rows": [row.id for row in rows], **values})
        return token


def is_due(model: type[Leased], is_open: ColumnElement[bool]) -> ColumnElement[bool]:
    """Somebody should do it, now. Takes `moment`."""
    is_free = or_(model.lease_until.is_(None), model.lease_until <= MOMENT)
    return and_(is_open, model.next_at <= MOMENT, is_free)


def oldest_due(model: type[Leased], is_open: ColumnElement[bool], *columns: Any) -> Select[Any]:
    """Select what has been due longest. Takes `of_group`, `moment` and `most`."""
    return (
        select(*columns)
        .where(model.group_id == GROUP, is_due(model, is_open))
        .order_by(model.next_at, model.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, key_share=True, of=model)
    )


@dataclass(frozen=True, slots=True)
class Taking:
    """What writes a lease into `of_row`, or into `of_rows`: a statement with a list costs more."""

    one: Update
    several: Update


def taking(model: type[Leased], **values: Any) -> Taking:
    """Build what writes a lease, and `values`, into rows; it counts whose lease was lost."""
    is_lost = case((model.lease_token.is_not(None), 1), else_=0)
    # counted here, because PostgreSQL checks every reference of a row that is updated twice
    writing = update(model).values(recovery_count=model.recovery_count + is_lost, **values)
    return Taking(
        writing.where(model.id == bindparam("of_row", type_=model.id.type)),
        writing.where(model.id.in_(bindparam("of_rows", expanding=True))),
    )


def lock_group(group_id: UUID) -> None:
    """Keep others from taking leases in a group; the last lock of a transaction."""
    # SQLite lets in one writer at a time anyway
    if db.session.get_bind().dialect.name == "postgresql":
        run_prepared(_LOCK, {"of_group": group_id})


@dataclass(frozen=True, slots=True)
class Waiting:
    """A group in which something of a kind is due, and a call may be made; with its oldest row."""

    kind: str
    group_id: UUID
    row_id: UUID


class Queue:
    """The rows of some kinds of work. Needs a transaction around each call."""

    def __init__(self, kinds: Mapping[str, Kind[Any, Any]]) -> None:
        models = [kind.model for kind in kinds.values()]
        self._in_flight = select(_in_flight(models, GROUP))
        self._groups = union_all(
            *(
                _groups_with_work(name, kind.model, source, models)
                for name, kind in kinds.items()
                for source in kind.sources
            )
        )
        self._renew = {name: _renewing(kind.model) for name, kind in kinds.items()}

    def claim(
        self,
        kind: Kind[ClaimT, Any],
        group_id: UUID,
        most: int,
        *,
        here: int = 0,
        workers: int = 1,
        processes: int | None = None,
    ) -> Claims[ClaimT]:
        """Take up to `most` rows of a group that are due, as its limit allows."""
        lock_group(group_id)
        moment = clock.now()
        return kind.claim(Look(group_id, moment, self._in_flight, most, here, workers, processes))

    def renew(self, kind: str, claims: Sequence[Claimed]) -> int:
        """Keep the leases that are still ours; return how many those are."""
        values = {
            "of_rows": [claim.id for claim in claims],
            "of_leases": list({claim.lease_token for claim in claims}),
            "lease_until": clock.now() + LEASE,
        }
        return run_prepared(self._renew[kind], values).rowcount

    def set_aside(self, kind: Kind[Any, Any], group_id: UUID, reason: str) -> None:
        """Let the oldest row that is due wait, which cannot be claimed; or end it, if it could not
        several times.
        """
        lock_group(group_id)
        model, moment = kind.model, clock.now()
        columns = (model.id, model.recovery_count)
        due = oldest_due(model, kind.sources[0].is_open, *columns)
        values = {"of_group": group_id, "moment": moment, "most": 1}
        row = run_prepared(due, values).one_or_none()
        if row is None:
            return
        if row.recovery_count >= RECOVERIES_MAX:
            self.change(kind, row.id, kind.ended(row.id, reason))
            return
        # a lease that was lost stays: who takes the row next writes down that it was
        aside = update(model).where(model.id == bindparam("of_row"))
        changed = {"recovery_count": row.recovery_count + 1, "next_at": moment + SET_ASIDE}
        run_prepared(aside, {"of_row": row.id, **changed})

    @staticmethod
    def change(kind: Kind[Any, Any], row_id: UUID, values: dict[str, object]) -> None:
        """Write this into a row, and free its lease."""
        statement = update(kind.model).where(kind.model.id == bindparam("of_row"))
        freed = {"lease_token": None, "lease_until": None}
        run_prepared(statement, {"of_row": row_id, **freed, **values})

    def groups_with_work(self) -> list[Waiting]:
        """Find all groups in which something is due and a call may be made; writes nothing."""
        rows = run_prepared(self._groups, {"moment": clock.now()}).all()
        return [Waiting(row.kind, row.group_id, row.row_id) for row in rows]


def _in_flight(models: Sequence[type[Leased]], group_id: ColumnElement[UUID]) -> ColumnElement[int]:
    """Count what is leased in a group over all kinds."""
    counts = [
        select(func.count())
        .select_from(model)
        .where(model.group_id == group_id, model.lease_until > MOMENT)
        .scalar_subquery()
        for model in models
    ]
    total: ColumnElement[int] = counts[0]
    for count in counts[1:]:
        total = total + count
    return total


def _renewing(model: type[Leased]) -> Update:
    # waits for nobody, so it needs no order: a row that somebody holds is renewed the next time
    held = select(model.id).where(
        model.id.in_(bindparam("of_rows", expanding=True)),
        model.lease_token.in_(bindparam("of_leases", expanding=True)),
    )
    return update(model).where(model.id.in_(held.with_for_update(skip_locked=True, key_share=True)))


def groups_of(model: type[Leased], is_open: ColumnElement[bool]) -> CTE:
    """Return the groups in which something is not done, by stepping through an index; the last is
    null.
    """
    first = select(model.group_id).where(is_open).order_by(model.group_id).limit(1)
    groups = select(first.scalar_subquery().label("group_id")).cte(recursive=True)
    following = first.where(model.group_id > groups.c.group_id).correlate(groups).scalar_subquery()
    return groups.union_all(select(following).where(groups.c.group_id.is_not(None)))


def _groups_with_work(
    name: str, model: type[Leased], source: Source, models: Sequence[type[Leased]]
) -> Select[Any]:
    """Select the groups of a kind that have something due and a free place, each with its oldest
    row. It steps through the groups in the index, not through their rows.
    """
    groups = groups_of(model, source.is_open)
    oldest = (
        select(model.id)
        .where(model.group_id == groups.c.group_id, is_due(model, source.is_open))
        .order_by(model.next_at, model.id)
        .limit(1)
        .correlate(groups)
        .scalar_subquery()
    )
    # materialized, or each database would look for the oldest of every group twice
    looked_at = (
        select(groups.c.group_id, oldest.label("row_id"))
        .where(groups.c.group_id.is_not(None))
        .cte()
        .prefix_with("MATERIALIZED")
    )
    return select(literal(name).label("kind"), looked_at.c.group_id, looked_at.c.row_id).where(
        looked_at.c.row_id.is_not(None),
        _in_flight(models, looked_at.c.group_id) < source.limit_of(looked_at.c.group_id),
    )
