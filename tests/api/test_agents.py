"""/agents: make, read, change, delete."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.api.conftest import (
    NOWHERE,
    Api,
    Apis,
    assert_problem,
    key_with,
    made,
    make_agent,
    start_session,
    wrong_paths,
)
from tests.conftest import Cast
from tests.support.agent_cases import lose_endpoint

ENDPOINT = {
    "url": "http://127.0.0.1:9/execute",
    "method": "PUT",
    "headers": {"Authorization": "Bearer secret", "X-Custom-Header": "value"},
    "body": {"source": "opensink"},
    "timeout_seconds": 12,
    "retry": {"max_attempts": 3, "backoff": {"initial_seconds": 2.5, "max_seconds": 90}},
}


class TestMaking:
    def test_answers_what_was_made(self, alice: Api, cast: Cast) -> None:
        agent = make_agent(alice, "Émile's Trader", description="Buys.")

        assert agent.pop("signing_secret").startswith("whsec_")
        assert agent.pop("config_id")
        assert {**agent, "id": "", "created_at": "", "updated_at": ""} == {
            "id": "",
            "workspace_id": str(cast.alice.workspace_id),
            "name": "Émile's Trader",
            "description": "Buys.",
            "namespace": "default",
            "slug": "emile-s-trader",
            "status": None,
            "execution_endpoint": None,
            "execution_endpoint_error": None,
            "endpoint_health": None,
            "initial_messages": [],
            "signing_overlap_ends_at": None,
            "created_at": "",
            "updated_at": "",
        }
        assert agent["created_at"].endswith("Z")

    def test_numbers_a_derived_slug_that_is_taken(self, alice: Api) -> None:
        assert [make_agent(alice)["slug"] for _ in range(2)] == ["trader", "trader-2"]

    def test_refuses_a_chosen_slug_that_is_taken(self, alice: Api) -> None:
        make_agent(alice, slug="one")

        problem = assert_problem(
            alice.post("/agents", {"name": "x", "slug": "one"}), 409, "conflict"
        )
        assert "errors" not in problem
        assert make_agent(alice, slug="one", namespace="other")["slug"] == "one"

    @pytest.mark.parametrize("name", ["", " ", "\t\n", "\x1d", "\u2003", "\x85"])
    def test_refuses_a_name_in_which_nothing_can_be_seen(self, alice: Api, name: str) -> None:
        problem = assert_problem(alice.post("/agents", {"name": name}), 400, "invalid_request")
        assert problem["errors"][0]["path"] == "/name"
        assert "pattern" not in problem["errors"][0]["message"]

    def test_fills_in_the_endpoints_defaults(self, alice: Api) -> None:
        agent = make_agent(alice, execution_endpoint={"url": "http://127.0.0.1:9/"})

        assert agent["execution_endpoint"] == {
            "url": "http://127.0.0.1:9/",
            "method": "POST",
            "headers": {},
            "body": None,
            "timeout_seconds": 30,
            "retry": {"max_attempts": 1, "backoff": {"initial_seconds": 10, "max_seconds": 3600}},
        }

    def test_keeps_a_whole_endpoint(self, alice: Api) -> None:
        assert make_agent(alice, execution_endpoint=ENDPOINT)["execution_endpoint"] == ENDPOINT

    @pytest.mark.parametrize(
        ("changes", "path"),
        [
            ({"url": "ftp://example.com"}, "/url"),
            ({"url": "http://169.254.169.254/"}, "/url"),
            ({"method": "PATCH"}, "/method"),
            ({"timeout_seconds": 0}, "/timeout_seconds"),
            ({"timeout_seconds": 301}, "/timeout_seconds"),
            ({"retry": {"max_attempts": 11}}, "/retry/max_attempts"),
            ({"retry": {"backoff": {"initial_seconds": 0}}}, "/retry/backoff/initial_seconds"),
            ({"retry": {"backoff": {"max_seconds": 5}}}, "/retry/backoff/max_seconds"),
            ({"body": []}, "/body"),
            ({"headers": {"Host": "example.com"}}, "/headers/Host"),
            ({"headers": {"X-OpenSink-Secret": "x"}}, "/headers/X-OpenSink-Secret"),
            ({"headers": {"webhook-id": "x"}}, "/headers/webhook-id"),
            ({"headers": {"X-A": "a\r\nb"}}, "/headers/X-A"),
            ({"headers": {"X-A": 5}}, "/headers/X-A"),
        ],
    )
    def test_refuses_an_endpoint_that_cannot_be_used(
        self, alice: Api, changes: dict[str, Any], path: str
    ) -> None:
        body = {"name": "x", "execution_endpoint": ENDPOINT | changes}

        assert wrong_paths(alice.post("/agents", body)) == ["/execution_endpoint" + path]

    def test_writes_a_limit_as_people_do(self, alice: Api) -> None:
        endpoint = ENDPOINT | {"timeout_seconds": 301}
        answer = alice.post("/agents", {"name": "x", "execution_endpoint": endpoint})
        assert "at most 300." in answer.text
        assert "300.0" not in answer.text

    @pytest.mark.parametrize("name", ["", "x" * 256, None, 5])
    def test_refuses_a_bad_name(self, alice: Api, name: Any) -> None:
        assert wrong_paths(alice.post("/agents", {"name": name})) == ["/name"]

    @pytest.mark.parametrize("field", ["namespace", "slug"])
    def test_refuses_what_cannot_stand_in_an_address(self, alice: Api, field: str) -> None:
        assert wrong_paths(alice.post("/agents", {"name": "x", field: "a/b"})) == [f"/{field}"]

    def test_ignores_fields_that_the_server_sets(self, alice: Api) -> None:
        first = make_agent(alice)
        echoed = made(alice.post("/agents", {**first, "slug": "echo", "status": "running"}))

        assert echoed["id"] != first["id"]
        assert echoed["status"] is None


class TestReading:
    def test_answers_one_and_all(self, alice: Api) -> None:
        agent = make_agent(alice, execution_endpoint=ENDPOINT)

        assert alice.read(f"/agents/{agent['id']}") == agent
        assert alice.read("/agents") == {"items": [agent], "trail": None}

    def test_takes_an_id_in_capitals(self, alice: Api) -> None:
        agent = make_agent(alice)
        assert alice.read(f"/agents/{agent['id'].upper()}") == agent

    def test_hides_credentials_from_those_who_may_not_change_them(
        self, app: Flask, alice: Api, apis: Apis
    ) -> None:
        agent_id = make_agent(alice, execution_endpoint=ENDPOINT)["id"]

        for api in (apis.bob, key_with(alice, app, "agents:read")):
            one = api.read(f"/agents/{agent_id}")
            (listed,) = api.read("/agents")["items"]
            for shown in (one, listed):
                assert shown["execution_endpoint"]["headers"] == {
                    "Authorization": "••••",
                    "X-Custom-Header": "value",
                }

    def test_status_is_the_newest_sessions(self, alice: Api) -> None:
        agent = make_agent(alice)
        start_session(alice, agent["id"], status="completed")
        start_session(alice, agent["id"])

        assert alice.read(f"/agents/{agent['id']}")["status"] == "running"

    def test_another_workspace_sees_nothing(self, alice: Api, apis: Apis) -> None:
        agent = make_agent(alice)

        assert_problem(apis.charlie.get(f"/agents/{agent['id']}"), 404, "not_found")
        assert apis.charlie.read("/agents") == {"items": [], "trail": None}

    @pytest.mark.parametrize("agent_id", [NOWHERE, "x", NOWHERE.replace("-", ""), f"{{{NOWHERE}}}"])
    def test_there_is_no_other(self, alice: Api, agent_id: str) -> None:
        assert_problem(alice.get(f"/agents/{agent_id}"), 404, "not_found")


class TestChanging:
    def test_changes_only_the_fields_given(self, alice: Api) -> None:
        agent = make_agent(alice, description="Old.", execution_endpoint=ENDPOINT)
        changed: Any = alice.patch(f"/agents/{agent['id']}", {"name": "New"}).json

        assert changed == {**agent, "name": "New", "updated_at": changed["updated_at"]}

    def test_null_removes_description_and_endpoint(self, alice: Api) -> None:
        agent = make_agent(alice, description="Old.", execution_endpoint=ENDPOINT)
        body = {"description": None, "execution_endpoint": None}
        changed: Any = alice.patch(f"/agents/{agent['id']}", body).json

        assert changed["description"] is None
        assert changed["execution_endpoint"] is None

    @pytest.mark.parametrize("field", ["name", "namespace", "slug"])
    def test_null_removes_nothing_else(self, alice: Api, field: str) -> None:
        agent = make_agent(alice)
        assert wrong_paths(alice.patch(f"/agents/{agent['id']}", {field: None})) == [f"/{field}"]

    def test_a_masked_header_keeps_its_value(self, alice: Api, apis: Apis) -> None:
        agent_id = make_agent(alice, execution_endpoint=ENDPOINT)["id"]
        shown = apis.bob.read(f"/agents/{agent_id}")
        changed: Any = alice.patch(f"/agents/{agent_id}", shown).json

        assert changed["execution_endpoint"] == ENDPOINT

    def test_an_endpoint_that_cannot_be_decrypted_says_so_and_is_replaced(
        self, app: Flask, alice: Api
    ) -> None:
        agent_id = make_agent(alice, execution_endpoint=ENDPOINT)["id"]
        lose_endpoint(app, UUID(agent_id))
        (listed,) = alice.read("/agents")["items"]
        assert listed == alice.read(f"/agents/{agent_id}")
        assert listed["execution_endpoint"] is None
        assert "a key that this server does not have" in listed["execution_endpoint_error"]
        changed: Any = alice.patch(f"/agents/{agent_id}", {"execution_endpoint": ENDPOINT}).json
        assert changed["execution_endpoint"] == ENDPOINT
        assert changed["execution_endpoint_error"] is None

    def test_an_endpoint_that_cannot_be_decrypted_stays_when_it_is_sent_back_as_it_was_read(
        self, app: Flask, alice: Api
    ) -> None:
        agent_id = make_agent(alice, execution_endpoint=ENDPOINT)["id"]
        lose_endpoint(app, UUID(agent_id))
        shown = alice.read(f"/agents/{agent_id}")
        changed: Any = alice.patch(f"/agents/{agent_id}", shown | {"name": "New"}).json
        assert changed["name"] == "New"
        assert changed["execution_endpoint_error"] == shown["execution_endpoint_error"]
        removed: Any = alice.patch(f"/agents/{agent_id}", {"execution_endpoint": None}).json
        assert removed["execution_endpoint_error"] is None

    def test_nothing_given_changes_nothing(self, alice: Api) -> None:
        agent = make_agent(alice)
        assert alice.patch(f"/agents/{agent['id']}", {}).json == agent

    def test_refuses_a_slug_that_is_taken(self, alice: Api) -> None:
        make_agent(alice, slug="one")
        other = make_agent(alice, slug="two")

        assert_problem(alice.patch(f"/agents/{other['id']}", {"slug": "one"}), 409, "conflict")

    def test_an_unknown_field_changes_nothing(self, alice: Api) -> None:
        agent = make_agent(alice)

        assert wrong_paths(alice.patch(f"/agents/{agent['id']}", {"name": "y", "x": 1})) == ["/x"]
        assert alice.read(f"/agents/{agent['id']}") == agent

    def test_another_workspace_changes_nothing(self, alice: Api, apis: Apis) -> None:
        path = f"/agents/{make_agent(alice)['id']}"
        assert_problem(apis.charlie.patch(path, {"name": "Mine"}), 404, "not_found")


class TestDeleting:
    def test_deletes_it_with_its_sessions(self, alice: Api) -> None:
        agent = make_agent(alice)
        session = start_session(alice, agent["id"])
        response = alice.delete(f"/agents/{agent['id']}")

        assert (response.status_code, response.data) == (204, b"")
        assert_problem(alice.get(f"/agents/{agent['id']}"), 404, "not_found")
        assert_problem(alice.get(f"/agent-sessions/{session['id']}"), 404, "not_found")

    def test_deletes_once(self, alice: Api) -> None:
        path = f"/agents/{make_agent(alice)['id']}"
        alice.delete(path)

        assert_problem(alice.delete(path), 404, "not_found")

    def test_another_workspace_deletes_nothing(self, alice: Api, apis: Apis) -> None:
        path = f"/agents/{make_agent(alice)['id']}"

        assert_problem(apis.charlie.delete(path), 404, "not_found")
        assert alice.get(path).status_code == 200


def test_a_whole_number_may_be_written_with_a_point(alice: Api) -> None:
    endpoint = {"url": "https://agent.example.com/", "retry": {"max_attempts": 2.0}}
    agent = make_agent(alice, execution_endpoint=endpoint)
    assert agent["execution_endpoint"]["retry"]["max_attempts"] == 2


def test_the_document_says_what_a_status_does_not_tell(alice: Api) -> None:
    shapes = alice.read("/openapi.json")["components"]["schemas"]
    assert "newest session" in shapes["AgentResponse"]["properties"]["status"]["description"]
    assert "every session" in shapes["EndpointHealthResponse"]["description"]
