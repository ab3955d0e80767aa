"""The SDK against a real server, over a real socket."""

import threading
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import requests
from flask import Flask

from opensink_client import AgentSession, Client, InputRequest, OpenSinkApiError
from opensink_client.resources import read
from opensink_web.outbound.outcome import AgentReply, Failure, Output
from tests.clients.python.conftest import SCHEMA
from tests.conftest import Cast
from tests.support import executions
from tests.support.real_servers import AgentEndpoint


def resolve(base_url: str, cast: Cast, request_id: str) -> None:
    response = requests.post(
        f"{base_url}/api/v1/agent-session-input-requests/{request_id}/resolve",
        json={"response": {"approved": True}},
        headers=cast.bob.headers,
    )
    assert response.status_code == 200, response.text


def test_makes_and_changes_an_agent(client: Client) -> None:
    agent = client.create_agent(
        "Trader", slug="t", execution_endpoint={"url": "http://127.0.0.1:9/"}
    )
    changed = client.update_agent(agent.id, name="Buyer", execution_endpoint=None)

    assert (agent.slug, agent.status) == ("t", None)
    assert (changed.name, changed.execution_endpoint) == ("Buyer", None)


def test_starts_and_moves_a_session(client: Client, session: AgentSession) -> None:
    changed = client.update_session(session.id, status="completed", state={"step": 2})

    assert (session.status, session.state) == ("running", {"step": 1})
    assert (changed.status, changed.state) == ("completed", {"step": 2})
    assert client.get_session(session.id) == changed


def test_shows_the_form_of_a_schema_and_asks_nobody(client: Client) -> None:
    preview = client.preview(SCHEMA, {"approved": "yes"})

    assert [each["pointer"] for each in preview.fields] == ["/approved"]
    assert (preview.is_native, preview.warnings) == (True, [])
    assert [each["path"] for each in preview.errors] == ["/values/approved"]
    assert [each["pointer"] for each in preview.notices] == ["/approved"]
    assert "/previews/" in preview.url


def test_asks_and_waits_for_the_answer(
    client: Client, session: AgentSession, base_url: str, cast: Cast
) -> None:
    request = client.ask(session, key="buy", title="Buy?", message="", schema=SCHEMA)
    answering = threading.Timer(0.3, resolve, (base_url, cast, request.id))
    answering.start()
    answered = client.wait_for_answer(request.id, timeout_seconds=100)
    answering.join()

    assert (request.status, request.response) == ("pending", None)
    assert (answered.status, answered.response) == ("resolved", {"approved": True})
    assert client.get_input_request(request.id) == answered


def test_asks_with_a_deadline_and_gives_more_time(client: Client, session: AgentSession) -> None:
    request = client.ask(
        session,
        key="buy",
        title="Buy?",
        message="",
        schema=SCHEMA,
        expires_at=datetime(2090, 1, 1, tzinfo=UTC),
        on_expire="default",
        default_response={"approved": False},
        tags=["vip"],
    )
    assert request.expires_at == "2090-01-01T00:00:00Z"
    later = client.extend(request.id, datetime(2090, 1, 2, tzinfo=UTC))
    assert later.expires_at == client.get_input_request(request.id).expires_at
    assert later.expires_at == "2090-01-02T00:00:00Z"


def test_asks_something_else_instead(client: Client, session: AgentSession) -> None:
    first = client.ask(session, key="buy", title="Buy?", message="", schema=SCHEMA)
    second = client.supersede(first.id, title="Sell?")
    old = client.wait_for_answer(first.id, timeout_seconds=20)

    assert (second.title, second.revision, second.supersedes_id) == ("Sell?", 2, first.id)
    assert (old.status, old.superseded_by) == ("superseded", second.id)


def test_reads_what_is_said_and_answers(client: Client, session: AgentSession) -> None:
    request = client.ask(session, key="buy", title="Buy?", message="", schema=SCHEMA)
    first, second = (client.comment(request.id, text) for text in ("One", "Two"))

    assert (first.message, first.author_type, first.wake) == ("One", "agent", False)
    assert client.comments(request.id) == [first, second]
    assert client.comments(request.id, after=first.id) == [second]
    assert client.comments(request.id, after=second.id, wait_seconds=1) == []
    assert client.get_input_request(request.id).comments_count == 2


def test_takes_a_question_back(client: Client, session: AgentSession) -> None:
    request = client.ask(session, key="buy", title="Buy?", message="", schema=SCHEMA)
    cancelled = client.cancel_input_request(request.id, "The market has closed.")

    assert (cancelled.status, cancelled.cancel_reason) == ("cancelled", "The market has closed.")
    assert client.wait_for_answer(request.id, timeout_seconds=20) == cancelled


def test_reads_what_an_older_server_says(client: Client, session: AgentSession) -> None:
    request = client.ask(session, key="buy", title="Buy?", message="", schema=SCHEMA)
    known = {"response", "edited", "decline_reason", "status", "title", "key", "kind", "id"}
    known |= {"session_id", "agent_id", "execution_id"}
    older = {name: value for name, value in asdict(request).items() if name in known}
    assert read(InputRequest, older).revision == 1


def test_waits_no_longer_than_told(client: Client, session: AgentSession) -> None:
    request = client.ask(session, key="buy", title="Buy?", message="", schema=SCHEMA)

    with pytest.raises(TimeoutError):
        client.wait_for_answer(request.id, timeout_seconds=0.2)


def test_logs_what_happens(client: Client, session: AgentSession) -> None:
    client.log_activity(session, "Bought.", payload={"count": 10}, source="user")
    told = [(each.recorded_by, each.message) for each in client.list_activities(session)]
    assert told == [("agent", "Bought."), ("opensink", "The session started.")]
    (ours,) = client.list_activities(session, recorded_by="opensink")
    assert ours.type == "session_started"


def test_says_what_was_refused_and_why(client: Client) -> None:
    with pytest.raises(OpenSinkApiError, match="/name") as caught:
        client.create_agent("")

    assert (caught.value.status, caught.value.code) == (400, "invalid_request")
    assert [each["path"] for each in caught.value.errors] == ["/name"]


def test_an_answer_that_is_no_json_is_an_error_too(cast: Cast) -> None:
    with (
        AgentEndpoint(status=502, body=b"<h1>Bad Gateway</h1>") as proxy,
        Client(proxy.url.removesuffix("/execute"), cast.alice.api_key) as client,
        pytest.raises(OpenSinkApiError) as caught,
    ):
        client.get_session("x")

    assert caught.value.status == 502


def test_tries_again_under_one_idempotency_key(cast: Cast) -> None:
    problem = b'{"error": "Later.", "detail": "Later.", "code": "unavailable"}'
    with (
        AgentEndpoint(status=503, body=problem) as server,
        Client(server.url.removesuffix("/execute"), cast.alice.api_key) as client,
        pytest.raises(OpenSinkApiError) as caught,
    ):
        client.create_agent("Trader")

    assert caught.value.code == "unavailable"
    assert len(server.calls) > 1
    assert len({call.headers["idempotency-key"] for call in server.calls}) == 1


def test_an_entry_in_netrc_does_not_replace_the_key(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login alice password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))

    assert client.create_agent("Trader").name == "Trader"


def test_makes_finds_changes_and_deletes_functions(client: Client) -> None:
    target = {"kind": "http", "url": "http://127.0.0.1:9/"}
    made = client.create_function("images", "resize", target, timeout_seconds=5)
    changed = client.update_function("images", "resize", is_active=False)

    assert (made.timeout_seconds, made.is_active, changed.is_active) == (5, True, False)
    assert client.get_function("images", "resize") == changed
    for number in range(20):
        client.create_function("mail", f"send{number}", target)
    assert [each.name for each in client.list_functions()][-2:] == ["send0", "resize"]
    assert [each.name for each in client.list_functions(search="images/")] == ["resize"]
    client.delete_function("images", "resize")
    with pytest.raises(OpenSinkApiError) as caught:
        client.get_function("images", "resize")
    assert caught.value.status == 404


def test_executes_a_function_and_tells_how_it_went(
    app: Flask, client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensink_web.runtime.function.GRACE_SECONDS", 0.0)
    with app.app_context():
        executions.make_function(cast.alice)
    outcome = client.execute("tests", "work", {"n": 1}, timeout_seconds=1)

    assert (outcome.status, outcome.result) == ("timeout", None)
    assert client.get_execution(outcome.execution_id).status == "queued"
    assert client.cancel_execution(outcome.execution_id).status == "cancelled"
    with pytest.raises(OpenSinkApiError, match="schema") as caught:
        client.execute_async("tests", "work", {"n": "one"})
    assert caught.value.errors[0]["path"] == "/input/n"


def test_queues_executions_and_finds_them(app: Flask, client: Client, cast: Cast) -> None:
    with app.app_context():
        function_id = executions.make_function(cast.alice)
        queued = client.execute_async("tests", "work", {"n": 1}, trigger_id="order-7")
        executions.finish_all(executions.claim_some(function_id), Output({"sum": 3}))

    assert queued.status == "queued"
    (found,) = client.list_executions(trigger_id="order-7", status="COMPLETED")
    assert (found.execution_id, found.output_data) == (queued.execution_id, {"sum": 3})


def test_queues_a_batch_and_waits_for_its_end(app: Flask, client: Client, cast: Cast) -> None:
    with app.app_context():
        function_id = executions.make_function(cast.alice)
        queued = client.execute_batch("tests", "work", [{"n": n} for n in range(101)])
        with pytest.raises(TimeoutError):
            client.wait_for_batch(queued.batch_id, timeout_seconds=0)
        executions.finish_all(executions.claim_some(function_id, 100), Output(1))
        executions.finish_all(executions.claim_some(function_id), Failure("No disk."))
    ended = client.wait_for_batch(queued.batch_id)

    assert (ended.status, ended.completed, ended.failed) == ("partial", 100, 1)
    assert [each.batch_id for each in client.list_batches(status="partial")] == [queued.batch_id]
    every = [each.execution_id for each in client.all_executions(batch_id=queued.batch_id)]
    assert sorted(every) == sorted(queued.execution_ids)
    ids = [each.execution_id for each in client.batch_executions(queued.batch_id)]
    assert ids == queued.execution_ids
    (failed,) = client.batch_executions(queued.batch_id, status="failed")
    assert (failed.error, failed.input_data) == ("No disk.", {"n": 100})


def test_has_an_agent_answer_chats_and_reads_them(app: Flask, client: Client, cast: Cast) -> None:
    agent = client.create_agent(
        "Clerk",
        execution_endpoint={"url": "http://127.0.0.1:9/"},
        initial_messages=[{"role": "system", "content": "Speak {{ language }}."}],
    )
    inputs = [{"message": "Hi", "input_variables": {"language": "French"}}]
    queued = client.chat_batch(agent.namespace, agent.slug, inputs)
    with app.app_context():
        claims = executions.claim_some(UUID(agent.id))
        executions.finish_all(claims, AgentReply("assistant", "Salut", None))
    assert client.wait_for_batch(queued.batch_id).status == "completed"
    chat = client.get_chat(queued.chat_ids[0])
    (listed,) = client.list_chats(q="clerk", limit=1)
    assert (listed.chat_id, listed.title) == (chat.chat_id, chat.title)
    said = [(each["role"], each["content"]) for each in chat.messages]
    assert said == [("system", "Speak French."), ("user", "Hi"), ("assistant", "Salut")]


def test_cancels_a_batch(app: Flask, client: Client, cast: Cast) -> None:
    with app.app_context():
        executions.make_function(cast.alice)
    queued = client.execute_batch("tests", "work", [{"n": 1}, {"n": 2}])

    assert client.cancel_batch(queued.batch_id) == 2
    assert client.get_batch(queued.batch_id).status == "cancelled"


def test_says_who_it_speaks_for(client: Client, cast: Cast) -> None:
    me = client.me()
    assert (me.email, me.scopes, me.execution_id) == (cast.alice.email, ["all:all"], None)
