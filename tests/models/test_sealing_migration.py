"""What people and agents exchange is encrypted by an upgrade, and plain again after a downgrade."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import flask_migrate
import pytest

from opensink_web.cli.database import run_migrations
from opensink_web.models import (
    Activity,
    AgentSession,
    Batch,
    Callback,
    Chat,
    ChatMessage,
    Execution,
    ExecutionStep,
    InputRequest,
    db,
)
from tests.support.old_rows import everything, insert_all

pytestmark = pytest.mark.server

BEFORE, AFTER = "0021", "0022"
NOW = datetime.now(UTC)
MARK = "m4rk3r é"
USER, WORKSPACE, AGENT, SESSION, BATCH, CHAT, FUNCTION = (uuid4() for _ in range(7))
EXECUTION, GONE, OF_AGENT, REQUEST, CALLBACK, STEP, SAID, HAPPENED = (uuid4() for _ in range(8))
SECRET_CARD = {"type": "object", "properties": {"card": {"type": "string", "writeOnly": True}}}

OWNED = {"workspace_id": WORKSPACE, "created_at": NOW}
DUE = {"lane_id": FUNCTION, "next_at": NOW, "recovery_count": 0}


def rows() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a table's name and what stands in a row of it, as versions before had it."""
    yield "users", {"id": USER, "email": "a@example.com", "is_active": True, "created_at": NOW}
    yield (
        "workspaces",
        {"id": WORKSPACE, "slug": "main", "name": "Main", "created_at": NOW}
        | {"execution_secret": "x", "signing_root": "x", "requires_second_factor": False},
    )
    named = OWNED | {"name": "n", "namespace": "a", "updated_at": NOW}
    yield "agents", named | {"id": AGENT, "slug": "n"}
    yield (
        "functions",
        named
        | {"id": FUNCTION, "input_schema": SECRET_CARD, "output_schema": None, "target": "x"}
        | {"timeout_seconds": 30, "requires_approval": False, "is_active": True, "kind": "http"},
    )
    of_agent = OWNED | {"agent_id": AGENT}
    state = {"state": {"a": MARK}, "metadata": {}, "error_message": MARK}
    yield (
        "agent_sessions",
        of_agent | state | {"id": SESSION, "status": "failed", "updated_at": NOW},
    )
    happened = {"type": "message", "source": "agent", "message": MARK, "payload": [MARK, 1.0]}
    yield (
        "activities",
        of_agent | happened | {"id": HAPPENED, "session_id": SESSION, "links": []},
    )
    target = {"target_namespace": "a", "target_name": "n", "user_id": USER}
    yield (
        "batches",
        OWNED | target | {"id": BATCH, "kind": "function", "total": 1, "callback_url": MARK},
    )
    yield (
        "chats",
        of_agent | {"id": CHAT, "user_id": USER, "input_variables": {"b": MARK, "a": 1.5}},
    )
    said = {"content": MARK, "role": "user", "number": 0, "created_at": NOW}
    yield "chat_messages", said | {"id": SAID, "chat_id": CHAT, "tool_calls": [{"x": MARK}]}
    common = OWNED | target | DUE | {"updated_at": NOW, "trigger_type": "api", "depth": 0}
    common |= {"trigger_id": "t", "timeout_seconds": 30, "pause_count": 0, "status": "failed"}
    common |= {"input_data": {"card": MARK, "n": 1.0}, "output_data": MARK, "error": MARK}
    yield (
        "executions",
        common
        | {"id": EXECUTION, "kind": "function", "function_id": FUNCTION, "callback_url": MARK},
    )
    yield "executions", common | {"id": GONE, "kind": "function"}
    yield (
        "executions",
        common | {"id": OF_AGENT, "kind": "agent", "input_data": {}, "output_data": None},
    )
    yield (
        "execution_steps",
        {"id": STEP, "execution_id": EXECUTION, "kind": "failed", "message": MARK}
        | {"created_at": NOW},
    )
    yield (
        "callbacks",
        OWNED | DUE | {"id": CALLBACK, "execution_id": EXECUTION, "url": MARK, "status": "pending"},
    )
    asked = {"kind": "input", "key": "k", "title": "t", "message": MARK, "status": "declined"}
    yield (
        "input_requests",
        OWNED
        | asked
        | {"id": REQUEST, "execution_id": EXECUTION, "schema": {"const": MARK}}
        | {"decline_reason": MARK},
    )


@pytest.fixture
def old_app(within_empty_app: None) -> None:
    run_migrations(BEFORE)
    insert_all(rows())


@pytest.mark.usefixtures("old_app")
def test_everything_is_encrypted_and_reads_as_before() -> None:
    run_migrations(AFTER)

    assert MARK not in str(everything())
    run_migrations()  # as the models are
    session = db.session.get_one(AgentSession, SESSION)
    assert (session.state, session.metadata_, session.error_message) == ({"a": MARK}, {}, MARK)
    happened = db.session.get_one(Activity, HAPPENED)
    assert (happened.message, happened.payload, happened.links) == (MARK, [MARK, 1.0], [])
    assert db.session.get_one(Batch, BATCH).callback_url == MARK
    assert db.session.get_one(Callback, CALLBACK).url == MARK
    assert list(db.session.get_one(Chat, CHAT).input_variables) == ["b", "a"]
    said = db.session.get_one(ChatMessage, SAID)
    assert (said.content, said.tool_calls) == (MARK, [{"x": MARK}])
    execution = db.session.get_one(Execution, EXECUTION)
    assert execution.input_data == {"card": MARK, "n": 1.0}
    assert (execution.output_data, execution.error) == (MARK, MARK)
    assert execution.callback_url == MARK
    assert db.session.get_one(ExecutionStep, STEP).message == MARK
    asked = db.session.get_one(InputRequest, REQUEST)
    assert (asked.message, asked.schema, asked.decline_reason) == (MARK, {"const": MARK}, MARK)


@pytest.mark.usefixtures("old_app")
def test_executions_know_where_their_secrets_are() -> None:
    run_migrations()

    known, gone, of_agent = (
        db.session.get_one(Execution, each) for each in (EXECUTION, GONE, OF_AGENT)
    )
    assert (known.secret_input_paths, known.secret_output_paths) == ([["card"]], [])
    assert (gone.secret_input_paths, gone.secret_output_paths) == ([[]], [[]]), "nobody knows which"
    assert (of_agent.secret_input_paths, of_agent.secret_output_paths) == ([], [])
    assert (of_agent.input_data, of_agent.output_data) == ({}, None)


@pytest.mark.usefixtures("old_app")
def test_a_downgrade_brings_back_what_was(monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything()

    run_migrations(AFTER)
    flask_migrate.downgrade(revision=BEFORE)

    assert everything() == before
