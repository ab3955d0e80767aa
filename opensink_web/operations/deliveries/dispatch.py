"""Finding the deliveries that nobody is working on although they are due: the sweeper's verbs.

Announcements to RQ may be lost. One that was not followed within a pause, which grows with each, is
taken back, and the delivery waits like those that nobody was told of yet. Of what waits each agent
gets as much announced as it has slots free: a thousand rows that wait for one agent cost a look.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, or_, select, true, update

from opensink_web import clock
from opensink_web.models import Agent, Delivery, db
from opensink_web.models.transaction import Announcement, run_prepared
from opensink_web.operations.deliveries.slot import (
    IS_PENDING,
    IS_WAITING,
    dispatch_waiting,
    look_at_slots,
)

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(seconds=60)
_PAUSES = [FIRST_PAUSE * 2**doublings for doublings in range(4)]


def is_anything_forgotten(calls_per_agent: int, *, all_again: bool = False) -> bool:
    """Tell whether there is something to take back or to dispatch. Writes nothing."""
    moment = clock.now()
    lost = select(Delivery.id).where(_is_lost(moment, all_again)).limit(1)
    if db.session.execute(lost).first() is not None:
        return True
    return any(_has_room(agent_id, calls_per_agent) for agent_id in _agents_that_wait(moment))


def take_back_lost(*, all_again: bool = False) -> list[UUID]:
    """Let wait what was announced in vain; return whose it is. Needs a transaction of its own.

    With `all_again` also what was announced only just now: Redis has forgotten it. PostgreSQL
    checks a row's foreign keys when one transaction updates it twice, and would then wait here for
    whoever has its session or agent locked, who may be waiting for the row.
    """
    is_lost = _is_lost(clock.now(), all_again)
    lost = select(Delivery.id).where(is_lost).with_for_update(skip_locked=True)
    take_back = update(Delivery).where(Delivery.id.in_(lost)).returning(Delivery.agent_id)
    return list(dict.fromkeys(run_prepared(take_back, {"dispatched_at": None}).scalars()))


def dispatch_forgotten(calls_per_agent: int, taken_back: Sequence[UUID] = ()) -> list[Announcement]:
    """Return what is to be announced, as much of each agent as may be called now, oldest first.

    `taken_back` is what take_back_lost() returned: the agents to look at though they are held back.
    """
    # of an agent that is held back only what a person asked for is announced
    return [
        announcement
        for agent_id in dict.fromkeys([*taken_back, *_agents_that_wait(clock.now())])
        for announcement in dispatch_waiting(agent_id, calls_per_agent)
    ]


def _is_lost(moment: datetime, all_again: bool) -> ColumnElement[bool]:
    """Announced, and nobody came; or called by a worker that is gone."""
    number = Delivery.dispatch_no
    latest = case(
        *((number == n, moment - pause) for n, pause in enumerate(_PAUSES)),
        else_=moment - LONGEST_PAUSE,
    )
    is_overdue = true() if all_again else Delivery.dispatched_at <= latest
    return and_(
        IS_PENDING,
        Delivery.dispatched_at.is_not(None),
        Delivery.next_at <= moment,
        or_(Delivery.lease_until.is_(None), Delivery.lease_until <= moment),
        # a lease that ran out is told of at once, and then like everything else
        or_(is_overdue, Delivery.dispatched_at <= Delivery.lease_until),
    )


def _agents_that_wait(moment: datetime) -> list[UUID]:
    """Return the agents that something waits for and that are not held back."""
    waiting = select(Delivery.agent_id).where(IS_WAITING)
    may_be_called = or_(
        Agent.endpoint_unhealthy_since.is_(None), Agent.endpoint_next_call_at <= moment
    )
    query = select(Agent.id).where(Agent.id.in_(waiting), may_be_called)
    return list(db.session.scalars(query, {"moment": moment}))


def _has_room(agent_id: UUID, calls_per_agent: int) -> bool:
    slots = look_at_slots(agent_id)
    return slots is not None and slots.for_all(calls_per_agent) > 0
