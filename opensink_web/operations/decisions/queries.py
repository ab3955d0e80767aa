"""Decisions on many requests, read: what became of each."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from opensink_web import clock
from opensink_web.errors import NotFound
from opensink_web.models import BulkDecision, Workspace, db


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one of them: decided, or `refusal` says why it was not."""

    request_id: UUID
    refusal: str | None = None

    @property
    def is_decided(self) -> bool:
        """Return True if the decision is stored."""
        return self.refusal is None


def find_results(workspace: Workspace, bulk_id: UUID) -> tuple[BulkDecision, list[RowResult]]:
    """Return who decided and what became of each. Raises: NotFound, also after a day."""
    query = select(BulkDecision).where(
        BulkDecision.id == bulk_id,
        BulkDecision.workspace_id == workspace.id,
        BulkDecision.expires_at > clock.now(),
    )
    kept = db.session.scalars(query).one_or_none()
    if kept is None:
        raise NotFound("What became of these requests is shown for a day, and here no more.")
    return kept, [RowResult(UUID(each), why) for each, why in kept.refusals.items()]
