"""What is somebody's own among what waits: assigned to them or to a team of theirs, or claimed.

While somebody is away, what is assigned to them is their deputy's own, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, or_, select, union_all

from opensink_web import clock
from opensink_web.models import Assignment, Claim, InputRequest, TeamMember, Workspace, db
from opensink_web.operations.accounts.deputy import stands_for, unattended_in


@dataclass(frozen=True, slots=True)
class Mine:
    """Keeps what is a member's own, as a tag keeps what has it (sieve.py).

    `user_ids` are they and those for whom they stand in, `team_ids` the teams of these.
    """

    workspace_id: UUID
    user_id: UUID
    user_ids: Sequence[UUID]
    team_ids: Sequence[UUID]

    @property
    def ids(self) -> Select[Any]:
        """Find all of it."""
        assigned = select(Assignment.request_id).where(Assignment.is_open.is_(True))
        parts = union_all(
            assigned.where(
                Assignment.user_id.in_(self.user_ids),
                Assignment.workspace_id == self.workspace_id,
            ),
            assigned.where(Assignment.team_id.in_(self.team_ids)),
            claimed_by(self.user_id),
        )
        return select(parts.subquery().c.request_id)

    def are_in(self, request_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        """Look whether one request is their own."""
        of_it = select(Assignment.request_id).where(
            Assignment.request_id == request_id,
            or_(Assignment.user_id.in_(self.user_ids), Assignment.team_id.in_(self.team_ids)),
        )
        claimed = claimed_by(self.user_id).where(Claim.request_id == request_id)
        return or_(
            of_it.correlate_except(Assignment).exists(), claimed.correlate_except(Claim).exists()
        )


def mine_in(workspace: Workspace, user_id: UUID) -> Mine:
    """Return what keeps somebody's own."""
    user_ids = (user_id, *stands_for(workspace.id, user_id))
    query = select(TeamMember.team_id).where(
        TeamMember.user_id.in_(user_ids), TeamMember.workspace_id == workspace.id
    )
    team_ids = tuple(dict.fromkeys(db.session.scalars(query)))
    return Mine(workspace.id, user_id, user_ids, team_ids)


def claimed_by(user_id: UUID) -> Select[Any]:
    """Find what somebody has taken on."""
    return select(Claim.request_id).where(Claim.user_id == user_id, Claim.lapses_at > clock.now())


def is_claimed() -> ColumnElement[bool]:
    """Look whether somebody has a request."""
    claim = select(Claim.request_id).where(
        Claim.request_id == InputRequest.id, Claim.lapses_at > clock.now()
    )
    return claim.correlate(InputRequest).exists()


def is_assigned(workspace: Workspace) -> ColumnElement[bool]:
    """Look whether a request is somebody's who is there, or a team's."""
    of_it = select(Assignment.id).where(Assignment.request_id == InputRequest.id)
    away = unattended_in(workspace.id)
    if away:
        is_there = or_(Assignment.user_id.is_(None), Assignment.user_id.not_in(away))
        of_it = of_it.where(is_there)
    return of_it.correlate(InputRequest).exists()
