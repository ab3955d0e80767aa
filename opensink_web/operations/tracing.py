"""To which trace belongs what is begun: W3C's, of the program that has called."""

from uuid import UUID

from sqlalchemy import select

from opensink_web.models import Execution, db
from opensink_web.models.traced import trace_of
from opensink_web.trace_context import TraceContext, current_trace

_COLUMNS = (Execution.trace_id, Execution.trace_parent, Execution.trace_state)


def trace_begun(execution_id: UUID | None) -> TraceContext | None:
    """Return the trace of the call, else that of the execution with whose token it was made."""
    trace = current_trace()
    if trace is not None or execution_id is None:
        return trace
    row = db.session.execute(select(*_COLUMNS).where(Execution.id == execution_id)).one_or_none()
    return None if row is None else trace_of(row)
