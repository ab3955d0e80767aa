"""Slots: how many calls to one agent's endpoint may be in flight at once, over all workers.

A lease that has not run out is a slot taken. What is due and finds no slot waits for one: it is a
row of which nobody has been told (`dispatched_at` is null). Whoever takes a slot or frees one holds
the lock of the agent's slots until the commit, so the limit is exact, and a slot that is freed is
handed over to what waits.

Locks are taken in this order, or two could wait for each other: an agent's slots, its sessions, the
agent, its deliveries. Where several deliveries change, those that others hold are left out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
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
from opensink_web.models import Delivery, db
from opensink_web.models.transaction import (
    Announcement,
    announce_after_commit,
    run_prepared,
)

ON_ITS_WAY = timedelta(seconds=5)
"""How long a worker may take to follow an announcement before its slot is given to another."""

_AGENT = bindparam("of_agent", type_=Delivery.agent_id.type)
_MOMENT: BindParameter[datetime] = bindparam("moment", type_=Delivery.next_at.type)
_SINCE: BindParameter[datetime] = bindparam("since", type_=Delivery.next_at.type)

# Built once, because building a statement costs more than running it. Conditions of partial
# indexes are written out: a database compares them with the index before it knows the values.
IS_PENDING: ColumnElement[bool] = Delivery.status == literal_column("'pending'")
IS_DUE = and_(
    IS_PENDING,
    Delivery.next_at <= _MOMENT,
    or_(Delivery.lease_until.is_(None), Delivery.lease_until <= _MOMENT),
)
"""Somebody should make the call. Takes `moment`."""

IS_WAITING = and_(IS_DUE, Delivery.dispatched_at.is_(None))
"""Due, and nobody has been told. Takes `moment`."""

_LOCK_KEY = func.hashtextextended(cast(Delivery.agent_id, Text), 0)
_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(cast(_AGENT, Text), 0)))
_LOCK_OF_DELIVERY = select(func.pg_advisory_xact_lock(_LOCK_KEY)).where(
    Delivery.id == bindparam("of_delivery")
)
_COUNT = select(func.count()).select_from(Delivery).where(Delivery.agent_id == _AGENT)
_LOOK = select(
    select(Delivery.id).where(Delivery.agent_id == _AGENT, IS_WAITING).exists(),
    _COUNT.where(Delivery.lease_until > _MOMENT).scalar_subquery(),
    _COUNT.where(IS_DUE, Delivery.dispatched_at > _SINCE).scalar_subquery(),
)
_OLDEST_WAITING = (
    select(Delivery.id, Delivery.dispatch_no)
    .where(Delivery.agent_id == _AGENT, IS_WAITING)
    .order_by(Delivery.next_at, Delivery.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_DISPATCH = update(Delivery).where(
    Delivery.id == bindparam("of_delivery"), Delivery.dispatch_no == bindparam("dispatch_no_read")
)
_ANNOUNCED = (
    select(Delivery.id)
    .where(Delivery.agent_id == _AGENT, IS_DUE, Delivery.dispatched_at.is_not(None))
    .with_for_update(skip_locked=True)
)
_KEEP_WAITING = update(Delivery).where(Delivery.id.in_(_ANNOUNCED)).values(dispatched_at=None)


@dataclass(frozen=True, slots=True)
class Slots:
    """An agent's slots: those taken, those that a worker is on its way to, and who waits."""

    in_flight: int
    on_the_way: int
    is_awaited: bool


def lock_slots(agent_id: UUID) -> None:
    """Keep others from taking and freeing this agent's slots; the first lock of a transaction."""
    # SQLite lets in one writer at a time anyway
    if db.session.get_bind().dialect.name == "postgresql":
        run_prepared(_LOCK, {"of_agent": agent_id})


def lock_slots_for(delivery_id: UUID) -> None:
    """Lock the slots of a delivery's agent, as `lock_slots` does."""
    if db.session.get_bind().dialect.name == "postgresql":
        run_prepared(_LOCK_OF_DELIVERY, {"of_delivery": delivery_id})


def look_at_slots(agent_id: UUID) -> Slots:
    """Count an agent's slots."""
    moment = clock.now()
    values = {"of_agent": agent_id, "moment": moment, "since": moment - ON_ITS_WAY}
    is_awaited, in_flight, on_the_way = tuple(run_prepared(_LOOK, values).one())
    return Slots(in_flight, on_the_way, is_awaited)


def keep_waiting(agent_id: UUID) -> None:
    """Take back what was announced of an agent that has no slot free: it is told again later."""
    run_prepared(_KEEP_WAITING, {"of_agent": agent_id, "moment": clock.now()})


def hand_over(agent_id: UUID, calls_per_agent: int) -> None:
    """Give the free slots to what has waited longest: it is announced after the commit."""
    for each in dispatch_waiting(agent_id, calls_per_agent):
        announce_after_commit(each.delivery_id, each.dispatch_no)


def dispatch_waiting(agent_id: UUID, calls_per_agent: int) -> list[Announcement]:
    """Give the free slots to what has waited longest; return what is to be announced."""
    slots = look_at_slots(agent_id)
    free = calls_per_agent - slots.in_flight - slots.on_the_way
    if not slots.is_awaited or free <= 0:
        return []
    moment = clock.now()
    values = {"of_agent": agent_id, "moment": moment, "most": free}
    return [
        _dispatch(row.id, row.dispatch_no, moment) for row in run_prepared(_OLDEST_WAITING, values)
    ]


def _dispatch(delivery_id: UUID, dispatch_no: int, moment: datetime) -> Announcement:
    values = {"dispatch_no": dispatch_no + 1, "dispatched_at": moment}
    found = {"of_delivery": delivery_id, "dispatch_no_read": dispatch_no}
    run_prepared(_DISPATCH, {**found, **values})
    return Announcement(delivery_id, dispatch_no + 1)
