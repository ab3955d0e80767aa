"""What became of many requests that were decided in one go, kept for a day to be looked at."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, delete, select

from opensink_web import clock
from opensink_web.models import BulkDecision, User, Workspace, db
from opensink_web.models.base import new_id
from opensink_web.models.transaction import rows_changed
from opensink_web.operations.decisions.queries import RowResult
from opensink_web.operations.slices import SLICE

LIFETIME = timedelta(hours=24)


def keep_results(workspace: Workspace, results: Sequence[RowResult], *, by: User) -> BulkDecision:
    """Keep what became of each request, in this order."""
    moment = clock.now()
    kept = BulkDecision(
        id=new_id(),
        workspace_id=workspace.id,
        decided_by_id=by.id,
        refusals={str(each.request_id): each.refusal for each in results},
        created_at=moment,
        expires_at=moment + LIFETIME,
    )
    db.session.add(kept)
    db.session.flush()
    return kept


def is_any_result_over() -> bool:
    """Return True if what is kept of a decision on many is shown no more. Writes nothing."""
    return db.session.scalars(_over().limit(1)).first() is not None


def forget_results() -> int:
    """Delete a slice of those that are shown no more; return how many."""
    return rows_changed(delete(BulkDecision).where(BulkDecision.id.in_(_over().limit(SLICE))))


def _over() -> Select[UUID]:
    return select(BulkDecision.id).where(BulkDecision.expires_at <= clock.now())
