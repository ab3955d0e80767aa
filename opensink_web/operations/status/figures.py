"""How much waits in each workspace, and what has been counted: figures for whoever runs the server.

Nothing here has a word that somebody entered. What waits is counted by an index, in each workspace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text

from opensink_web.models import AuditAction, InputRequest, Workspace, db
from opensink_web.operations.counter import (
    CALLS,
    EVENTS,
    INFINITE,
    MESSAGES,
    SECONDS,
    SUM_MS,
    counts_of,
)
from opensink_web.operations.insights.outcome import CallOutcome

ENDINGS = {
    "answered": AuditAction.REQUEST_ANSWERED,
    "declined": AuditAction.REQUEST_DECLINED,
    "undone": AuditAction.DECISION_UNDONE,
    "standing_approval": AuditAction.STANDING_APPROVAL_USED,
    "expired": AuditAction.REQUEST_EXPIRED,
    "withdrawn": AuditAction.REQUEST_WITHDRAWN,
    "superseded": AuditAction.REQUEST_SUPERSEDED,
    "cancelled": AuditAction.REQUEST_CANCELLED,
}
"""By what became of requests; what was undone waits again, and was counted as a decision before."""
COUNTED_MAX = 10_000
"""Of what waits in a workspace, and of some else, no more is counted: that takes time."""
_WAITS = text("input_requests.status = 'pending'")  # as the indexes have it


@dataclass(frozen=True, slots=True)
class WaitingIn:
    """How many requests wait in a workspace, up to COUNTED_MAX, and since when the oldest does."""

    workspace_id: UUID
    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Calls:
    """How calls to agents ended in one way: how many took up to so many seconds; all; their sum."""

    up_to: Sequence[tuple[float, int]]
    count: int
    sum_seconds: float


def waiting_now() -> list[WaitingIn]:
    """Count what waits, workspace by workspace, in each up to COUNTED_MAX."""
    of_workspace = (InputRequest.workspace_id == Workspace.id, _WAITS)
    some = select(InputRequest.id).where(*of_workspace).limit(COUNTED_MAX)
    count = select(func.count()).select_from(some.correlate(Workspace).subquery())
    oldest = select(InputRequest.created_at).where(*of_workspace).order_by(InputRequest.id).limit(1)
    query = select(
        Workspace.id,
        count.scalar_subquery().label("size"),
        oldest.correlate(Workspace).scalar_subquery().label("oldest_at"),
    )
    # past the session, which would look into each row for what is deleted and goes in a moment
    rows = db.session.connection().execute(query).all()
    return [WaitingIn(row.id, row.size, row.oldest_at) for row in rows]


def requests_counted() -> tuple[int, Mapping[str, int]]:
    """Return how many requests were asked, and what became of them, since the server is there."""
    events = counts_of(EVENTS)
    ended = {word: events.get(action.value, 0) for word, action in ENDINGS.items()}
    return events.get(AuditAction.REQUEST_CREATED.value, 0), ended


def calls_counted() -> dict[str, Calls]:
    """Return how calls to agents ended, and how long they took."""
    counts = counts_of(CALLS)
    calls = {}
    for outcome in (each.name.lower() for each in CallOutcome):
        total, up_to = 0, []
        for seconds in SECONDS:
            total += counts.get(f"{outcome} {seconds}", 0)
            up_to.append((seconds, total))
        total += counts.get(f"{outcome} {INFINITE}", 0)
        calls[outcome] = Calls(up_to, total, counts.get(f"{outcome} {SUM_MS}", 0) / 1000)
    return calls


def messages_counted() -> list[tuple[str, str, int]]:
    """Return how messages to people ended: the kind of channel, how, and how many."""
    counts = []
    for label, amount in sorted(counts_of(MESSAGES).items()):
        kind, _, outcome = label.partition(" ")
        counts.append((kind, outcome, amount))
    return counts
