"""What OPENSINK_ANSWER says to a request."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.dev.answers import (
    REASON,
    Automatic,
    NothingFits,
    answer_by_itself,
    approvals,
    defaults,
)
from opensink_web.errors import Conflict
from opensink_web.models import Deadline, Delivery, InputRequest, InputRequestStatus, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.agents.question import ask
from opensink_web.operations.requests.options import RequestOptions
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.schema.validation import validate
from tests.conftest import Cast

BOOLEAN = {"type": "boolean"}


def fields(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required or []}


def first_valid(how: Any, schema: Any, *given: Any) -> Any:
    return next((each for each in how(schema, *given) if not validate(schema, each)), None)


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        (fields(["approved"], approved=BOOLEAN), {"approved": True}),
        (fields(approved=BOOLEAN), {"approved": True}),
        # what pydantic makes of `approved: bool = False`
        (fields(approved=BOOLEAN | {"default": False}), {"approved": True}),
        # of several, those that are proposed stay as they are
        (
            fields(["approved"], approved=BOOLEAN, mail=BOOLEAN | {"default": False}),
            {"mail": False, "approved": True},
        ),
        # and those that nobody demands are not touched where another one is demanded
        (fields(["approved"], approved=BOOLEAN, mail=BOOLEAN), {"approved": True}),
        (
            fields(
                ["approved", "count"], approved=BOOLEAN, count={"type": "integer", "minimum": 3}
            ),
            {"approved": True, "count": 3},
        ),
        (
            fields(["trade"], trade=fields(["ok"], ok=BOOLEAN, size={"default": 5})),
            {"trade": {"size": 5, "ok": True}},
        ),
        (fields(["agreed"], agreed={"const": True}), {"agreed": True}),
        (fields(["note"], note={"type": "string"}), {"note": "text"}),
        (fields(note={"type": "string"}), {}),
        (fields(["code"], code={"type": "string", "pattern": "^[0-9]{7}$"}), None),
    ],
)
def test_an_approval_says_yes_and_the_least_besides(schema: Any, answer: Any) -> None:
    assert first_valid(approvals, schema) == answer


def test_a_proposal_is_approved_as_it_is() -> None:
    schema = fields(["approved"], approved=BOOLEAN, size={"type": "integer"})
    proposed = {"approved": False, "size": 4}
    assert first_valid(approvals, schema, proposed) == proposed
    assert first_valid(approvals, schema, {"size": "x"}) is None


def test_a_default_is_what_the_asker_says() -> None:
    schema = fields(["size"], size={"type": "integer", "default": 3}, note={"type": "string"})
    assert first_valid(defaults, schema) == {"size": 3}
    assert first_valid(defaults, schema, {"size": 4}) == {"size": 4}
    assert first_valid(defaults, schema, {"size": 4}, {"size": 5}) == {"size": 5}
    assert first_valid(defaults, fields(["size"], size={"type": "integer"})) is None


def asked(cast: Cast, schema: Any, **options: Any) -> UUID:
    """Ask in Alice's workspace, of an agent that is called when it is decided."""
    policy = EndpointPolicy.from_entries(("127.0.0.0/8",))
    endpoint = EndpointSpec("http://127.0.0.1:9/", "POST", (), None, 30)
    with writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        agent = create_agent(workspace, policy, name="Asks", execution_endpoint=endpoint)
        session = start_session(workspace, agent.id)
        made = ask(
            workspace,
            session.id,
            agent.id,
            key="k",
            title="Which?",
            message="",
            schema=schema,
            requested_by_id=cast.bob.id,
            options=RequestOptions(**options),
        )
        return made.id


YES_OR_NO = fields(["approved"], approved=BOOLEAN)


@pytest.mark.parametrize(
    ("how", "status", "response"),
    [
        (Automatic.APPROVE, InputRequestStatus.RESOLVED, {"approved": True}),
        (Automatic.DECLINE, InputRequestStatus.DECLINED, None),
        (Automatic.DEFAULT, InputRequestStatus.RESOLVED, {"approved": False}),
        (Automatic.TIMEOUT, InputRequestStatus.EXPIRED, None),
    ],
)
def test_each_decides_as_a_person_or_a_deadline_does_and_the_agent_is_called(
    app: Flask, cast: Cast, how: Automatic, status: InputRequestStatus, response: Any
) -> None:
    with app.app_context():
        request_id = asked(cast, YES_OR_NO, default_response={"approved": False})
        answer_by_itself(cast.alice.workspace_id, cast.alice.id, request_id, how)
        request = db.session.get_one(InputRequest, request_id)
        assert (request.status, request.response) == (status, response)
        assert request.resolved_by_id == (None if how is Automatic.TIMEOUT else cast.alice.id)
        assert request.decline_reason == (REASON if how is Automatic.DECLINE else None)
        assert db.session.scalar(select(func.count()).select_from(Delivery)) == 1
        assert db.session.scalar(select(func.count()).select_from(Deadline)) == 0


def test_what_cannot_be_answered_so_stays_open(app: Flask, cast: Cast) -> None:
    with app.app_context():
        request_id = asked(cast, YES_OR_NO, allow_decline=False)
        who = (cast.alice.workspace_id, cast.alice.id, request_id)
        with pytest.raises(Conflict, match="needs an answer"):
            answer_by_itself(*who, Automatic.DECLINE)
        with pytest.raises(NothingFits, match="/approved"):
            answer_by_itself(*who, Automatic.DEFAULT)
        assert db.session.get_one(InputRequest, request_id).status is InputRequestStatus.PENDING
