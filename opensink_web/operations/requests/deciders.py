"""Who of those to whom something is assigned is there, and may decide at all."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from opensink_web.models import Membership, TeamMember, db
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.requests.assignment import Assignee


def people_of(workspace_id: UUID, assignees: Iterable[Assignee]) -> set[UUID]:
    """Return the members themselves and those of the teams, whoever they are."""
    assignees = [*assignees]
    user_ids = {each.user_id for each in assignees if each.user_id is not None}
    team_ids = {each.team_id for each in assignees if each.team_id is not None}
    if team_ids:
        query = select(TeamMember.user_id).where(
            TeamMember.team_id.in_(team_ids), TeamMember.workspace_id == workspace_id
        )
        user_ids |= set(db.session.scalars(query))
    return user_ids


def who_may_decide(workspace_id: UUID, user_ids: Collection[UUID] | None = None) -> set[UUID]:
    """Return who of these is an active member whose roles let them decide; None is for all."""
    query = (
        select(Membership)
        .where(Membership.workspace_id == workspace_id, Membership.deactivated_at.is_(None))
        .options(
            joinedload(Membership.user),
            joinedload(Membership.workspace),
            selectinload(Membership.custom_roles),
        )
    )
    if user_ids is not None:
        query = query.where(Membership.user_id.in_(user_ids))
    return {
        each.user_id
        for each in db.session.scalars(query)
        if each.is_active and Principal.of(each).may("agent_session_input_requests", Action.WRITE)
    }
