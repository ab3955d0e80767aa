"""/agent-session-activities: what happened, only ever added to."""

from typing import Any

import pytest

from tests.api.conftest import (
    NOWHERE,
    Api,
    Apis,
    ask,
    assert_problem,
    made,
    make_agent,
    start_session,
    wrong_paths,
)

PATH = "/agent-session-activities"


@pytest.fixture
def session(alice: Api) -> Any:
    return start_session(alice, make_agent(alice)["id"])


def event(session: Any, **fields: Any) -> dict[str, Any]:
    return {
        "session_id": session["id"],
        "agent_id": session["agent_id"],
        "type": "message",
        "source": "agent",
        **fields,
    }


def items(api: Api, query: str = "") -> list[Any]:
    page = api.read(f"{PATH}?{query}")
    found: list[Any] = page["items"]
    return found


def test_answers_what_was_logged(alice: Api, session: Any) -> None:
    links = [{"href": "https://example.com/a", "text": "A"}]
    details = {"message": "Hello.", "payload": [1, {"a": None}], "related_entity_id": "x"}
    activity = made(alice.post(PATH, event(session, links=links, **details)))

    assert {**activity, "id": "", "created_at": "", "updated_at": ""} == {
        "id": "",
        "workspace_id": session["workspace_id"],
        **event(session, links=links, **details),
        "recorded_by": "agent",
        "created_at": "",
        "updated_at": "",
    }
    assert activity["updated_at"] == activity["created_at"]
    assert alice.read(f"{PATH}/{activity['id']}") == activity


def test_what_was_read_can_be_posted_again(alice: Api, session: Any) -> None:
    """As clients do that keep whole objects: with the server's fields, and null for no links."""
    first = made(alice.post(PATH, event(session, message="Hello.")))
    again = made(alice.post(PATH, {**first, "links": None, "recorded_by": "opensink"}))
    assert again["id"] != first["id"]
    assert (again["links"], again["recorded_by"]) == ([], "agent")


@pytest.mark.parametrize("source", ["system", "user", "agent"])
@pytest.mark.parametrize(
    "kind", ["session_started", "session_ended", "input_request_created", "input_request_resolved"]
)
def test_whatever_it_is_posted_as_it_is_the_agents_word(alice: Api, kind: str, source: str) -> None:
    request = ask(alice)
    resolve = f"/agent-session-input-requests/{request['id']}/resolve"
    alice.post(resolve, {"response": {"approved": False}})
    forged = {"type": kind, "source": source, "related_entity_id": request["id"]}
    forged["message"] = "alice@example.com answered “Buy?”."
    about = {"id": request["session_id"], "agent_id": request["agent_id"]}
    posted = made(alice.post(PATH, event(about, **forged)))
    assert (posted["type"], posted["source"]) == (kind, source)
    assert [each["id"] for each in items(alice, "recorded_by=agent")] == [posted["id"]]
    ours = items(alice, "recorded_by=opensink")
    assert [each["type"] for each in ours] == [
        "input_request_resolved",
        "input_request_created",
        "session_started",
    ]


def test_fills_in_what_is_left_out(alice: Api, session: Any) -> None:
    activity = made(alice.post(PATH, event(session)))

    assert activity["message"] is activity["payload"] is activity["related_entity_id"] is None
    assert activity["links"] == []


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"type": "party"}, "/type"),
        ({"source": "cat"}, "/source"),
        ({"message": 5}, "/message"),
        ({"related_entity_id": "x" * 256}, "/related_entity_id"),
        ({"links": [{"href": "https://example.com"}]}, "/links/0/text"),
        ({"links": {}}, "/links"),
        ({"links": [{"href": "https://a.example", "text": "x", "rel": "x"}]}, "/links/0/rel"),
    ],
)
def test_refuses_a_bad_body(alice: Api, session: Any, fields: dict[str, Any], path: str) -> None:
    assert wrong_paths(alice.post(PATH, event(session, **fields))) == [path]


@pytest.mark.parametrize(
    "href",
    [
        *["javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:,x"],
        *[" https://example.com", "https://exa\nmple.com", "https:example.com", "https:///x"],
        *["//example.com", "/w/main", "http:\\\\example.com", "vbscript:x", "file:///x"],
        *["//[", ""],
    ],
)
def test_a_link_leads_to_the_web(alice: Api, session: Any, href: str) -> None:
    good = {"href": "https://example.com/a b?c#ü", "text": "fine"}
    links = [good, {"href": href, "text": "Report"}]
    assert wrong_paths(alice.post(PATH, event(session, links=links))) == ["/links/1/href"]


def test_the_session_is_the_agents_own(alice: Api, session: Any) -> None:
    other = make_agent(alice)
    assert wrong_paths(alice.post(PATH, event(session, agent_id=other["id"]))) == ["/agent_id"]


def test_there_is_no_such_session(alice: Api, apis: Apis, session: Any) -> None:
    assert_problem(alice.post(PATH, event(session, session_id=NOWHERE)), 404, "not_found")
    assert_problem(apis.charlie.post(PATH, event(session)), 404, "not_found")


def test_the_system_logs_a_whole_session(alice: Api) -> None:
    request = ask(alice)
    alice.post(
        f"/agent-session-input-requests/{request['id']}/resolve", {"response": {"approved": True}}
    )
    alice.patch(f"/agent-sessions/{request['session_id']}", {"status": "completed"})

    assert [each["type"] for each in items(alice)] == [
        "session_ended",
        "input_request_resolved",
        "input_request_created",
        "session_started",
    ]


def test_lists_by_session_agent_type_and_source(alice: Api, session: Any) -> None:
    message = made(alice.post(PATH, event(session)))
    other = ask(alice)

    assert [each["id"] for each in items(alice, "type=message")] == [message["id"]]
    assert {each["source"] for each in items(alice, "source=system")} == {"system"}
    assert len(items(alice, f"session_id={session['id']}")) == 2
    assert len(items(alice, f"agent_id={other['agent_id']}&source=agent")) == 1
    assert wrong_paths(alice.get(f"{PATH}?type=party")) == ["/type"]


def test_another_workspace_sees_nothing(alice: Api, apis: Apis, session: Any) -> None:
    activity = made(alice.post(PATH, event(session)))

    assert_problem(apis.charlie.get(f"{PATH}/{activity['id']}"), 404, "not_found")
    assert items(apis.charlie) == []


@pytest.mark.parametrize("verb", ["PATCH", "DELETE", "PUT"])
def test_is_never_changed(alice: Api, session: Any, verb: str) -> None:
    activity = made(alice.post(PATH, event(session)))
    assert_problem(alice(verb, f"{PATH}/{activity['id']}"), 405, "method_not_allowed")
