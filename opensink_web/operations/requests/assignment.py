"""Whose a request is: finding whom somebody means, and writing down to whom it is assigned.

An assignment says whose it is to decide, and forbids nobody else to. It ends with the membership or
the team; what is said of who gave it to whom is in the request's history.
"""

from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, false, insert, or_, select, update
from sqlalchemy.orm import joinedload

from opensink_web import clock
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONValue
from opensink_web.models import Assignment, InputRequest, Membership, Team, User, db
from opensink_web.models.base import new_id
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.accounts.assigned import note_assigned

ASSIGNEES_MAX = 20
"""Of one request."""
_ADD = insert(Assignment)
_CLOSE = (
    update(Assignment)
    .where(Assignment.request_id == bindparam("of_request"))
    .values(is_open=false())
)
_REMOVE = delete(Assignment).where(Assignment.id.in_(bindparam("of_assignments", expanding=True)))
WITH_NAMES = (
    joinedload(Assignment.user),
    joinedload(Assignment.team),
    joinedload(Assignment.assigned_by),
    joinedload(Assignment.delegated_from),
)


@dataclass(frozen=True, slots=True)
class Assignee:
    """A member or a team; who gave it to them, and whose it was before that one handed it on."""

    user_id: UUID | None = None
    team_id: UUID | None = None
    assigned_by_id: UUID | None = None
    delegated_from_id: UUID | None = None

    @classmethod
    def of(cls, assignment: Assignment) -> "Assignee":
        """Return to whom something is assigned, and by whom."""
        return cls(
            assignment.user_id,
            assignment.team_id,
            assignment.assigned_by_id,
            assignment.delegated_from_id,
        )

    @property
    def whom(self) -> tuple[UUID | None, UUID | None]:
        """The same for who is the same, whoever gave it to them."""
        return self.user_id, self.team_id


def assignees_named(workspace_id: UUID, named: Sequence[JSONValue]) -> tuple[Assignee, ...]:
    """Find members and teams as programs name them, each once: `{"team": …}` by id or name,
    `{"user": …}`, or a text alone, by id or e-mail address.

    Raises: InvalidInput, saying of each that cannot be found why.
    """
    results = _looked_up(workspace_id, named)
    errors = tuple(
        FieldError(f"/assignees/{index}", each)
        for index, each in enumerate(results)
        if isinstance(each, str)
    )
    if errors:
        message = "A request is assigned to active members and to teams of the workspace."
        raise InvalidInput(message, errors=errors)
    return tuple(dict.fromkeys(each for each in results if isinstance(each, Assignee)))


def those_there(workspace_id: UUID, named: JSONValue) -> tuple[tuple[Assignee, ...], list[str]]:
    """Find those of the members and teams that there are; return also the names of the others."""
    if not isinstance(named, list):
        return (), []
    results = _looked_up(workspace_id, named)
    missing = [
        _team_in(name) or _user_in(name)
        for name, each in zip(named, results, strict=True)
        if isinstance(each, str)
    ]
    return tuple(dict.fromkeys(each for each in results if isinstance(each, Assignee))), missing


def _looked_up(workspace_id: UUID, named: Sequence[JSONValue]) -> list[Assignee | str]:
    """Return who each is, or why there is nobody of that name."""
    teams = _teams_in(workspace_id) if any(map(_team_in, named)) else {}
    members = _members_in(workspace_id, {*map(_user_in, named)} - {""})
    results: list[Assignee | str] = []
    for each in named:
        if team := _team_in(each):
            team_id = teams.get(_name(team))
            results.append(Assignee(team_id=team_id) if team_id else "There is no such team.")
            continue
        member = members.get(_user_in(each))
        if member is None:
            results.append("There is no such member.")
        elif not member.is_active:
            results.append("This member is deactivated.")
        else:
            results.append(Assignee(user_id=member.user_id))
    return results


def rows_of_assignees(
    request_id: UUID, workspace_id: UUID, assignees: Iterable[Assignee]
) -> list[dict[str, Any]]:
    """Return what is inserted for those to whom a request is assigned."""
    return [
        {
            "id": new_id(),
            "created_at": clock.now(),
            "workspace_id": workspace_id,
            "request_id": request_id,
            "user_id": each.user_id,
            "team_id": each.team_id,
            "assigned_by_id": each.assigned_by_id,
            "delegated_from_id": each.delegated_from_id,
            "is_open": True,
        }
        for each in assignees
    ]


def those_left(workspace_id: UUID, assignees: Sequence[Assignee]) -> tuple[Assignee, ...]:
    """Return those who are there still, of members and teams that were named before."""
    user_ids = [each.user_id for each in assignees if each.user_id is not None]
    team_ids = [each.team_id for each in assignees if each.team_id is not None]
    there: set[UUID] = set()
    if user_ids:
        query = select(Membership.user_id).where(
            Membership.workspace_id == workspace_id, Membership.user_id.in_(user_ids)
        )
        there |= set(db.session.scalars(query))
    if team_ids:
        there |= set(db.session.scalars(select(Team.id).where(Team.id.in_(team_ids))))
    return tuple(each for each in assignees if (each.user_id or each.team_id) in there)


def add_assignments(rows: Sequence[dict[str, Any]]) -> None:
    """Insert what rows_of_assignees() has made, of requests that say by themselves that they are
    assigned.
    """
    if rows:
        run_prepared(_ADD, rows)


def change_assignments(
    request_id: UUID, leaving: Collection[UUID], rows: Sequence[dict[str, Any]]
) -> None:
    """End some assignments of a request, and insert others; without any it is everybody's again."""
    if leaving:
        run_prepared(_REMOVE, {"of_assignments": list(leaving)})
    add_assignments(rows)
    note_assigned(request_id)


def close_assignments(request_id: UUID) -> None:
    """Note that a request does not wait any more; whose it was stays known."""
    run_prepared(_CLOSE, {"of_request": request_id})


def assignments_of(request_ids: Collection[UUID]) -> dict[UUID, list[Assignment]]:
    """Return to whom requests are assigned, in that order; those that are nobody's are left out."""
    query = (
        select(Assignment)
        .where(Assignment.request_id.in_(request_ids))
        .options(*WITH_NAMES)
        .order_by(Assignment.id)
        .execution_options(populate_existing=True)
    )
    by_request: dict[UUID, list[Assignment]] = {}
    for each in db.session.scalars(query):
        by_request.setdefault(each.request_id, []).append(each)
    return by_request


def assignments_of_each(requests: Sequence[InputRequest]) -> list[list[Assignment]]:
    """Return to whom each request is assigned; looks up those of which it is not known."""
    unknown = [request.id for request in requests if "assignments" not in vars(request)]
    by_id = assignments_of(unknown) if unknown else {}
    return [
        request.assignments if "assignments" in vars(request) else by_id.get(request.id, [])
        for request in requests
    ]


def own_of(
    assignments: Sequence[Assignment], user_id: UUID, away: Collection[UUID]
) -> Assignment | None:
    """Return somebody's own assignment, or else one of those who are `away` and whose deputy they
    are.
    """
    own = (each for each in assignments if each.user_id == user_id)
    theirs = (each for each in assignments if each.user_id in away)
    return next(own, None) or next(theirs, None)


@dataclass(frozen=True, slots=True)
class _Member:
    user_id: UUID
    is_active: bool


def _members_in(workspace_id: UUID, named: Set[str]) -> dict[str, _Member]:
    """Return the members who are named, by id and by address."""
    if not named:
        return {}
    ids = [user_id for each in named if (user_id := _id_in(each))]
    query = (
        select(User.id, User.email, User.is_active, Membership.deactivated_at)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.workspace_id == workspace_id,
            or_(User.email.in_(named), User.id.in_(ids)),
        )
    )
    return {
        name: _Member(row.id, row.is_active and row.deactivated_at is None)
        for row in db.session.execute(query)
        for name in (row.email, str(row.id))
    }


def _teams_in(workspace_id: UUID) -> dict[str, UUID]:
    """Return the teams by name and by id; nobody makes thousands of them."""
    query = select(Team.id, Team.name).where(Team.workspace_id == workspace_id)
    return {
        name: row.id for row in db.session.execute(query) for name in (_name(row.name), str(row.id))
    }


def _user_in(named: JSONValue) -> str:
    user = named.get("user") if isinstance(named, dict) else named
    return user.strip().lower() if isinstance(user, str) else ""


def _team_in(named: JSONValue) -> str:
    team = named.get("team") if isinstance(named, dict) else None
    return team if isinstance(team, str) else ""


def _name(name: str) -> str:
    return " ".join(name.split()).casefold()


def _id_in(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
