"""Situations that many tests begin with: an agent that waits, an answer that is given."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import select

from opensink_web import clock
from opensink_web.json_value import JSONValue
from opensink_web.models import Delivery, DeliveryKind, Membership, Role, User, Workspace, db
from opensink_web.models.base import new_id
from opensink_web.models.transaction import notify_after_commit, writing
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.agents.question import ask
from opensink_web.operations.decisions.decision import resolve
from opensink_web.operations.requests.answer import check_answer
from opensink_web.operations.requests.options import NO_OPTIONS, RequestOptions
from opensink_web.operations.requests.search import index_some
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.outbound.retry import RetrySchedule
from tests.conftest import Person

SCHEMA: JSONValue = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}},
    "required": ["approved"],
}
POLICY = EndpointPolicy.from_entries(("127.0.0.0/8",))


def endpoint_at(url: str, *, timeout_seconds: float = 5, max_attempts: int = 1) -> EndpointSpec:
    return EndpointSpec(url, "POST", (), None, timeout_seconds, RetrySchedule(max_attempts))


ENDPOINT = endpoint_at("https://agent.example.com/execute")


def admin_of(workspace_id: UUID) -> Principal:
    """Return an admin of a workspace, acting in it."""
    query = select(Membership).where(
        Membership.workspace_id == workspace_id, Membership.role == Role.ADMIN
    )
    return Principal.of(db.session.scalars(query.limit(1)).one())


@dataclass(frozen=True)
class Waiting:
    """An agent's session in which a request waits."""

    agent_id: UUID
    session_id: UUID
    request_id: UUID


def index_all() -> None:
    """Index what was asked for the search, as a chore does a moment later."""
    is_left = True
    while is_left:
        with writing():
            is_left = index_some() > 0


def ask_in(
    person: Person, endpoint: EndpointSpec | None, options: RequestOptions = NO_OPTIONS
) -> Waiting:
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        agent = create_agent(workspace, POLICY, name="Trader", execution_endpoint=endpoint)
        session = start_session(workspace, agent.id)
        request = ask(
            workspace,
            session.id,
            agent.id,
            key="k",
            title="Buy?",
            message="",
            schema=SCHEMA,
            options=options,
            requested_by_id=person.id,
        )
        return Waiting(agent.id, session.id, request.id)


def make_due(person: Person, agent_id: UUID, count: int) -> list[UUID]:
    """Write down calls of an agent that are due."""
    moment = clock.now()
    with writing():
        made = [
            Delivery(
                id=new_id(),
                workspace_id=person.workspace_id,
                agent_id=agent_id,
                kind=DeliveryKind.INPUT_REQUEST_RESOLVED,
                business_key=f"{agent_id} {uuid4()}",
                next_at=moment,
            )
            for _ in range(count)
        ]
        db.session.add_all(made)
        notify_after_commit(Delivery, agent_id)
        return [each.id for each in made]


def answer(person: Person, waiting: Waiting, approved: JSONValue = True) -> None:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    checked = check_answer(workspace, waiting.request_id, {"approved": approved})
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        resolve(workspace, checked, by=db.session.get_one(User, person.id))
