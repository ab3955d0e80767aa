"""Lanes: what is due in each, how many of it may be worked on at once, who has taken it.

For every table whose rows are `Leased`. A lease that has not run out is a slot taken. Whoever takes
slots holds the lock of the lane until the commit, so the limit is exact.

Locks are taken in this order, or two could wait for each other: batches (by id), executions (by
id), input requests, a lane. Rows of a lane are not waited for: those that others hold are left out.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    update,
)

from opensink_web import clock
from opensink_web.models import Callback, Execution, LaneWork, db
from opensink_web.models.transaction import run_prepared

LEASE = timedelta(seconds=30)
"""How long a lease lasts unless it is renewed; one that runs out had a worker that died."""

RENEWAL_SECONDS = 8.0
RECOVERIES_MAX = 3

_LANE = bindparam("of_lane", type_=Execution.lane_id.type)
_MOMENT: BindParameter[datetime] = bindparam("moment", type_=Execution.next_at.type)
_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(cast(_LANE, Text), 1)))


def _table_of(work: LaneWork) -> type[Execution] | type[Callback]:
    match work:
        case LaneWork.EXECUTIONS:
            return Execution
        case LaneWork.CALLBACKS:
            return Callback
        case _:
            assert_never(work)


def _is_open(work: LaneWork) -> ColumnElement[bool]:
    """It is not done. Conditions of partial indexes are written out: a database compares them with
    the index before it knows the values.
    """
    match work:
        case LaneWork.EXECUTIONS:
            return Execution.status.in_([literal_column("'queued'"), literal_column("'running'")])
        case LaneWork.CALLBACKS:
            return Callback.status == literal_column("'pending'")
        case _:
            assert_never(work)


_IS_OPEN = {work: _is_open(work) for work in LaneWork}
_TABLES = {work: _table_of(work) for work in LaneWork}


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on some rows of a lane, and to say how it went."""

    token: str
    until: datetime


def new_lease() -> Lease:
    """Make a lease that nobody can guess, to be written into the rows that are taken."""
    return Lease(secrets.token_hex(16), clock.now() + LEASE)


def is_due(work: LaneWork) -> ColumnElement[bool]:
    """Somebody should do it, now. Takes `moment`."""
    table = _TABLES[work]
    is_free = or_(table.lease_until.is_(None), table.lease_until <= _MOMENT)
    return and_(_IS_OPEN[work], table.next_at <= _MOMENT, is_free)


def oldest_due(work: LaneWork, *columns: Any) -> Select[Any]:
    """Select what has been due longest. Takes `of_lane`, `moment` and `most`."""
    table = _TABLES[work]
    return (
        select(*columns)
        .where(table.lane_id == _LANE, is_due(work))
        .order_by(table.next_at, table.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, key_share=True, of=table)
    )


_IN_FLIGHT = {
    work: select(func.count())
    .select_from(table)
    .where(table.lane_id == _LANE, table.lease_until > _MOMENT)
    for work, table in _TABLES.items()
}
# waits for nobody, so it needs no order: a row that somebody holds is renewed the next time
_RENEW = {
    work: update(table).where(
        table.id.in_(
            select(table.id)
            .where(
                table.id.in_(bindparam("of_rows", expanding=True)),
                table.lease_token == bindparam("lease_held"),
            )
            .with_for_update(skip_locked=True, key_share=True)
        )
    )
    for work, table in _TABLES.items()
}
_OLDEST_ROW = {
    work: select(table.id)
    .where(table.lane_id == _LANE, is_due(work))
    .order_by(table.next_at, table.id)
    .limit(1)
    for work, table in _TABLES.items()
}


def _open_lanes(work: LaneWork) -> Select[UUID]:
    """Select the lanes that hold anything open, by a step in the index each: not by its rows."""
    table = _TABLES[work]
    first = select(table.lane_id).where(_IS_OPEN[work]).order_by(table.lane_id).limit(1)
    lanes = select(first.scalar_subquery().label("lane_id")).cte("lanes", recursive=True)
    following = first.where(table.lane_id > lanes.c.lane_id).correlate(lanes).scalar_subquery()
    lanes = lanes.union_all(select(following).where(lanes.c.lane_id.is_not(None)))
    return select(lanes.c.lane_id).where(lanes.c.lane_id.is_not(None))


_LANES = {work: _open_lanes(work) for work in LaneWork}


def lock_lane(lane_id: UUID) -> None:
    """Keep others from taking this lane's slots; the last lock of a transaction."""
    # SQLite lets in one writer at a time anyway
    if db.session.get_bind().dialect.name == "postgresql":
        run_prepared(_LOCK, {"of_lane": lane_id})


def slots_taken(work: LaneWork, lane_id: UUID) -> int:
    """Return how many of the lane are being worked on."""
    values = {"of_lane": lane_id, "moment": clock.now()}
    return int(run_prepared(_IN_FLIGHT[work], values).scalar_one())


def free_slots(work: LaneWork, lane_id: UUID, limit: int) -> int:
    """Return how many more of the lane may be worked on."""
    return max(limit - slots_taken(work, lane_id), 0)


def renew(work: LaneWork, row_ids: Sequence[UUID], token: str) -> int:
    """Keep the leases that are still ours; return how many those are."""
    values = {"of_rows": list(row_ids), "lease_held": token, "lease_until": new_lease().until}
    return run_prepared(_RENEW[work], values).rowcount


def lanes_with_work(work: LaneWork, limit: int) -> dict[UUID, UUID]:
    """Return the lanes in which something is due and a slot is free, each with its oldest row.

    Writes nothing.
    """
    lanes = run_prepared(_LANES[work], {}).scalars().all()
    oldest = {lane_id: _oldest_due_row(work, lane_id) for lane_id in lanes}
    return {
        lane_id: row_id
        for lane_id, row_id in oldest.items()
        if row_id is not None and free_slots(work, lane_id, limit)
    }


def _oldest_due_row(work: LaneWork, lane_id: UUID) -> UUID | None:
    values = {"of_lane": lane_id, "moment": clock.now()}
    return run_prepared(_OLDEST_ROW[work], values).scalar_one_or_none()
