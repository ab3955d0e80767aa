"""Standing approvals: granted with a decision, and asked the same again. Within an app context."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from opensink_web import clock
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import (
    Deadline,
    DeadlineKind,
    InputRequest,
    InputRequestStatus,
    StandingApproval,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.agents.question import ask
from opensink_web.operations.decisions.asker import lock_askers
from opensink_web.operations.decisions.standing_approval import (
    CheckedGrant,
    Grant,
    check_grant,
    grant,
    revoke,
)
from opensink_web.operations.decisions.standing_use import lock_approvals, use_standing_approval
from opensink_web.operations.requests.options import NO_OPTIONS, RequestOptions
from opensink_web.operations.requests.standing_approval import Asked, Use, questions_of
from opensink_web.schema.standing import condition_for
from tests.conftest import Person
from tests.support.holding import hold_response
from tests.support.scenarios import POLICY

DAY = timedelta(days=1)


def order(to: JSONValue = "Ada", amount: JSONValue = 5) -> JSONObject:
    """Return a question that proposes something and wants a yes."""
    return {
        "type": "object",
        "properties": {
            "to": {"type": "string", "default": to, "readOnly": True},
            "amount": {"const": amount},
            "approved": {"type": "boolean", "title": "Pay?"},
        },
        "required": ["to", "amount", "approved"],
    }


@dataclass(frozen=True)
class Question:
    """What an agent asks."""

    schema: JSONValue
    key: str = "pay"
    title: str = "Pay Ada?"
    message: str = "For the *lamp*."
    options: RequestOptions = NO_OPTIONS

    def but(self, **changes: Any) -> "Question":
        """Return the same with something else in it."""
        return replace(self, **changes)


PAY = Question(order())


def new_agent(person: Person, name: str = "Payer") -> UUID:
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        return create_agent(workspace, POLICY, name=name, execution_endpoint=None).id


def asked_by(person: Person, agent_id: UUID, question: Question = PAY) -> UUID:
    """Have an agent ask something in a session of its own; return the request's id."""
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        session = start_session(workspace, agent_id)
        return ask(
            workspace,
            session.id,
            agent_id,
            key=question.key,
            title=question.title,
            message=question.message,
            schema=question.schema,
            requested_by_id=person.id,
            options=question.options,
        ).id


def affirm(person: Person, request_id: UUID, *, hold_seconds: int = 0) -> None:
    """Say yes to what is proposed."""
    affirmation = Asked.of(db.session.get_one(InputRequest, request_id)).affirmation
    assert affirmation is not None
    hold_response(person, request_id, affirmation.value, hold_seconds)


def checked_on(
    person: Person,
    request_id: UUID,
    *,
    condition: JSONObject | None = None,
    same_words: bool = False,
    uses_max: int = 10,
    expires_at: datetime | None = None,
    note: str = "",
) -> CheckedGrant:
    """Have it checked that the same as a request that was decided is to be allowed."""
    request = db.session.get_one(InputRequest, request_id)
    workspace = db.session.get_one(Workspace, person.workspace_id)
    made = condition or condition_for(request.schema, request.response or {}) or {}
    wanted = Grant(request_id, made, same_words, uses_max, expires_at or clock.now() + DAY, note)
    return check_grant(workspace, wanted)


def granted_on(person: Person, request_id: UUID, **terms: Any) -> UUID:
    """Allow the same as a request that was decided; return the standing approval's id."""
    checked = checked_on(person, request_id, **terms)
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        return grant(workspace, checked, by=db.session.get_one(User, person.id)).id


def standing(person: Person, agent_id: UUID, question: Question = PAY, **terms: Any) -> UUID:
    """Have an agent ask something, say yes and allow the same again."""
    request_id = asked_by(person, agent_id, question)
    affirm(person, request_id)
    return granted_on(person, request_id, **terms)


def take_away(person: Person, approval_id: UUID) -> int:
    """Revoke it; return how often it had been used."""
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        by = db.session.get_one(User, person.id)
        return revoke(workspace, approval_id, by=by).uses_count


def held_against(request_id: UUID) -> Use | None:
    """Do outside a transaction what a worker does there."""
    question = questions_of([request_id]).get(request_id)
    return None if question is None else question.use()


def put_to_use(use: Use) -> None:
    """Do in a transaction what a worker does there."""
    with writing():
        lock_askers([use.answer.request_id])
        use_standing_approval(use, lock_approvals(use.approval_ids))


def approval_of(approval_id: UUID) -> StandingApproval:
    db.session.rollback()
    return db.session.get_one(StandingApproval, approval_id, populate_existing=True)


def status_of(request_id: UUID) -> InputRequestStatus:
    return request_now(request_id).status


def deadlines() -> list[DeadlineKind]:
    """Return what is due of the requests that wait."""
    with reading():
        return list(db.session.scalars(select(Deadline.kind)))


def request_now(request_id: UUID) -> InputRequest:
    db.session.rollback()
    return db.session.get_one(InputRequest, request_id, populate_existing=True)
