"""Decisions that are held: made, undone, and taking effect. Within an app context."""

from typing import Any
from uuid import UUID

from opensink_web.models import User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.decision import decline, resolve
from opensink_web.operations.decisions.holding import take_effect, undo
from opensink_web.operations.requests.answer import check_answer
from tests.conftest import Person

HOLD_SECONDS = 5


def hold_answer(
    person: Person, request_id: UUID, *, approved: bool = True, seconds: int = HOLD_SECONDS
) -> None:
    hold_response(person, request_id, {"approved": approved}, seconds)


def hold_response(
    person: Person, request_id: UUID, response: dict[str, Any], seconds: int = HOLD_SECONDS
) -> None:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    checked = check_answer(workspace, request_id, response)
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        by = db.session.get_one(User, person.id)
        resolve(workspace, checked, by=by, hold_seconds=seconds)


def hold_refusal(person: Person, request_id: UUID, reason: str = "Not today.") -> None:
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        by = db.session.get_one(User, person.id)
        decline(workspace, request_id, reason, by=by, hold_seconds=HOLD_SECONDS)


def take_back(person: Person, request_id: UUID) -> None:
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        undo(workspace, request_id, by=db.session.get_one(User, person.id))


def let_take_effect(request_id: UUID) -> None:
    with writing():
        take_effect(request_id)
