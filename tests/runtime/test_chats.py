"""/agents/{namespace}/{slug}/chats/batch and /chats: all of them or none, and what was said."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from opensink_web.models import Chat, Execution, ExecutionStatus, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.bearer import mint_execution_token
from opensink_web.outbound.outcome import AgentReply
from tests.api.conftest import (
    Api,
    Apis,
    assert_problem,
    key_with,
    made,
    question,
    start_session,
)
from tests.api.conftest import make_agent as make_agent_as
from tests.conftest import Cast
from tests.runtime.conftest import CALLBACKS_ON_LOOPBACK, REFUSED_CALLBACKS, bearing, services_of
from tests.support.executions import batch, claim_some, execution, finish_all

ADDRESS = "/agents/desk/clerk/chats/batch"
INPUTS = [
    {"message": "One?", "input_variables": {"city": "Bern"}},
    {"message": "Two?", "input_variables": {"city": "Basel"}},
]


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | CALLBACKS_ON_LOOPBACK


@pytest.fixture
def agent(alice: Api) -> Any:
    return make_agent_as(
        alice,
        namespace="desk",
        slug="clerk",
        execution_endpoint={"url": "http://127.0.0.1:9/"},
        initial_messages=[{"role": "system", "content": "You sit in {{ city }}."}],
    )


def submit(api: Api, inputs: Any = INPUTS, **more: Any) -> Any:
    answer = api.at(ADDRESS, "POST", {"inputs": inputs, **more})
    assert answer.status_code == 202, answer.text
    return answer.json


def look(api: Api, path: str) -> Any:
    answer = api.at(path, "GET")
    assert answer.status_code == 200, answer.text
    return answer.json


def wrong_places(answer: TestResponse) -> list[str]:
    problem: Any = answer.json
    return [each["path"] for each in problem["errors"]]


def answer_all(app: Flask, agent: Any) -> None:
    with app.app_context():
        finish_all(claim_some(UUID(agent["id"])), AgentReply("assistant", "Yes.", [{"id": 1}]))


def test_is_queued_in_the_inputs_order(app: Flask, alice: Api, agent: Any) -> None:
    answer = submit(alice, trigger_id_prefix="run-7", callback_url="https://127.0.0.1/one")
    assert set(answer) == {"batch_id", "execution_ids", "chat_ids", "total", "status"}
    assert (answer["total"], answer["status"]) == (2, "queued")
    with app.app_context():
        rows = [execution(UUID(each)) for each in answer["execution_ids"]]
        whole = batch(UUID(answer["batch_id"]))
    assert [str(each.chat_id) for each in rows] == answer["chat_ids"]
    assert [each.trigger_id for each in rows] == ["run-7:0", "run-7:1"]
    assert {each.callback_url for each in rows} == {"https://127.0.0.1/one"}
    assert (whole.kind, whole.target_namespace, whole.target_name) == ("agent", "desk", "clerk")


def test_what_means_nothing_here_is_taken(alice: Api, agent: Any) -> None:
    assert submit(alice, execution_mode="parallel")["total"] == 2


def test_the_transcript_has_what_was_said_in_order(
    app: Flask, alice: Api, agent: Any, cast: Cast
) -> None:
    answer = submit(alice)
    answer_all(app, agent)
    chat = look(alice, f"/chats/{answer['chat_ids'][1]}")
    said = [(each["role"], each["content"], each["tool_calls"]) for each in chat.pop("messages")]
    assert said == [
        ("system", "You sit in Basel.", None),
        ("user", "Two?", None),
        ("assistant", "Yes.", [{"id": 1}]),
    ]
    assert chat.pop("created_at")
    assert chat == {
        "id": answer["chat_ids"][1],
        "chat_id": answer["chat_ids"][1],
        "title": "Two?",
        "agent": {"namespace": "desk", "slug": "clerk"},
        "user_id": str(cast.alice.id),
        "input_variables": {"city": "Basel"},
    }


def test_chats_are_listed_newest_first(alice: Api, agent: Any) -> None:
    ids = submit(alice)["chat_ids"]
    listed = look(alice, "/chats")
    assert {each["chat_id"] for each in listed} == {*ids}
    assert len(look(alice, "/chats?skip=1&limit=1&agent_slug=clerk")) == 1
    assert look(alice, "/chats?agent_namespace=elsewhere") == []


def titles(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.text
    chats: Any = answer.json
    return [each["title"] for each in chats]


def numbered(api: Api, count: int) -> list[str]:
    """Make chats, and return their titles, newest first."""
    variables = {"city": "Bern"}
    submit(api, [{"message": f"No. {n}", "input_variables": variables} for n in range(count)])
    return [f"No. {n}" for n in reversed(range(count))]


def test_an_existing_client_reads_them_page_by_page(alice: Api, agent: Any) -> None:
    expected = numbered(alice, 5)
    read: list[str] = []
    cursor = ""
    while True:
        path = f"/chats?limit=2&include_archived=true{cursor}"
        answer = alice.at(path, "GET")
        read += titles(answer)
        assert "X-Truncated" not in answer.headers
        if "X-Next-Cursor" not in answer.headers:
            break
        cursor = f"&cursor={answer.headers['X-Next-Cursor']}"
    assert read == expected


def test_a_list_that_was_cut_says_so(alice: Api, agent: Any) -> None:
    numbered(alice, 100)
    assert "X-Truncated" not in alice.at("/chats", "GET").headers
    assert "X-Truncated" not in alice.at("/executions", "GET").headers
    numbered(alice, 1)
    for path in ("/chats", "/executions"):
        cut = alice.at(path, "GET")
        assert (len(cut.json or []), cut.headers["X-Truncated"]) == (100, "true")
    cursor = alice.at("/chats", "GET").headers["X-Next-Cursor"]
    assert titles(alice.at(f"/chats?cursor={cursor}", "GET")) == ["No. 0"]


def test_searches_titles_and_agents(alice: Api, agent: Any) -> None:
    for message in ("Alpha one\nand more", "Beta", "alpha two"):
        submit(alice, [{"message": message, "input_variables": {"city": "Bern"}}])
    assert titles(alice.at("/chats?q=ALPHA", "GET")) == ["alpha two", "Alpha one"]
    first = alice.at("/chats?q=alpha&limit=1", "GET")
    assert titles(first) == ["alpha two"]
    rest = alice.at(f"/chats?q=alpha&limit=1&cursor={first.headers['X-Next-Cursor']}", "GET")
    assert titles(rest) == ["Alpha one"]
    assert "X-Next-Cursor" not in rest.headers
    assert titles(alice.at("/chats?q=alpha&skip=1", "GET")) == ["Alpha one"]
    assert len(titles(alice.at("/chats?q=desk/clerk", "GET"))) == 3
    assert titles(alice.at("/chats?q=and+more", "GET")) == []


def test_a_cursor_that_is_none_is_named(alice: Api, agent: Any) -> None:
    assert wrong_places(alice.at("/chats?cursor=x", "GET")) == ["/cursor"]


def test_a_title_is_short_and_of_one_line(alice: Api, agent: Any) -> None:
    message = "  " + "long  words " * 30 + "\nmore"
    submit(alice, [{"message": message, "input_variables": {"city": "Bern"}}])
    (title,) = titles(alice.at("/chats", "GET"))
    assert (len(title), title[:11], title[-1]) == (120, "long words ", "…")


def test_an_older_chat_has_a_title_of_its_first_message(app: Flask, alice: Api, agent: Any) -> None:
    chat_id = submit(alice)["chat_ids"][0]
    with app.app_context(), writing():
        db.session.get_one(Chat, UUID(chat_id)).title = None
    assert look(alice, f"/chats/{chat_id}")["title"] == "One?"


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ([INPUTS[0], {"message": "Two?"}], "/inputs/1/input_variables"),
        ([INPUTS[0], {"message": ""}], "/inputs/1/message"),
        ([{"input_variables": {}}], "/inputs/0/message"),
        ([{"message": "x", "input_variables": []}], "/inputs/0/input_variables"),
    ],
)
def test_one_bad_input_refuses_all_and_is_named(
    app: Flask, alice: Api, agent: Any, inputs: Any, path: str
) -> None:
    answer = alice.at(ADDRESS, "POST", {"inputs": inputs})
    assert answer.status_code == 422, answer.text
    assert wrong_places(answer) == [path]
    with app.app_context(), reading():
        tables = (Chat, Execution)
        assert [db.session.scalar(select(func.count()).select_from(t)) for t in tables] == [0, 0]


def test_a_batch_has_a_size(alice: Api, agent: Any) -> None:
    assert_problem(alice.at(ADDRESS, "POST", {"inputs": []}), 400, "batch_size")


@pytest.mark.parametrize(("url", "word"), REFUSED_CALLBACKS)
def test_a_callback_elsewhere_is_refused(alice: Api, agent: Any, url: str, word: str) -> None:
    answer = alice.at(ADDRESS, "POST", {"inputs": INPUTS, "batch_callback_url": url})
    assert_problem(answer, 400, "callback_refused")
    assert word in answer.text


def test_an_agent_without_an_endpoint_says_what_to_do(alice: Api) -> None:
    make_agent_as(alice, namespace="desk", slug="clerk")
    answer = alice.at(ADDRESS, "POST", {"inputs": INPUTS})
    assert_problem(answer, 409, "conflict")
    assert "no execution endpoint" in answer.text


def test_a_key_needs_the_scope_of_chats(alice: Api, app: Flask, agent: Any) -> None:
    refused = key_with(alice, app, "agents:write").at(ADDRESS, "POST", {"inputs": INPUTS})
    assert_problem(refused, 403, "permission_missing")
    assert "chats:write" in refused.text
    submit(key_with(alice, app, "chats:write"))


def test_reviewers_read_chats_and_begin_none(apis: Apis, agent: Any) -> None:
    chat_id = submit(apis.alice)["chat_ids"][0]
    assert apis.bob.at(f"/chats/{chat_id}", "GET").status_code == 200
    assert_problem(apis.bob.at(ADDRESS, "POST", {"inputs": INPUTS}), 403, "permission_missing")


def test_other_workspaces_see_nothing(apis: Apis, agent: Any) -> None:
    chat_id = submit(apis.alice)["chat_ids"][0]
    assert_problem(apis.charlie.at(f"/chats/{chat_id}", "GET"), 404, "not_found")
    assert_problem(apis.charlie.at(ADDRESS, "POST", {"inputs": INPUTS}), 404, "not_found")
    assert look(apis.charlie, "/chats") == []


@pytest.mark.parametrize("scopes", [("all:all",), ("chats:write",)])
def test_an_agent_that_asks_a_person_fails_its_execution(
    app: Flask, alice: Api, agent: Any, scopes: tuple[str, ...]
) -> None:
    answer = submit(key_with(alice, app, *scopes), INPUTS[:1])
    session = start_session(alice, agent["id"])
    execution_id = UUID(answer["execution_ids"][0])
    with app.app_context():
        claims = claim_some(UUID(agent["id"]))
        token = mint_execution_token(services_of(app).signer, claims[0])
    executing = bearing(app, token)
    for _ in range(2):
        refused = executing.post(
            "/agent-session-input-requests", question(session), headers={"Idempotency-Key": "k"}
        )
        problem = assert_problem(refused, 409, "conflict")
        assert problem["error"] == "approval required; agent invoked async cannot pause"
    with app.app_context():
        finish_all(claims, AgentReply("assistant", "Too late.", None))
        ended = execution(execution_id)
    assert ended.status is ExecutionStatus.FAILED
    assert ended.error == "approval required; agent invoked async cannot pause"
    assert alice.read("/agent-session-input-requests")["items"] == []


def test_an_agent_is_deleted_after_its_executions(app: Flask, alice: Api, agent: Any) -> None:
    chat_id = submit(alice)["chat_ids"][0]
    assert_problem(alice.delete(f"/agents/{agent['id']}"), 409, "conflict")
    answer_all(app, agent)
    assert alice.delete(f"/agents/{agent['id']}").status_code == 204
    chat = look(alice, f"/chats/{chat_id}")
    assert (chat["agent"], len(chat["messages"])) == (None, 3)


def test_a_template_that_multiplies_values_is_refused_while_others_are_answered(
    app: Flask, apis: Apis
) -> None:
    multiplied = "{% set a = z|map('d', l, true)|list %}{{ a|sum(start=[])|length }}"
    make_agent_as(
        apis.alice,
        namespace="desk",
        slug="clerk",
        execution_endpoint={"url": "http://127.0.0.1:9/"},
        initial_messages=[{"role": "system", "content": multiplied}],
    )
    variables = {"z": [0] * 20_000, "l": [1] * 20_000}
    inputs = [{"message": "One?", "input_variables": variables}]
    with ThreadPoolExecutor(1) as threads:
        hostile = threads.submit(apis.alice.at, ADDRESS, "POST", {"inputs": inputs})
        answered = 0
        while not hostile.done():
            assert apis.charlie.get("/agents").status_code == 200
            answered += 1
            time.sleep(0.02)  # the template, which comes after others, shall have its time
        answer = hostile.result()
    assert_problem(answer, 422, "invalid_input")
    assert wrong_places(answer) == ["/inputs/0/input_variables"]
    assert "take too long to fill in" in answer.text
    assert answered > 10
    with app.app_context(), reading():
        assert db.session.scalar(select(func.count()).select_from(Chat)) == 0


def test_first_messages_are_made_changed_and_shown(alice: Api) -> None:
    first = [{"role": "system", "content": "Hi {{ name }}"}]
    agent = made(alice.post("/agents", {"name": "A", "initial_messages": first}))
    assert agent["initial_messages"] == first
    path = f"/agents/{agent['id']}"
    alice.patch(path, {"name": "B"})
    assert alice.read(path)["initial_messages"] == first
    alice.patch(path, {"initial_messages": []})
    assert alice.read(path)["initial_messages"] == []


@pytest.mark.parametrize(
    ("messages", "path"),
    [
        ([{"role": "system", "content": "{{ name"}], "/initial_messages/0/content"),
        (
            [{"role": "system", "content": "x"}, {"role": "user", "content": "{% include 'x' %}"}],
            "/initial_messages/1/content",
        ),
        ([{"role": "boss", "content": "x"}], "/initial_messages/0/role"),
        ([{"role": "user", "content": ""}], "/initial_messages/0/content"),
        ([{"role": "user", "content": "x"}] * 11, "/initial_messages"),
        ([{"role": "user", "content": "x" * 20_000}] * 2, "/initial_messages"),
    ],
)
def test_first_messages_that_are_no_templates_are_refused(
    alice: Api, messages: Any, path: str
) -> None:
    answer = alice.post("/agents", {"name": "A", "initial_messages": messages})
    assert_problem(answer, 400, "invalid_request")
    assert wrong_places(answer) == [path]
