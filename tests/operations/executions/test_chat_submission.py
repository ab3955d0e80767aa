"""Taking chats with an agent on: all or nothing, each with its first messages filled in."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from opensink_web.errors import Conflict, InvalidChatInput, InvalidInput
from opensink_web.models import Agent, Batch, Chat, ChatMessage, Execution, ExecutionKind, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.initial_messages import Message
from opensink_web.operations.executions.chat_submission import (
    check_chats,
    draft_chats,
    submit_chats,
)
from opensink_web.operations.executions.submission import Options
from tests.conftest import Cast
from tests.support.chats import (
    chat_input,
    make_agent,
    said_in,
    submit_some,
    templates,
    variables_of,
)
from tests.support.executions import execution, principal_of
from tests.support.scenarios import endpoint_at

GREETING = (
    Message("system", "You speak {{ language }}."),
    Message("user", "{% for each in topics %}{{ each }};{% endfor %}"),
)


def test_each_chat_begins_with_the_first_messages_and_ends_with_the_callers(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice, initial_messages=GREETING)
        inputs = [
            chat_input("One?", language="French", topics=["a", "b"]),
            chat_input("Two?", language="<German>", topics=[]),
        ]
        submitted = submit_some(cast.alice, agent_id, inputs, trigger_id="run-7")
        said = [said_in(each) for each in submitted.chat_ids]
        stored = [execution(each) for each in submitted.execution_ids]
        assert variables_of(submitted.chat_ids[0]) == {"language": "French", "topics": ["a", "b"]}
    assert said[0] == [("system", "You speak French."), ("user", "a;b;"), ("user", "One?")]
    assert said[1] == [("system", "You speak <German>."), ("user", ""), ("user", "Two?")]
    assert [each.chat_id for each in stored] == submitted.chat_ids
    assert {(each.kind, each.agent_id) for each in stored} == {(ExecutionKind.AGENT, agent_id)}
    assert [each.trigger_id for each in stored] == ["run-7:0", "run-7:1"]
    assert stored[0].input_data["message"] == "One?"


def test_the_timeout_is_the_endpoints(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice, endpoint_at("https://a.example.com/", timeout_seconds=7))
        submitted = submit_some(cast.alice, agent_id, [chat_input()])
        assert execution(submitted.execution_ids[0]).timeout_seconds == 7


@pytest.mark.parametrize(
    ("inputs", "path", "told"),
    [
        (
            [{"language": "x", "topics": []}, {"topics": []}],
            "/inputs/1/input_variables",
            "language",
        ),
        ([{"language": "x", "topics": 5}], "/inputs/0/input_variables", "fails"),
    ],
)
def test_one_that_cannot_be_filled_in_stores_nothing_and_names_its_index(
    app: Flask, cast: Cast, inputs: list[dict[str, Any]], path: str, told: str
) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice, initial_messages=GREETING)
        with pytest.raises(InvalidChatInput) as refusal:
            submit_some(cast.alice, agent_id, [chat_input(**each) for each in inputs])
        with reading():
            tables = (Batch, Execution, Chat, ChatMessage)
            counts = [db.session.scalar(select(func.count()).select_from(each)) for each in tables]
    assert counts == [0, 0, 0, 0]
    (error,) = refusal.value.errors
    assert (error.path, refusal.value.status) == (path, 422)
    assert told in error.message


def test_first_messages_that_were_changed_meanwhile_begin_no_chat(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice, initial_messages=GREETING)
        inputs = [chat_input(language="x", topics=[])]
        agent = db.session.get_one(Agent, agent_id)
        checked = check_chats(agent, templates(), inputs)
        draft = draft_chats(db.session.get_one(Agent, agent_id), checked, Options())
        with writing():
            db.session.get_one(Agent, agent_id).initial_messages = None
        with writing():
            agent, alice = db.session.get_one(Agent, agent_id), principal_of(cast.alice)
            with pytest.raises(Conflict, match="changed just now"):
                submit_chats(alice, agent, draft)


def test_stored_messages_that_are_no_templates_begin_no_chat(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice, initial_messages=GREETING)
        with writing():
            stored = [{"role": "user", "content": "{{ a|map(b) }}"}]
            db.session.get_one(Agent, agent_id).initial_messages = stored
        with pytest.raises(Conflict, match=r"no templates that can be filled in\. Line 1: Write"):
            submit_some(cast.alice, agent_id, [chat_input()])


@pytest.mark.parametrize("message", ["", "x" * 1_000_001])
def test_a_message_says_something_and_has_an_end(app: Flask, cast: Cast, message: str) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        with pytest.raises(InvalidChatInput) as refusal:
            submit_some(cast.alice, agent_id, [chat_input(), chat_input(message)])
    assert [error.path for error in refusal.value.errors] == ["/inputs/1/message"]


def test_an_agent_without_an_endpoint_takes_no_chats(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice, None)
        with pytest.raises(Conflict, match="no execution endpoint"):
            submit_some(cast.alice, agent_id, [chat_input()])


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_has_a_size(app: Flask, cast: Cast, count: int) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        with pytest.raises(InvalidInput):
            submit_some(cast.alice, agent_id, [chat_input()] * count)


def test_a_thousand_are_stored_with_a_handful_of_statements(app: Flask, cast: Cast) -> None:
    statements: list[str] = []
    with app.app_context():
        agent_id = make_agent(cast.alice, initial_messages=GREETING)
        inputs = [chat_input(language="x", topics=["y"] * 10)] * 1000

        def note(*arguments: object) -> None:
            statements.append(str(arguments[2]))

        event.listen(db.engine, "before_cursor_execute", note)
        submitted = submit_some(cast.alice, agent_id, inputs)
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(submitted.chat_ids) == 1000
    assert len(statements) < 15
