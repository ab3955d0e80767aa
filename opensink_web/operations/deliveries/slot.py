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
from opensink_web.models import Agent, AttemptTrigger, Delivery, DeliveryKind, db
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
    Agent.endpoint_unhealthy_since,
    Agent.endpoint_next_call_at,
    _COUNT.where(Delivery.lease_until > _MOMENT).scalar_subquery(),
    _COUNT.where(IS_DUE, Delivery.dispatched_at > _SINCE).scalar_subquery(),
    select(Delivery.id).where(Delivery.agent_id == _AGENT, IS_WAITING).exists(),
).where(Agent.id == _AGENT, Agent.deleted_at.is_(None))
_IS_EXEMPT = or_(Delivery.kind == DeliveryKind.TEST, Delivery.next_trigger == AttemptTrigger.MANUAL)
_OLDEST_WAITING = (
    select(Delivery.id, Delivery.dispatch_no)
    .where(Delivery.agent_id == _AGENT, IS_WAITING)
    .order_by(Delivery.next_at, Delivery.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_OLDEST_EXEMPT = _OLDEST_WAITING.where(_IS_EXEMPT)
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

    unhealthy_since: datetime | None
    next_call_at: datetime | None
    in_flight: int
    on_the_way: int
    is_awaited: bool

    def free(self, calls_per_agent: int) -> int:
        """Return for how many more calls there is room."""
        return max(calls_per_agent - self.in_flight - self.on_the_way, 0)

    def for_all(self, calls_per_agent: int) -> int:
        """Return how many of these are for any call: of an unhealthy endpoint one at a time."""
        if self.unhealthy_since is None:
            return self.free(calls_per_agent)
        is_paused = self.next_call_at is not None and self.next_call_at > clock.now()
        return 0 if is_paused or self.in_flight or self.on_the_way else 1


def lock_slots(agent_id: UUID) -> None:
    """Keep others from taking and freeing this agent's slots; the first lock of a transaction."""
    # SQLite lets in one writer at a time anyway
    if db.session.get_bind().dialect.name == "postgresql":
        run_prepared(_LOCK, {"of_agent": agent_id})


def lock_slots_for(delivery_id: UUID) -> None:
    """Lock the slots of a delivery's agent, as `lock_slots` does."""
    if db.session.get_bind().dialect.name == "postgresql":
        run_prepared(_LOCK_OF_DELIVERY, {"of_delivery": delivery_id})


def look_at_slots(agent_id: UUID) -> Slots | None:
    """Count an agent's slots; None if there is no such agent any more."""
    moment = clock.now()
    values = {"of_agent": agent_id, "moment": moment, "since": moment - ON_ITS_WAY}
    row = run_prepared(_LOOK, values).one_or_none()
    return Slots(*tuple(row)) if row is not None else None


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
    if slots is None or not slots.is_awaited:
        return []
    told: list[Announcement] = []
    if slots.unhealthy_since is not None:
        told = _dispatch_oldest(_OLDEST_EXEMPT, agent_id, slots.free(calls_per_agent))
    if not told:
        told = _dispatch_oldest(_OLDEST_WAITING, agent_id, slots.for_all(calls_per_agent))
    return told


def _dispatch_oldest(waiting: Select[UUID, int], agent_id: UUID, most: int) -> list[Announcement]:
    if not most:
        return []
    moment = clock.now()
    rows = run_prepared(waiting, {"of_agent": agent_id, "moment": moment, "most": most})
    return [_dispatch(row.id, row.dispatch_no, moment) for row in rows.all()]


def _dispatch(delivery_id: UUID, dispatch_no: int, moment: datetime) -> Announcement:
    values = {"dispatch_no": dispatch_no + 1, "dispatched_at": moment}
    found = {"of_delivery": delivery_id, "dispatch_no_read": dispatch_no}
    run_prepared(_DISPATCH, {**found, **values})
    return Announcement(delivery_id, dispatch_no + 1)
