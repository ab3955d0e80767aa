"""What is somebody's own among what waits: assigned to them or to a team of theirs, or claimed.

While somebody is away, what is assigned to them is their deputy's own, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from opensink_web import clock
from opensink_web.models import (
    Assignment,
    Claim,
    InputRequest,
    InputRequestStatus,
    TeamMember,
    Workspace,
    db,
)
from opensink_web.operations.accounts.deputy import stands_for, unattended_in

# written out: an index of those alone that wait is used for no value that is bound
PENDING: ColumnElement[Any] = literal_column(f"'{InputRequestStatus.PENDING}'")
IS_WAITING: ColumnElement[bool] = InputRequest.status == PENDING


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


@dataclass(frozen=True, slots=True)
class Unassigned:
    """Keeps what waits and is assigned to nobody who is there; `away_ids` are not.

    What somebody has claimed is left out besides (listing.py).
    """

    workspace_id: UUID
    away_ids: Sequence[UUID]

    @property
    def ids(self) -> Select[Any]:
        """Find all of it."""
        row = aliased(InputRequest)  # another than of the query in which this stands
        free = select(row.id).where(
            row.workspace_id == self.workspace_id, row.status == PENDING, ~row.is_assigned
        )
        if not self.away_ids:
            return free
        return select(union_all(free, self._of_those_away).subquery().c.id)

    def are_in(self, request_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        """Look whether one request is, of which the query has the row."""
        if not self.away_ids:
            return ~InputRequest.is_assigned
        return or_(~InputRequest.is_assigned, request_id.in_(self._of_those_away))

    @property
    def _of_those_away(self) -> Select[Any]:
        """Find what is assigned to nobody but them."""
        other = aliased(Assignment)
        is_there = or_(other.user_id.is_(None), other.user_id.not_in(self.away_ids))
        of_others = select(other.id).where(other.request_id == Assignment.request_id, is_there)
        return (
            select(Assignment.request_id.label("id"))
            .where(
                Assignment.user_id.in_(self.away_ids),
                Assignment.workspace_id == self.workspace_id,
                Assignment.is_open.is_(True),
                ~of_others.correlate(Assignment).exists(),
            )
            .distinct()
        )


def unassigned_in(workspace: Workspace) -> Unassigned:
    """Return what keeps that which is nobody's."""
    return Unassigned(workspace.id, unattended_in(workspace.id))
