"""POST /agent-session-input-requests: asking a person."""

import hashlib
from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import (
    APPROVAL,
    NOWHERE,
    Api,
    Apis,
    ask,
    assert_problem,
    key_with,
    made,
    make_agent,
    question,
    start_session,
    wrong_paths,
)
from tests.conftest import Cast

PATH = "/agent-session-input-requests"
_AS_SHOWN = (
    '{"message":"Ten of them.","proposed_response":null,"revision":1,"schema":{"properties":{'
    '"approved":{"type":"boolean"},"limit":{"minimum":1,"type":"integer"}},'
    '"required":["approved"],"type":"object"},"title":"Buy?"}'
)
"""What people see of a question, as its digest is made of it."""


@pytest.fixture
def session(alice: Api) -> Any:
    return start_session(alice, make_agent(alice)["id"])


def test_answers_what_was_asked(alice: Api, cast: Cast, session: Any) -> None:
    request = made(alice.post(PATH, question(session)))

    assert {**request, "id": "", "created_at": ""} == {
        "id": "",
        "session_id": session["id"],
        "agent_id": session["agent_id"],
        "workspace_id": session["workspace_id"],
        "execution_id": None,
        "kind": "input",
        "key": "buy",
        "title": "Buy?",
        "message": "Ten of them.",
        "schema": APPROVAL,
        "proposed_response": None,
        "resume": None,
        "response": None,
        "edited": None,
        "decline_reason": None,
        "status": "pending",
        "created_at": "",
        "resolved_at": None,
        "resolved_by": None,
        "resolved_by_system": False,
        "resolved_for": None,
        "step": None,
        "priority": 0,
        "tags": [],
        "assignees": [],
        "comments_count": 0,
        "trace_id": None,
        "resolved_trace_id": None,
        "claimed_by": None,
        "claimed_until": None,
        "reference": None,
        "context": [],
        "allow_decline": True,
        "expires_at": None,
        "on_expire": "none",
        "default_response": None,
        "requested_by": {"id": str(cast.alice.id), "email": "alice@example.com"},
        "standing_approval_id": None,
        "forbid_requester": False,
        "required_responses": 1,
        "quorum": None,
        "responses": [],
        "revision": 1,
        "supersedes_id": None,
        "superseded_by": None,
        "cancel_reason": None,
        "digest": hashlib.sha256(_AS_SHOWN.encode()).hexdigest(),
    }


def test_session_and_agent_wait(alice: Api, session: Any) -> None:
    alice.post(PATH, question(session))

    for path in (f"/agent-sessions/{session['id']}", f"/agents/{session['agent_id']}"):
        assert alice.read(path)["status"] == "waiting_for_input"


def test_keeps_the_order_of_the_schemas_properties(alice: Api, session: Any) -> None:
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in "zebra"}}
    request = made(alice.post(PATH, question(session, schema=schema)))

    assert list(request["schema"]["properties"]) == list("zebra")


def test_takes_an_empty_message(alice: Api, session: Any) -> None:
    assert made(alice.post(PATH, question(session, message="")))["message"] == ""


@pytest.mark.parametrize("dialect", ["draft-07/schema#", "draft/2019-09/schema"])
def test_takes_older_dialects(alice: Api, session: Any, dialect: str) -> None:
    scheme = "http" if "07" in dialect else "https"
    schema = {"$schema": f"{scheme}://json-schema.org/{dialect}", **APPROVAL}

    assert made(alice.post(PATH, question(session, schema=schema)))["schema"] == schema


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "objekt"}, "/schema/type"),
        ({"properties": {"a": {"minLength": -1}}}, "/schema/properties/a/minLength"),
        ({"$ref": "https://example.com/schema"}, "/schema/$ref"),
        ("text", "/schema"),
        (None, "/schema"),
    ],
)
def test_points_at_what_is_wrong_with_a_schema(
    alice: Api, session: Any, schema: Any, path: str
) -> None:
    response = alice.post(PATH, question(session, schema=schema))

    assert wrong_paths(response, "invalid_schema")[0] == path


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"key": "x" * 256}, "/key"),
        ({"key": ""}, "/key"),
        ({"title": "x" * 256}, "/title"),
        ({"title": 5}, "/title"),
        ({"message": None}, "/message"),
        ({"session_id": 5}, "/session_id"),
        ({"mesage": "x"}, "/mesage"),
    ],
)
def test_refuses_a_bad_body(alice: Api, session: Any, fields: dict[str, Any], path: str) -> None:
    assert wrong_paths(alice.post(PATH, question(session, **fields))) == [path]


@pytest.mark.parametrize("field", ["session_id", "agent_id", "key", "title", "message", "schema"])
def test_every_field_is_required(alice: Api, session: Any, field: str) -> None:
    body = question(session)
    del body[field]

    assert wrong_paths(alice.post(PATH, body)) == [f"/{field}"]


def test_ignores_what_the_server_sets(alice: Api, session: Any) -> None:
    asked = made(alice.post(PATH, question(session, status="resolved", response={"a": 1})))

    assert (asked["status"], asked["response"]) == ("pending", None)


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_session_that_has_ended_asks_nothing(alice: Api, session: Any, status: str) -> None:
    alice.patch(f"/agent-sessions/{session['id']}", {"status": status})

    assert_problem(alice.post(PATH, question(session)), 409, "conflict")


def test_the_session_is_the_agents_own(alice: Api, session: Any) -> None:
    other = make_agent(alice)

    assert wrong_paths(alice.post(PATH, question(session, agent_id=other["id"]))) == ["/agent_id"]


def test_there_is_no_such_session(alice: Api, apis: Apis, session: Any) -> None:
    nowhere = question(session, session_id=NOWHERE)

    assert_problem(alice.post(PATH, nowhere), 404, "not_found")
    assert_problem(apis.charlie.post(PATH, question(session)), 404, "not_found")


class TestReading:
    def test_answers_one_and_all(self, alice: Api) -> None:
        request = ask(alice)

        assert alice.read(f"{PATH}/{request['id']}") == request
        assert alice.read(PATH) == {"items": [request], "trail": None}

    def test_lists_by_session_agent_status_and_key(self, alice: Api) -> None:
        first, second = ask(alice, key="a"), ask(alice, key="b")
        alice.post(f"{PATH}/{second['id']}/resolve", {"response": {"approved": True}})

        for query, found in (
            (f"session_id={first['session_id']}", first),
            (f"agent_id={second['agent_id']}", second),
            ("status=pending", first),
            ("status=resolved", second),
            ("key=b", second),
        ):
            page = alice.read(f"{PATH}?{query}")
            assert [item["id"] for item in page["items"]] == [found["id"]], query

    def test_a_key_with_nul_is_nobodys(self, alice: Api) -> None:
        assert wrong_paths(alice.get(f"{PATH}?key=%00")) == ["/key"]

    def test_another_workspace_sees_nothing(self, alice: Api, apis: Apis) -> None:
        request = ask(alice)

        assert_problem(apis.charlie.get(f"{PATH}/{request['id']}"), 404, "not_found")
        assert apis.charlie.read(f"{PATH}?key=buy") == {"items": [], "trail": None}

    def test_a_key_for_agents_only_reads_none(self, app: Flask, alice: Api) -> None:
        assert_problem(key_with(alice, app, "agents:all").get(PATH), 403, "permission_missing")
