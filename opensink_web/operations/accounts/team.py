"""Teams: making, changing and deleting them, and who is in them.

Locks are taken in this order: members by their ids, then the team; see operations/accounts/user.py.
"""

from collections.abc import Set
from typing import TypedDict
from uuid import UUID

from sqlalchemy import delete, select

from opensink_web import clock
from opensink_web.errors import Conflict, FieldError, InvalidInput, NotFound
from opensink_web.json_value import JSONObject
from opensink_web.lookalike import skeleton
from opensink_web.models import (
    AuditAction,
    Membership,
    SubjectKind,
    Team,
    TeamMember,
    Workspace,
    db,
)
from opensink_web.operations.accounts.assigned import note_dissolved
from opensink_web.operations.audit.record import changes_between, record
from opensink_web.operations.name import check_letters, in_one_line, one_like

NAME_LENGTH_MAX = 64
MEMBERS_MAX = 1000


class TeamChanges(TypedDict, total=False):
    """What of a team to change; `user_ids` are all who are in it from then on."""

    name: str
    description: str
    user_ids: Set[UUID]


def create_team(
    workspace: Workspace, *, name: str, description: str, user_ids: Set[UUID] = frozenset()
) -> Team:
    """Make a team of members. Raises: InvalidInput; Conflict for a name like another's."""
    _lock_members(workspace, user_ids)
    team = Team(workspace_id=workspace.id, description=description.strip())
    _rename(team, name)
    db.session.add(team)
    db.session.flush()
    _set_members(team, user_ids)
    _note(AuditAction.TEAM_CREATED, team, _said_of(team))
    return team


def update_team(workspace: Workspace, team_id: UUID, changes: TeamChanges) -> Team:
    """Change a team. Raises: NotFound; InvalidInput; Conflict for a name like another's."""
    if "user_ids" in changes:
        _lock_members(workspace, changes["user_ids"])
    team = _find_locked(workspace, team_id)
    before = _said_of(team)
    if "name" in changes:
        _rename(team, changes["name"])
    if "description" in changes:
        team.description = changes["description"].strip()
    if "user_ids" in changes:
        _set_members(team, changes["user_ids"])
    team.updated_at = clock.now()
    changed: JSONObject = {"changes": changes_between(before, _said_of(team))}
    _note(AuditAction.TEAM_CHANGED, team, {"team": team.name, **changed})
    return team


def delete_team(workspace: Workspace, team_id: UUID) -> str:
    """Delete a team; return its name. Raises: NotFound."""
    team = _find_locked(workspace, team_id)
    _note(AuditAction.TEAM_DELETED, team, {"team": team.name})
    note_dissolved(team)
    db.session.delete(team)
    return team.name


def _said_of(team: Team) -> JSONObject:
    """Return what the audit says of a team; who is in it by their ids, which tell nobody a name."""
    in_it = select(TeamMember.user_id).where(TeamMember.team_id == team.id)
    return {
        "team": team.name,
        "description": team.description,
        "members": [*sorted(str(each) for each in db.session.scalars(in_it))],
    }


def _note(action: AuditAction, team: Team, details: JSONObject) -> None:
    record(action, team.workspace_id, SubjectKind.TEAM, team.id, details)


def _rename(team: Team, name: str) -> None:
    """Raises: InvalidInput; Conflict."""
    name = in_one_line(name, NAME_LENGTH_MAX)
    of_workspace = Workspace.id == team.workspace_id
    # of two names that look alike in the same moment one is refused
    db.session.execute(select(Workspace.id).where(of_workspace).with_for_update(key_share=True))
    others = select(Team.name).where(Team.workspace_id == team.workspace_id, Team.id != team.id)
    other = one_like(name, db.session.scalars(others))
    if other is not None:
        raise Conflict(
            "A team with this name already exists."
            if other == name
            else f"This name looks like that of the team {other}. Choose another."
        )
    check_letters(name)
    team.name, team.look = name, skeleton(name.casefold())


def _lock_members(workspace: Workspace, user_ids: Set[UUID]) -> None:
    """Keep members from leaving until the transaction ends. Raises: InvalidInput."""
    query = (
        select(Membership.user_id)
        .where(Membership.workspace_id == workspace.id, Membership.user_id.in_(user_ids))
        .order_by(Membership.user_id)
        .with_for_update(read=True, key_share=True)
    )
    if len(db.session.scalars(query).all()) < len(user_ids):
        message = "Only members of the workspace can be in a team."
        raise InvalidInput(message, errors=(FieldError("/members", message),))


def _set_members(team: Team, user_ids: Set[UUID]) -> None:
    of_team = TeamMember.team_id == team.id
    before = set(db.session.scalars(select(TeamMember.user_id).where(of_team)))
    db.session.execute(delete(TeamMember).where(of_team, TeamMember.user_id.in_(before - user_ids)))
    db.session.add_all(
        TeamMember(team_id=team.id, user_id=user_id, workspace_id=team.workspace_id)
        for user_id in sorted(user_ids - before)
    )
    db.session.flush()
    db.session.expire(team, ["members"])


def _find_locked(workspace: Workspace, team_id: UUID) -> Team:
    query = (
        select(Team)
        .where(Team.workspace_id == workspace.id, Team.id == team_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    team = db.session.scalars(query).one_or_none()
    if team is None:
        raise NotFound("There is no such team.")
    return team
