"""Requests that nobody need answer any more, because whoever asked has ended or is gone.

Nobody has decided, so none of them says who or what; the audit says of each why it waits no longer.
Those of a batch that is cancelled, which may be 100,000, have its one entry.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Row, bindparam, update

from opensink_web import clock
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    OPEN_STATUSES,
    AuditAction,
    InputRequest,
    InputRequestStatus,
    SubjectKind,
    db,
)
from opensink_web.models.transaction import changed_after_commit, run_prepared
from opensink_web.operations.audit.record import record
from opensink_web.operations.requests.input_request import UNDECIDED

# Built once, because building a statement costs more than running it.
_OF_EXECUTIONS: BindParameter[Sequence[UUID]] = bindparam("of_executions", expanding=True)
_IS_OPEN = InputRequest.status.in_(OPEN_STATUSES)
_CANCEL = (
    update(InputRequest)
    .where(_IS_OPEN)
    .values(
        status=InputRequestStatus.CANCELLED,
        # Decided is ordered by it, for nobody decided
        cancelled_at=bindparam("cancelled_at"),
        **UNDECIDED,
    )
)
_WHICH = (InputRequest.id, InputRequest.workspace_id)
_CANCEL_OF_SESSION = _CANCEL.where(InputRequest.session_id == bindparam("of_session")).returning(
    *_WHICH
)
_CANCEL_OF_EXECUTION = _CANCEL.where(
    InputRequest.execution_id == bindparam("of_execution")
).returning(*_WHICH)
_CANCEL_OF_EXECUTIONS = _CANCEL.where(InputRequest.execution_id.in_(_OF_EXECUTIONS))


def cancel_requests_of_session(session_id: UUID) -> None:
    """Take out of the inbox what a locked session has asked, because it ends."""
    values = {"of_session": session_id, "cancelled_at": clock.now()}
    cancelled = db.session.execute(_CANCEL_OF_SESSION, values)
    _note(cancelled.all(), "its session ended")


def cancel_requests_of_execution(execution_id: UUID) -> None:
    """Take out of the inbox what a locked execution has asked, because it ends."""
    values = {"of_execution": execution_id, "cancelled_at": clock.now()}
    _note(run_prepared(_CANCEL_OF_EXECUTION, values).all(), "its execution ended")


def cancel_requests_of_batch(execution_ids: Collection[UUID]) -> None:
    """Take out of the inbox what locked executions of a batch have asked, because it is cancelled.

    Its own entry in the audit says so of all of them, also of those whose turn comes later.
    """
    values = {"of_executions": list(execution_ids), "cancelled_at": clock.now()}
    run_prepared(_CANCEL_OF_EXECUTIONS, values)


def _note(cancelled: Sequence[Row[Any]] | Sequence[Row[UUID, UUID]], because: str) -> None:
    details: JSONObject = {"because": because}
    for row in cancelled:
        subject = (SubjectKind.REQUEST, row.id)
        record(AuditAction.REQUEST_CANCELLED, row.workspace_id, *subject, details)
        changed_after_commit(row.workspace_id)
