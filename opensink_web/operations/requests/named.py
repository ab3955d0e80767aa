"""Requests as lists of something else name them: what was asked, and who decided.

Nothing is written here, and of a request nothing is read that is large.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased, joinedload, load_only, selectinload

from opensink_web.models import AgentSession, InputRequest, Workspace, db
from opensink_web.operations.requests.queries import WITH_GRANTER

_NAMED = select(InputRequest).options(
    load_only(
        InputRequest.workspace_id,
        InputRequest.session_id,
        InputRequest.kind,
        InputRequest.key,
        InputRequest.title,
        InputRequest.status,
        InputRequest.sealed_decline_reason,
        InputRequest.resolved_at,
        InputRequest.resolved_by_id,
        InputRequest.resolved_by_system,
        InputRequest.resolved_for_id,
        InputRequest.standing_approval_id,
    ),
    joinedload(InputRequest.resolved_by),
    selectinload(InputRequest.resolved_for),
    WITH_GRANTER,
)


def requests_named(workspace: Workspace, request_ids: Collection[UUID]) -> dict[UUID, InputRequest]:
    """Return requests by their ids, in one query."""
    if not request_ids:
        return {}
    query = _NAMED.where(
        InputRequest.id.in_(request_ids), InputRequest.workspace_id == workspace.id
    )
    return {each.id: each for each in db.session.scalars(query)}


def newest_of_sessions(
    workspace: Workspace, session_ids: Sequence[UUID]
) -> dict[UUID, InputRequest]:
    """Return what was asked last in each of these sessions, in one query."""
    if not session_ids:
        return {}
    # the end of each session in an index, however much is asked in it
    latest = aliased(InputRequest)
    newest = (
        select(latest.id)
        .where(latest.session_id == AgentSession.id)
        .order_by(latest.id.desc())
        .limit(1)
        .correlate(AgentSession)
        .scalar_subquery()
    )
    ids = select(newest).where(
        AgentSession.id.in_(session_ids), AgentSession.workspace_id == workspace.id
    )
    requests = db.session.scalars(_NAMED.where(InputRequest.id.in_(ids)))
    return {each.session_id: each for each in requests if each.session_id is not None}
