"""Moments at which something happens to a request: written down here, and carried out by a worker.

Whoever changes them has locked what asked, the session or the execution.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, update

from opensink_web.models import Deadline, DeadlineKind
from opensink_web.models.base import new_id
from opensink_web.models.transaction import run_prepared

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
