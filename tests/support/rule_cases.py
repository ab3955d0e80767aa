"""Rules, what is asked under them, and what people say to it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from opensink_web.errors import Unavailable
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import Assignment, Membership, Role, User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.team import create_team
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.agents.question import ask
from opensink_web.operations.decisions.decision import resolve
from opensink_web.operations.decisions.withdrawal import check_revision, supersede
from opensink_web.operations.requests.answer import check_answer
from opensink_web.operations.requests.assignment import Assignee
from opensink_web.operations.requests.options import NO_OPTIONS, RequestOptions
from opensink_web.operations.requests.policy_change import (
    PolicyFields,
    check_policy,
    create_policy,
)
from opensink_web.operations.requests.policy_step import PolicyStep
from tests.conftest import Cast, Person
from tests.support.scenarios import ENDPOINT, POLICY

LARGE: JSONObject = {
    "properties": {"amount": {"type": "number", "minimum": 10_000}},
    "required": ["amount"],
}
ANYTHING: JSONObject = {}


def here(cast: Cast) -> Workspace:
    return db.session.get_one(Workspace, cast.alice.workspace_id)


def user(person: Person) -> User:
    return db.session.get_one(User, person.id)


def make_rule(cast: Cast, *steps: PolicyStep, name: str = "Rule", **more: Any) -> UUID:
    fields = PolicyFields(name=name, steps=steps, **{"condition": ANYTHING, **more})
    checked = check_policy(fields)
    with writing():
        return create_policy(here(cast), checked, by=user(cast.alice)).id


def by_team(team_id: UUID, **more: Any) -> PolicyStep:
    return PolicyStep("Finance", (Assignee(team_id=team_id),), **more)


def put(
    cast: Cast,
    amount: JSONValue = 12_000,
    options: RequestOptions = NO_OPTIONS,
    key: str = "payment",
    schema: JSONObject | None = None,
) -> UUID:
    """Have an agent ask about an amount, which its schema proposes, if there is one; or by another
    schema.
    """
    field: JSONObject = {"type": "number"} if amount is None else {"default": amount}
    with writing():
        workspace = here(cast)
        agent = create_agent(workspace, POLICY, name="Payer", execution_endpoint=ENDPOINT)
        session = start_session(workspace, agent.id)
        return ask(
            workspace,
            session.id,
            agent.id,
            key=key,
            title="Pay?",
            message="",
            schema=schema or {"type": "object", "properties": {"amount": field}},
            options=options,
            requested_by_id=cast.alice.id,
        ).id


def say(
    cast: Cast, by: Person, request_id: UUID, value: JSONObject, seen: str | None = None
) -> None:
    checked = check_answer(here(cast), request_id, value)
    with writing():
        resolve(here(cast), checked, by=user(by), seen=seen)


def revise(cast: Cast, by: Person, request_id: UUID, title: str = "Pay all?") -> UUID:
    """Have somebody's agent ask something else instead; return the new request's id."""
    revision = check_revision(here(cast), request_id, {"title": title}, {})
    with writing():
        return supersede(here(cast), revision, requested_by_id=by.id).id


def assigned(request_id: UUID) -> list[tuple[UUID | None, UUID | None]]:
    query = select(Assignment).where(Assignment.request_id == request_id)
    return [each.whom for each in db.session.scalars(query)]


def make_dana(cast: Cast) -> Person:
    """Make another reviewer."""
    return make_other(cast, "dana@example.com")


def make_other(cast: Cast, email: str) -> Person:
    """Make another reviewer."""
    with writing():
        user = User(email=email)
        db.session.add(user)
        db.session.flush()
        membership = Membership(
            user_id=user.id, workspace_id=cast.alice.workspace_id, role=Role.REVIEWER
        )
        db.session.add(membership)
        return replace(cast.bob, id=user.id, email=user.email)


def make_finance(cast: Cast, *others: Person) -> UUID:
    """Make a team of Alice, alone or with others."""
    with writing():
        ids = {each.id for each in (cast.alice, *others)}
        return create_team(here(cast), name="Finance", description="", user_ids=ids).id


def patiently(act: Callable[[], object]) -> None:
    """Do it, however long a busy machine has others hold what it needs."""
    while True:
        with suppress(Unavailable):
            act()
            return
