"""Whether a request is assigned to anybody, as its own row says: kept in step with the assignments.

These change one by one, and end with a membership or with a team, which is why this stands here.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, exists, or_, select, update

from opensink_web.models import Assignment, InputRequest, Membership, Team, db
from opensink_web.models.transaction import run_prepared

_OF_IT = exists().where(Assignment.request_id == InputRequest.id).correlate(InputRequest)
# Built once, because building a statement costs more than running it.
_NOTE = (
    update(InputRequest)
    .where(InputRequest.id == bindparam("of_request"))
    .values(is_assigned=_OF_IT)
)


def note_assigned(request_id: UUID) -> None:
    """Note of a request whether it is assigned to anybody now."""
    run_prepared(_NOTE, {"of_request": request_id})


def note_leaving(membership: Membership) -> None:
    """Note of what is assigned to a member that it will not be: the membership ends with this."""
    user_id, workspace_id = membership.user_id, membership.workspace_id
    # NULL of a team's is neither equal to the user nor not
    others = or_(Assignment.user_id.is_(None), Assignment.user_id != user_id)
    _note(Assignment.user_id == user_id, Assignment.workspace_id == workspace_id, others)


def note_dissolved(team: Team) -> None:
    """Note of what is assigned to a team that it will not be: the team is deleted with this."""
    others = or_(Assignment.team_id.is_(None), Assignment.team_id != team.id)
    _note(Assignment.team_id == team.id, Assignment.workspace_id == team.workspace_id, others)


def _note(
    is_theirs: ColumnElement[bool], is_here: ColumnElement[bool], is_others: ColumnElement[bool]
) -> None:
    theirs = select(Assignment.request_id).where(is_theirs, is_here, Assignment.is_open.is_(True))
    is_left = _OF_IT.where(is_others)
    change = update(InputRequest).where(InputRequest.id.in_(theirs)).values(is_assigned=is_left)
    db.session.execute(change, execution_options={"synchronize_session": False})
