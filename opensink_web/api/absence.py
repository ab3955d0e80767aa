"""/absences: when members are out of office, and who stands in for them.

Everybody sees them; of one's own everybody says so, admins say it for others.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from opensink_web.contract.example import Example
from opensink_web.contract.route import Permission, Routes
from opensink_web.contract.shapes import (
    Change,
    Moment,
    PageQuery,
    PageResponse,
    PersonResponse,
    Received,
    ResponseModel,
    page_response,
)
from opensink_web.errors import FieldError, InvalidInput, PermissionMissing
from opensink_web.models import Absence, Workspace
from opensink_web.operations.accounts import absence as absences
from opensink_web.operations.accounts import queries
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.permission_pattern import Reach

routes = Routes(
    "absences", title="Absences", about="When members are out of office, and who stands in."
)

_WRITE = Permission("absences", Action.WRITE, least=Reach.OWN)
_SERVER_SET = frozenset({"id", "workspace_id", "created_at"})
_Person = Annotated[str, Field(min_length=1, max_length=320)]
_Note = Annotated[str, Field(max_length=absences.NOTE_LENGTH_MAX)]
_FIELDS = ("begins_at", "ends_at", "deputy", "note")
_PATHS = {"/begins": "/begins_at", "/ends": "/ends_at"}
"""What operations say of the page's fields, in the API's words."""


class AbsenceCreate(Received):
    """When somebody is away; people by id or by e-mail address."""

    server_set = _SERVER_SET

    user: _Person | None = Field(default=None, description="Who is away: you, unless it is said.")
    begins_at: Moment
    ends_at: Moment = Field(description="The first moment in which they are back.")
    deputy: _Person | None = Field(
        default=None,
        description="Who stands in. Without one, what is assigned counts as unassigned meanwhile.",
    )
    note: _Note = Field(default="", description="Everybody who sees the request sees this.")


class AbsenceChange(Change):
    """What of an absence to change."""

    server_set = _SERVER_SET | {"user"}

    begins_at: Moment = Field(default=datetime.min)  # noqa: DTZ901 - stands for "not sent"
    ends_at: Moment = Field(default=datetime.min)  # noqa: DTZ901 - stands for "not sent"
    deputy: _Person | None = None
    note: _Note = ""


class AbsenceResponse(ResponseModel):
    id: UUID
    workspace_id: UUID
    user: PersonResponse
    begins_at: datetime
    ends_at: datetime
    deputy: PersonResponse | None
    note: str
    created_at: datetime

    @classmethod
    def shown(cls, absence: Absence) -> "AbsenceResponse":
        """Return what is said of an absence."""
        deputy = absence.deputy
        return cls(
            id=absence.id,
            workspace_id=absence.workspace_id,
            user=PersonResponse.of(absence.user),
            begins_at=absence.begins_at,
            ends_at=absence.ends_at,
            deputy=PersonResponse.of(deputy) if deputy else None,
            note=absence.note or "",
            created_at=absence.created_at,
        )


AbsencePage = PageResponse[AbsenceResponse]


@routes.post(
    "/absences",
    summary="Say when somebody is out of office.",
    permission=_WRITE,
    example=Example(
        body={
            "begins_at": "{+1d}",
            "ends_at": "{+15d}",
            "deputy": "bob@example.com",
            "note": "On holiday",
        }
    ),
)
def create_absence(principal: Principal, body: AbsenceCreate) -> AbsenceResponse:
    user_id = principal.user.id
    if body.user is not None:
        user_id = _member(principal.workspace, body.user, "/user")
    _check_is_theirs(principal, user_id)
    new = _new(principal.workspace, {name: getattr(body, name) for name in _FIELDS})
    with _paths_of_the_api():
        return AbsenceResponse.shown(absences.add_absence(principal.workspace, user_id, new))


@routes.get("/absences", summary="List who is out of office, or will be.")
def list_absences(principal: Principal, query: PageQuery) -> AbsencePage:
    absences = queries.list_absences(principal.workspace, query.page)
    return page_response(absences, AbsenceResponse.shown)


@routes.get("/absences/{absence_id}", summary="Read when somebody is out of office.")
def get_absence(principal: Principal, absence_id: UUID) -> AbsenceResponse:
    return AbsenceResponse.shown(queries.find_absence(principal.workspace, absence_id))


@routes.patch(
    "/absences/{absence_id}",
    summary="Change when somebody is out of office, or who stands in.",
    permission=_WRITE,
    example=Example(body={"ends_at": "{+10d}"}),
)
def update_absence(principal: Principal, absence_id: UUID, body: AbsenceChange) -> AbsenceResponse:
    absence = queries.find_absence(principal.workspace, absence_id)
    _check_is_theirs(principal, absence.user_id)
    before = {
        "begins_at": absence.begins_at,
        "ends_at": absence.ends_at,
        "deputy": str(absence.deputy_id) if absence.deputy_id else None,
        "note": absence.note or "",
    }
    new = _new(principal.workspace, before | body.given())
    with _paths_of_the_api():
        absences.change_absence(principal.workspace, absence, new)
    return AbsenceResponse.shown(absence)


@routes.delete(
    "/absences/{absence_id}",
    summary="Have somebody be back, or not go away.",
    permission=_WRITE,
)
def end_absence(principal: Principal, absence_id: UUID) -> None:
    absence = queries.find_absence(principal.workspace, absence_id)
    _check_is_theirs(principal, absence.user_id)
    absences.end_absence(principal.workspace, absence.user_id, absence_id)


def _check_is_theirs(by: Principal, user_id: UUID) -> None:
    """Raises: PermissionMissing for somebody else's, where only one's own is theirs to say."""
    if _WRITE.only_user_of(by) not in {None, user_id}:
        raise PermissionMissing(f"This needs the permission {_WRITE}:{Reach.ALL}.")


def _new(workspace: Workspace, said: Mapping[str, Any]) -> absences.NewAbsence:
    """Return what operations take. Raises: InvalidInput."""
    deputy = said["deputy"]
    deputy_id = None if deputy is None else _member(workspace, deputy, "/deputy")
    return absences.NewAbsence(said["begins_at"], said["ends_at"], deputy_id, said["note"])


def _member(workspace: Workspace, named: str, path: str) -> UUID:
    try:
        (user_id,) = queries.ids_of_members(workspace, [named])
    except InvalidInput:
        message = "There is no such member."
        raise InvalidInput(message, errors=(FieldError(path, message),)) from None
    return user_id


@contextmanager
def _paths_of_the_api() -> Iterator[None]:
    """Say of what is wrong where it stands in the body."""
    try:
        yield
    except InvalidInput as error:
        errors = [
            FieldError(_PATHS.get(each.path, each.path), each.message) for each in error.errors
        ]
        raise InvalidInput(error.message, errors=tuple(errors)) from None
