"""To which trace of whoever asked a row belongs, so that what is called because of it does too."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.trace_context import STATE_LENGTH_MAX, TRACE_ID_LENGTH, TraceContext


class Traced:
    """W3C's trace, and the caller's span with its flags: null where none came with the call.

    None of it is secret; `trace_state` is what tracing systems have added, and is not looked at.
    """

    trace_id: Mapped[str | None] = mapped_column(String(TRACE_ID_LENGTH))
    trace_parent: Mapped[str | None] = mapped_column(String(19))
    trace_state: Mapped[str | None] = mapped_column(String(STATE_LENGTH_MAX))


def trace_of(row: Any) -> TraceContext | None:
    """Return the trace of a row that is Traced, or that has its columns."""
    if row.trace_id is None or row.trace_parent is None:
        return None
    parent_id, _, flags = row.trace_parent.partition("-")
    return TraceContext(row.trace_id, parent_id, flags, row.trace_state)


def trace_values(trace: TraceContext | None) -> dict[str, str | None]:
    """Return what the columns of a row say that is Traced."""
    if trace is None:
        return {"trace_id": None, "trace_parent": None, "trace_state": None}
    parent = f"{trace.parent_id}-{trace.flags}"
    return {"trace_id": trace.trace_id, "trace_parent": parent, "trace_state": trace.state}
