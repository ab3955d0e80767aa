"""Moments at which something happens to a request: written down here, and carried out by a worker.

Whoever changes them has locked what asked, the session or the execution.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, exists, insert, select, update

from opensink_web import clock
from opensink_web.models import Deadline, DeadlineKind, db
from opensink_web.models.base import new_id
from opensink_web.models.transaction import rows_changed, run_prepared
from opensink_web.operations.slices import SLICE

EFFECT_AT_MOST = timedelta(minutes=2)
"""No decision that can be undone is ever this far from its effect, if the clock is right."""

# Built once, because building a statement costs more than running it.
_IS_MEANT = (
    Deadline.request_id == bindparam("of_request"),
    Deadline.kind == bindparam("of_kind", type_=Deadline.kind.type),
)
_ADD = insert(Deadline)
_MOVE = update(Deadline).where(*_IS_MEANT)
_DROP = delete(Deadline).where(*_IS_MEANT)
_IS_HELD = (
    Deadline.id == bindparam("of_deadline"),
    Deadline.lease_token == bindparam("lease_held"),
)
_GIVE_BACK = update(Deadline).where(*_IS_HELD)
_DROP_HELD = delete(Deadline).where(*_IS_HELD)


def set_deadline(
    request_id: UUID, workspace_id: UUID, kind: DeadlineKind, moment: datetime
) -> None:
    """Have something happen to a request at a moment, in place of an earlier word on that."""
    meant = {"of_request": request_id, "of_kind": kind}
    # a worker that holds it loses it: what it was taken for is not meant any more
    moved = {"next_at": moment, "lease_token": None, "lease_until": None, "recovery_count": 0}
    if run_prepared(_MOVE, {**meant, **moved}).rowcount:
        return
    row = {"id": new_id(), "workspace_id": workspace_id, "request_id": request_id, "kind": kind}
    run_prepared(_ADD, {**row, "next_at": moment, "recovery_count": 0})


def drop_deadline(request_id: UUID, kind: DeadlineKind) -> None:
    """Let it not happen."""
    run_prepared(_DROP, {"of_request": request_id, "of_kind": kind})


def postpone_deadline(
    deadline_id: UUID, lease_token: str, moment: datetime, failure_count: int
) -> None:
    """Give one back that could not be carried out; it is taken again at that moment."""
    meant = {"of_deadline": deadline_id, "lease_held": lease_token}
    later = {"next_at": moment, "recovery_count": failure_count}
    run_prepared(_GIVE_BACK, {**meant, **later, "lease_token": None, "lease_until": None})


def take_deadline(deadline_id: UUID, lease_token: str) -> bool:
    """Take a deadline off whoever holds it by this lease; return False if it was lost."""
    values = {"of_deadline": deadline_id, "lease_held": lease_token}
    return run_prepared(_DROP_HELD, values).rowcount == 1


def is_any_effect_too_late() -> bool:
    """Look whether the clock was put back since a decision was held."""
    return bool(db.session.scalar(select(exists(_too_late()))))


def bring_effects_forward() -> int:
    """Have a slice of such decisions take effect now; return how many.

    Undoing would be offered for as long as the clock was put back, and whoever asked would wait
    for as long. What expires goes by the clock on purpose: people set that moment.
    """
    # whoever holds one of them is just about to undo it, or to have it take effect
    meant = _too_late().limit(SLICE).with_for_update(skip_locked=True)
    freed = {"lease_token": None, "lease_until": None}
    # materialized, or PostgreSQL could lock more than it limits to
    ids = select(meant.cte().prefix_with("MATERIALIZED").c.id)
    return rows_changed(
        update(Deadline).where(Deadline.id.in_(ids)).values(next_at=clock.now(), **freed)
    )


def _too_late() -> Select[UUID]:
    return select(Deadline.id).where(
        Deadline.kind == DeadlineKind.EFFECT, Deadline.next_at > clock.now() + EFFECT_AT_MOST
    )
