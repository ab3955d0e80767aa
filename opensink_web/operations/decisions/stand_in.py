"""In whose place somebody decides: of what is assigned to a member who is away, and not to them."""

from sqlalchemy import bindparam, select

from opensink_web.models import Assignment, TeamMember, User, db
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.accounts.deputy import stands_for
from opensink_web.operations.decisions.asker import LockedRequest

# Built once, because building a statement costs more than running it.
_ASSIGNED = select(Assignment.user_id, Assignment.team_id).where(
    Assignment.request_id == bindparam("of_request")
)
_TEAMS = select(TeamMember.user_id, TeamMember.team_id).where(
    TeamMember.user_id.in_(bindparam("of_users", expanding=True)),
    TeamMember.workspace_id == bindparam("of_workspace"),
)


def in_whose_place(locked: LockedRequest, by: User) -> User | None:
    """Return who is away whose request this is, where `by` has it as their deputy alone."""
    if not locked.request.is_assigned:
        return None
    request = locked.request
    away = stands_for(request.workspace_id, by.id)
    if not away:
        return None
    assigned = run_prepared(_ASSIGNED, {"of_request": request.id}).all()
    values = {"of_users": [by.id, *away], "of_workspace": request.workspace_id}
    teams = {(row.user_id, row.team_id) for row in run_prepared(_TEAMS, values)}

    def has_it(user_id: object) -> bool:
        return any(row.user_id == user_id or (user_id, row.team_id) in teams for row in assigned)

    if has_it(by.id):
        return None
    away_id = next((each for each in away if has_it(each)), None)
    return None if away_id is None else db.session.get(User, away_id)
