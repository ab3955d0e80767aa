"""/agent-sessions: begin, read, move on, delete."""

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


@pytest.fixture
def session(alice: Api) -> Any:
    return start_session(alice, make_agent(alice)["id"], state={"step": 1}, metadata={"run": "a"})


def items(api: Api, query: str) -> list[str]:
    page = api.read(f"/agent-sessions?{query}")
    return [item["id"] for item in page["items"]]


class TestStarting:
    def test_answers_what_was_begun(self, alice: Api, session: Any) -> None:
        agent = alice.read(f"/agents/{session['agent_id']}")

        assert {**session, "id": "", "created_at": "", "updated_at": ""} == {
            "id": "",
            "agent_id": agent["id"],
            "workspace_id": agent["workspace_id"],
            "status": "running",
            "state": {"step": 1},
            "metadata": {"run": "a"},
            "error_message": None,
            "trace_id": None,
            "created_at": "",
            "updated_at": "",
        }
        assert agent["status"] == "running"

    def test_begins_with_the_status_that_is_asked_for(self, alice: Api) -> None:
        agent_id = make_agent(alice)["id"]
        assert start_session(alice, agent_id, status="completed")["status"] == "completed"

    def test_one_that_has_failed_already_says_why(self, alice: Api) -> None:
        agent = make_agent(alice)
        told = {"status": "failed", "error_message": "No quota."}
        session = start_session(alice, agent["id"], **told)
        assert session["error_message"] == "No quota."
        assert alice.read(f"/agent-sessions/{session['id']}")["error_message"] == "No quota."
        ended = alice.read("/agent-session-activities?type=session_ended")["items"]
        assert [each["message"] for each in ended] == ["The agent reported: No quota."]

    def test_takes_what_was_answered_for_another(self, alice: Api, session: Any) -> None:
        """As clients do that send whole objects, with null for what is not so."""
        again = made(alice.post("/agent-sessions", session))
        assert (again["id"] != session["id"], again["error_message"]) == (True, None)

    def test_keeps_state_as_it_was_written(self, alice: Api) -> None:
        state = {"z": 1, "a": [1.0, 1e22, 10**30, -0.0, True, None, "é…🎉"], "": {"": {}}}
        session = start_session(alice, make_agent(alice)["id"], state=state)

        assert repr(alice.read(f"/agent-sessions/{session['id']}")["state"]["a"]) == repr(
            state["a"]
        )

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({}, "/agent_id"),
            ({"agent_id": "x"}, "/agent_id"),
            ({"agent_id": NOWHERE, "status": "paused"}, "/status"),
            ({"agent_id": NOWHERE, "state": []}, "/state"),
            ({"agent_id": NOWHERE, "metadata": None}, "/metadata"),
            ({"agent_id": NOWHERE, "meta": {}}, "/meta"),
        ],
    )
    def test_refuses_a_bad_body(self, alice: Api, fields: dict[str, Any], path: str) -> None:
        assert wrong_paths(alice.post("/agent-sessions", fields)) == [path]

    def test_there_is_no_such_agent(self, alice: Api, apis: Apis) -> None:
        body = {"agent_id": make_agent(alice)["id"]}

        assert_problem(alice.post("/agent-sessions", {"agent_id": NOWHERE}), 404, "not_found")
        assert_problem(apis.charlie.post("/agent-sessions", body), 404, "not_found")


class TestReading:
    def test_answers_one_and_all(self, alice: Api, session: Any) -> None:
        assert alice.read(f"/agent-sessions/{session['id']}") == session
        assert alice.read("/agent-sessions") == {"items": [session], "trail": None}

    def test_lists_by_agent_and_status(self, alice: Api, session: Any) -> None:
        other = start_session(alice, make_agent(alice)["id"], status="failed")

        assert items(alice, f"agent_id={session['agent_id']}") == [session["id"]]
        assert items(alice, "status=failed") == [other["id"]]
        assert items(alice, f"status=failed&agent_id={session['agent_id']}") == []
        assert items(alice, f"agent_id={NOWHERE}") == []

    def test_refuses_a_filter_that_cannot_match(self, alice: Api) -> None:
        response = alice.get("/agent-sessions?status=paused&agent_id=x")
        assert wrong_paths(response) == ["/agent_id", "/status"]

    def test_another_workspace_sees_nothing(self, apis: Apis, session: Any) -> None:
        path = f"/agent-sessions/{session['id']}"

        assert_problem(apis.charlie.get(path), 404, "not_found")
        assert items(apis.charlie, f"agent_id={session['agent_id']}") == []


class TestMovingOn:
    def test_changes_only_the_fields_given(self, alice: Api, session: Any) -> None:
        path = f"/agent-sessions/{session['id']}"
        changed: Any = alice.patch(path, {"state": {"step": 2}}).json

        assert changed["state"] == {"step": 2}
        assert changed["metadata"] == {"run": "a"}
        assert changed["status"] == "running"

    def test_moves_the_agent_too(self, alice: Api, session: Any) -> None:
        alice.patch(
            f"/agent-sessions/{session['id']}", {"status": "failed", "error_message": "Broke."}
        )
        agent = alice.read(f"/agents/{session['agent_id']}")
        changed = alice.read(f"/agent-sessions/{session['id']}")

        assert agent["status"] == "failed"
        assert changed["error_message"] == "Broke."

    def test_ending_it_cancels_what_waits(self, alice: Api) -> None:
        request = ask(alice)
        alice.patch(f"/agent-sessions/{request['session_id']}", {"status": "completed"})
        after = alice.read(f"/agent-session-input-requests/{request['id']}")

        assert after["status"] == "cancelled"

    def test_can_be_echoed(self, alice: Api, session: Any) -> None:
        changed: Any = alice.patch(f"/agent-sessions/{session['id']}", session).json
        assert {**changed, "updated_at": ""} == {**session, "updated_at": ""}

    @pytest.mark.parametrize("field", ["status", "state", "metadata"])
    def test_null_removes_nothing(self, alice: Api, session: Any, field: str) -> None:
        path = f"/agent-sessions/{session['id']}"
        assert wrong_paths(alice.patch(path, {field: None})) == [f"/{field}"]

    def test_another_workspace_moves_nothing(self, apis: Apis, session: Any) -> None:
        response = apis.charlie.patch(f"/agent-sessions/{session['id']}", {"status": "failed"})
        assert_problem(response, 404, "not_found")


class TestDeleting:
    def test_deletes_it_and_the_agents_status_with_it(self, alice: Api, session: Any) -> None:
        assert alice.delete(f"/agent-sessions/{session['id']}").status_code == 204

        assert_problem(alice.get(f"/agent-sessions/{session['id']}"), 404, "not_found")
        assert alice.read(f"/agents/{session['agent_id']}")["status"] is None

    def test_another_workspace_deletes_nothing(self, apis: Apis, session: Any) -> None:
        path = f"/agent-sessions/{session['id']}"
        assert_problem(apis.charlie.delete(path), 404, "not_found")
