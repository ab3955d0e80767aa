"""What becomes of an execution that has an agent answer a chat, and of its chat."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from opensink_web import clock
from opensink_web.errors import Conflict
from opensink_web.models import Agent, BatchStatus, ExecutionStatus, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import delete_agent, update_agent
from opensink_web.operations.executions.execution import check_output
from opensink_web.operations.executions.outcome import finish_executions
from opensink_web.operations.executions.target import AgentTarget
from opensink_web.outbound.agent_call import APPROVAL_REQUIRED
from opensink_web.outbound.outcome import AgentReply, Failure
from tests.conftest import Cast
from tests.support.chats import chat_input, make_agent, said_in, submit_some
from tests.support.executions import batch, claim_some, execution, finish_all
from tests.support.scenarios import POLICY

pytestmark = pytest.mark.usefixtures("on_each_database")

REFUSED = Failure("127.0.0.1:1 refuses connections.", "connection_refused")
REPLY = AgentReply("assistant", "Hi", [{"name": "look_up"}])


def test_the_agent_is_told_what_was_said(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submit_some(cast.alice, agent_id, [chat_input("One?"), chat_input("Two?", n=1)])
        claims = claim_some(agent_id)
    assert [each.messages for each in claims] == [
        [{"role": "user", "content": "One?"}],
        [{"role": "user", "content": "Two?"}],
    ]
    assert claims[1].read_input()["input_variables"] == {"n": 1}
    assert all(isinstance(each.target, AgentTarget) for each in claims)


def test_its_reply_ends_the_chat_and_the_execution(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submitted = submit_some(cast.alice, agent_id, [chat_input()])
        finish_all(claim_some(agent_id), REPLY)
        ended = execution(submitted.execution_ids[0])
        assert said_in(submitted.chat_ids[0]) == [("user", "Hello"), ("assistant", "Hi")]
        assert batch(submitted.batch_id).ended_as is BatchStatus.COMPLETED
    assert ended.status is ExecutionStatus.COMPLETED
    assert ended.output_data == {
        "chat_id": str(submitted.chat_ids[0]),
        "final_message": "Hi",
        "final_message_role": "assistant",
        "tool_calls": [{"name": "look_up"}],
    }


def test_an_approval_that_is_asked_for_fails_it(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submitted = submit_some(cast.alice, agent_id, [chat_input()])
        finish_all(claim_some(agent_id), Failure(APPROVAL_REQUIRED, "approval_required"))
        ended = execution(submitted.execution_ids[0])
        assert len(said_in(submitted.chat_ids[0])) == 1
    assert (ended.status, ended.error) == (ExecutionStatus.FAILED, APPROVAL_REQUIRED)


def test_an_endpoint_that_does_not_answer_is_called_once_in_a_while(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submit_some(cast.alice, agent_id, [chat_input()] * 9)
        finish_all(claim_some(agent_id, most=5), REFUSED)
        assert claim_some(agent_id) == []
        with writing():
            past = clock.now() - timedelta(seconds=1)
            db.session.execute(update(Agent).values(endpoint_next_call_at=past))
        (probe,) = claim_some(agent_id)
        assert claim_some(agent_id) == []
        finish_all([probe], REPLY)
        assert len(claim_some(agent_id)) == 3


def test_of_agents_whose_calls_end_together_each_has_its_own_health(app: Flask, cast: Cast) -> None:
    with app.app_context():
        broken, well = make_agent(cast.alice), make_agent(cast.alice, name="Other")
        for agent_id in (broken, well):
            submit_some(cast.alice, agent_id, [chat_input()] * 9)
        refused, answered = claim_some(broken, most=5), claim_some(well, most=1)
        with writing():
            outcomes = [(claim, REFUSED) for claim in refused]
            finish_executions([*outcomes, (answered[0], REPLY)])
        assert claim_some(broken) == []
        assert len(claim_some(well, most=5)) == 5


def test_an_answer_that_fails_says_nothing_of_the_endpoint(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submit_some(cast.alice, agent_id, [chat_input()] * 9)
        finish_all(claim_some(agent_id, most=8), Failure("It answered 500.", "bad_status"))
        assert len(claim_some(agent_id)) == 1


def test_an_agent_that_lost_its_endpoint_fails_what_waits(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submit_some(cast.alice, agent_id, [chat_input()])
        with writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            update_agent(workspace, agent_id, POLICY, execution_endpoint=None)
        (claim,) = claim_some(agent_id)
    assert claim.target == Failure("The agent no longer has an execution endpoint.")


def test_an_agent_is_not_deleted_before_its_executions_have_ended(app: Flask, cast: Cast) -> None:
    def delete() -> None:
        with writing():
            delete_agent(db.session.get_one(Workspace, cast.alice.workspace_id), agent_id)

    with app.app_context():
        agent_id = make_agent(cast.alice)
        submitted = submit_some(cast.alice, agent_id, [chat_input()])
        with pytest.raises(Conflict, match="not finished"):
            delete()
        finish_all(claim_some(agent_id), REPLY)
        delete()
        kept = execution(submitted.execution_ids[0])
        assert len(said_in(submitted.chat_ids[0])) == 2
    assert kept.target_name == "clerk"


def test_an_agent_reports_no_output_past_its_chat(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submitted = submit_some(cast.alice, agent_id, [chat_input()])
        claim_some(agent_id)
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        with pytest.raises(Conflict, match="by answering"):
            check_output(workspace, submitted.execution_ids[0], {})
