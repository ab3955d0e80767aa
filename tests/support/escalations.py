"""Escalation chains, and the engine's part of them step by step. Within an app context."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import select

from opensink_web.models import Escalation, User, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.notifications.chain import ChainFields, create_chain
from opensink_web.operations.notifications.escalation import finish_escalations
from opensink_web.operations.notifications.plan import Plan, PlannedStep, Who, checked_plan
from opensink_web.work.chores import BEGINNING
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Kind, Limits, Queue
from tests.conftest import Person
from tests.support.audit import chain_all

OFFICE = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "09:00-17:00")
REMIND = PlannedStep(60, Who.ASSIGNEES)


def plan_for(
    *steps: PlannedStep, zone: str = "Europe/Berlin", holidays: Sequence[date] = (), **hours: str
) -> Plan:
    """Return a plan of office hours, unless others are said."""
    return checked_plan(zone, hours or OFFICE, holidays, steps or (REMIND,))


def make_chain(person: Person, plan: Plan, name: str = "Standard", **more: Any) -> UUID:
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        by = db.session.get_one(User, person.id)
        return create_chain(workspace, ChainFields(name, plan, **more), by=by).id


def begin_all() -> None:
    """Chain what happened, and begin what waits since, as the sweeper does."""
    chain_all()
    while BEGINNING[0].go_on():
        pass


@lru_cache
def _queue() -> tuple[dict[str, Kind[Any, Any]], Queue]:
    kinds = kinds_within(Limits(calls_per_agent=10, calls_per_function=10))
    return kinds, Queue(kinds)


def claim_due(workspace_id: UUID) -> list[Any]:
    """Take the steps that have come."""
    kinds, queue = _queue()
    with writing():
        return list(queue.claim(kinds["escalations"], workspace_id, 32).taken)


def do_due(workspace_id: UUID) -> int:
    """Carry out the steps that have come, one after the other; return how many."""
    count = 0
    while claims := claim_due(workspace_id):
        with writing():
            finish_escalations(claims)
        count += len(claims)
    return count


def escalation_of(request_id: UUID) -> Escalation | None:
    with reading():
        found = db.session.scalars(
            select(Escalation).where(Escalation.request_id == request_id)
        ).one_or_none()
        db.session.expunge_all()
    return found
