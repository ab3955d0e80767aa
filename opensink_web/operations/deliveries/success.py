"""How the calls to an agent went of late. Nothing is written here."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from opensink_web.models import Delivery, DeliveryStatus, db

LOOKED_AT_MAX = 100
"""So many of the newest calls are looked at."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """Of the newest calls that have ended, how many reached the agent; when the last one did, and
    the last one that failed. None where none of these has.
    """

    ended_count: int
    succeeded_count: int
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str | None

    @property
    def success_percent(self) -> int | None:
        """Return how many of a hundred reached it; no failure is rounded away."""
        return self.succeeded_count * 100 // self.ended_count if self.ended_count else None


def call_record_of(agent_id: UUID) -> CallRecord:
    """Look at the newest calls to an agent, in one query."""
    query = (
        select(Delivery.status, Delivery.finished_at, Delivery.error_message)
        .where(Delivery.agent_id == agent_id)
        .order_by(Delivery.id.desc())
        .limit(LOOKED_AT_MAX)
    )
    ended = [row for row in db.session.execute(query) if row.status is not DeliveryStatus.PENDING]
    successes = [row.finished_at for row in ended if row.status is DeliveryStatus.SUCCEEDED]
    failures = [row for row in ended if row.status is DeliveryStatus.FAILED]
    last = max(failures, key=lambda row: row.finished_at, default=None)
    return CallRecord(
        ended_count=len(ended),
        succeeded_count=len(successes),
        last_success_at=max(successes, default=None),
        last_failure_at=last.finished_at if last is not None else None,
        last_failure=last.error_message if last is not None else None,
    )
