"""Steps of chains that have come: who is told then, for the worker that holds them.

Whoever carries one out locks the asker first, as whoever decides does: of a decision and a step at
the same moment the first one stands, and the other finds that nobody waits any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, select, update

from opensink_web import clock
from opensink_web.models import (
    Escalation,
    EscalationRevision,
    InputRequest,
    InputRequestStatus,
    db,
)
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.decisions.asker import lock_askers
from opensink_web.operations.decisions.holding import lock_asker_of
from opensink_web.operations.notifications.escalation_step import carry_out
from opensink_web.operations.notifications.plan import Plan, plan_of
from opensink_web.operations.notifications.working_time import after_working

COLUMNS = (
    Escalation.id,
    Escalation.workspace_id,
    Escalation.request_id,
    Escalation.recovery_count,
)
"""What is read of a step that has come."""
AGAIN = timedelta(seconds=5)
"""How long after a decision that is held it is looked whether it was undone; and how long one waits
that could not be carried out."""

# Built once, because building a statement costs more than running it.
_IS_HELD = (
    Escalation.id == bindparam("of_escalation"),
    Escalation.lease_token == bindparam("lease_held"),
)
_READ = (
    select(Escalation.step, Escalation.asked_at, EscalationRevision.plan)
    .join(EscalationRevision, EscalationRevision.id == Escalation.revision_id)
    .where(*_IS_HELD)
)
_MOVE = update(Escalation).where(*_IS_HELD)
_END = delete(Escalation).where(*_IS_HELD)


@dataclass(frozen=True, slots=True)
class EscalationClaim:
    """The right to carry a step out; `failure_count` is how often that failed."""

    id: UUID
    group_id: UUID
    lease_token: str
    request_id: UUID
    failure_count: int


def claims_of(rows: Sequence[Row[tuple[object, ...]]], lease_token: str) -> list[EscalationClaim]:
    """Read what it takes to carry out steps that were taken."""
    return [
        EscalationClaim(row.id, row.workspace_id, lease_token, row.request_id, row.recovery_count)
        for row in rows
    ]


def finish_escalations(claims: Sequence[EscalationClaim]) -> None:
    """Carry out the steps that are still held; the others are left alone."""
    lock_askers([claim.request_id for claim in claims])
    for claim in sorted(claims, key=lambda claim: claim.request_id):
        _go_on(claim)


def give_up_escalation(claim: EscalationClaim, reason: str) -> None:
    """Try one again later that could not be carried out: nobody is told less because of it."""
    later = clock.now() + AGAIN * (claim.failure_count + 1)
    _move(claim, next_at=later, recovery_count=min(claim.failure_count + 1, 100))


def _go_on(claim: EscalationClaim) -> None:
    row = run_prepared(_READ, _held(claim)).one_or_none()
    locked = None if row is None else lock_asker_of(claim.request_id)
    if row is None or locked is None:
        _end(claim)
        return
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, claim.request_id, populate_existing=True)
    if request.status is InputRequestStatus.HELD and request.held_until is not None:
        _move(claim, next_at=request.held_until + AGAIN)
        return
    if request.status is not InputRequestStatus.PENDING:
        _end(claim)
        return
    plan = plan_of(row.plan)
    due = _next_due(plan, row)
    if _end(claim) if due is None else _move(claim, next_at=due, step=row.step + 1):
        carry_out(replace(locked, request=request), plan.steps[row.step], row.step)


def _next_due(plan: Plan, row: Any) -> datetime | None:
    """Return when the step after this one is due, if there is one."""
    if row.step + 1 >= len(plan.steps):
        return None
    return after_working(plan.calendar, row.asked_at, plan.steps[row.step + 1].after_minutes)


def _held(claim: EscalationClaim) -> dict[str, object]:
    return {"of_escalation": claim.id, "lease_held": claim.lease_token}


def _move(claim: EscalationClaim, **values: object) -> bool:
    """Give a row back for a later moment; return False if it was lost."""
    freed = {"lease_token": None, "lease_until": None, "recovery_count": 0}
    return run_prepared(_MOVE, {**_held(claim), **freed, **values}).rowcount == 1


def _end(claim: EscalationClaim) -> bool:
    return run_prepared(_END, _held(claim)).rowcount == 1
