"""Decisions, read: what became of each of many, and what was allowed again with which."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from opensink_web import clock
from opensink_web.errors import NotFound
from opensink_web.models import (
    BulkDecision,
    Execution,
    InputRequest,
    StandingApproval,
    Workspace,
    db,
)
from opensink_web.operations import page
from opensink_web.operations.requests.queries import WITH_GRANTER

_WITH_NAMES = (
    joinedload(StandingApproval.granted_by),
    joinedload(StandingApproval.revoked_by),
    joinedload(StandingApproval.agent),
    joinedload(StandingApproval.function),
)


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


def list_standing_approvals(
    workspace: Workspace, page_request: page.PageRequest
) -> page.Page[StandingApproval]:
    """Return what was allowed again in a workspace, the newest first, with who did and for whom."""
    query = select(StandingApproval).where(StandingApproval.workspace_id == workspace.id)
    return page.fetch(query.options(*_WITH_NAMES), StandingApproval.id, page_request)


def find_standing_approval(workspace: Workspace, approval_id: UUID) -> StandingApproval:
    """Raises: NotFound."""
    query = (
        select(StandingApproval)
        .where(StandingApproval.id == approval_id, StandingApproval.workspace_id == workspace.id)
        .options(*_WITH_NAMES)
    )
    approval = db.session.scalars(query).one_or_none()
    if approval is None:
        raise NotFound("There is no such standing approval.")
    return approval


def granted_with(request: InputRequest) -> Sequence[StandingApproval]:
    """Return what was allowed again with the decision on a request, the newest first."""
    query = (
        select(StandingApproval)
        .where(
            StandingApproval.from_request_id == request.id,
            StandingApproval.workspace_id == request.workspace_id,
        )
        .order_by(StandingApproval.id.desc())
        .options(*_WITH_NAMES)
    )
    return db.session.scalars(query).all()


def list_uses(
    approval: StandingApproval, page_request: page.PageRequest
) -> page.Page[InputRequest]:
    """Return what was approved by a standing approval, the newest first."""
    query = select(InputRequest).where(InputRequest.standing_approval_id == approval.id)
    return page.fetch(query, InputRequest.id, page_request)


def last_asked(request: InputRequest, most: int) -> Sequence[InputRequest]:
    """Return the last requests of the same agent or function and key, the newest first."""
    query = (
        select(InputRequest)
        .where(
            InputRequest.workspace_id == request.workspace_id,
            InputRequest.key == request.key,
        )
        .order_by(InputRequest.id.desc())
        .limit(most)
        .options(joinedload(InputRequest.resolved_by), WITH_GRANTER)
    )
    if request.agent_id is not None:
        return db.session.scalars(query.where(InputRequest.agent_id == request.agent_id)).all()
    function_id = request.execution.function_id if request.execution else None
    of_function = query.join(InputRequest.execution).where(Execution.function_id == function_id)
    return db.session.scalars(of_function).all() if function_id else []
