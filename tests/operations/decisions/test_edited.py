"""What was changed of a proposal is written down with the decision, on either database."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import Activity, ExecutionStep, InputRequest, User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.agents.question import ask
from opensink_web.operations.decisions.decision import resolve
from opensink_web.operations.executions.queries.question import Answer, answers_of
from opensink_web.operations.requests.answer import check_answer
from tests.conftest import Cast, Person
from tests.support import pause_scenarios
from tests.support.pause_scenarios import PROPOSED, approval_in, paused_in, refuse, request_of
from tests.support.scenarios import POLICY

pytestmark = pytest.mark.usefixtures("on_each_database")

PROPOSAL: JSONValue = {
    "type": "object",
    "required": ["limit"],
    "properties": {
        "limit": {"type": "integer", "default": 5},
        "to": {
            "type": "object",
            "properties": {"name": {"type": "string", "default": "Ada"}},
            "required": ["name"],
        },
        "note": {"type": "string"},
    },
}
QUESTION: JSONValue = {"type": "object", "properties": {"note": {"type": "string"}}}


@pytest.fixture
def there(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def asked(person: Person, schema: JSONValue) -> InputRequest:
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        agent = create_agent(workspace, POLICY, name="Trader", execution_endpoint=None)
        session = start_session(workspace, agent.id)
        return ask(
            workspace,
            session.id,
            agent.id,
            key="k",
            title="?",
            message="",
            schema=schema,
            requested_by_id=person.id,
        )


def answered(person: Person, request: InputRequest, response: JSONObject) -> InputRequest:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    checked = check_answer(workspace, request.id, response)
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        told = resolve(workspace, checked, by=db.session.get_one(User, person.id)).edited
    stored = db.session.get_one(InputRequest, request.id, populate_existing=True)
    assert stored.edited == told
    return stored


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    ("schema", "response", "edited"),
    [
        (PROPOSAL, {"limit": 5, "note": "filled in"}, []),
        (PROPOSAL, {"limit": 6}, ["/limit"]),
        (PROPOSAL, {"limit": 5, "to": {"name": "Bob"}}, []),
        (QUESTION, {"note": "x"}, None),
    ],
)
def test_of_what_an_agent_proposes(
    cast: Cast, schema: JSONValue, response: JSONObject, edited: Any
) -> None:
    assert answered(cast.bob, asked(cast.alice, schema), response).edited == edited


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    ("response", "edited"),
    [
        (PROPOSED, []),
        ({"token": "s3cret", "amount": 60}, []),
        ({"amount": 60.0, "token": "another"}, ["/token"]),
        ({"amount": 10.0, "note": "added"}, ["/amount", "/token", "/note"]),
    ],
)
def test_of_the_input_that_a_call_is_to_be_made_with(
    cast: Cast, response: JSONObject, edited: list[str]
) -> None:
    (waiting,) = approval_in(cast.alice)
    assert answered(cast.bob, request_of(waiting), response).edited == edited


@pytest.mark.usefixtures("there")
def test_of_each_call_of_a_batch(cast: Cast) -> None:
    inputs: list[JSONObject] = [{"amount": 1}, {"amount": 2}]
    first, second = approval_in(cast.alice, inputs, is_batch=True)
    assert answered(cast.bob, request_of(first), {"amount": 1}).edited == []
    assert answered(cast.bob, request_of(second), {"amount": 3}).edited == ["/amount"]


@pytest.mark.usefixtures("there")
def test_of_what_an_execution_asks(cast: Cast) -> None:
    waiting = paused_in(cast.alice, schema=PROPOSAL)
    pause_scenarios.answer(cast.bob, waiting, {"limit": 7})
    assert request_of(waiting).edited == ["/limit"]
    assert answers_of([waiting.execution_id]) == {
        waiting.execution_id: Answer(waiting.request_id, {"limit": 7}, ["/limit"])
    }


@pytest.mark.usefixtures("there")
def test_nothing_of_what_is_declined(cast: Cast) -> None:
    (waiting,) = approval_in(cast.alice)
    assert request_of(waiting).edited is None
    refuse(cast.bob, waiting.request_id, "No.")
    assert request_of(waiting).edited is None


@pytest.mark.usefixtures("there")
def test_histories_count_and_name_nothing(cast: Cast) -> None:
    request = answered(cast.bob, asked(cast.alice, PROPOSAL), {"limit": 6})
    last = select(Activity).order_by(Activity.id.desc()).limit(1)
    assert db.session.scalars(last).one().payload == {
        "resolved_by": str(cast.bob.id),
        "outcome": "answered",
        "request_digest": request.digest,
        "edited_count": 1,
    }
    (waiting,) = approval_in(cast.alice)
    answered(cast.bob, request_of(waiting), {"amount": 10})
    step = db.session.scalars(select(ExecutionStep).order_by(ExecutionStep.id.desc())).first()
    assert step is not None
    assert step.details == {
        "input_request_id": str(waiting.request_id),
        "request_digest": request_of(waiting).digest,
        "edited_count": 2,
    }
    assert step.message == "bob@example.com approved the call, with 2 fields changed."


@pytest.mark.usefixtures("there")
def test_the_pointers_are_encrypted(cast: Cast) -> None:
    request = answered(cast.bob, asked(cast.alice, PROPOSAL), {"limit": 6})
    assert request.sealed_edited is not None
    assert "limit" not in request.sealed_edited
