"""/deliveries: the ledger, and making a failed call again."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web import clock
from opensink_web.models import (
    AttemptOutcome,
    AttemptTrigger,
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    db,
)
from opensink_web.models.transaction import writing
from tests.api.conftest import (
    NOWHERE,
    Api,
    Apis,
    assert_problem,
    key_with,
    made,
    make_agent,
    question,
    start_session,
    wrong_paths,
)


@pytest.fixture
def delivery(alice: Api) -> Any:
    """A call that has not been made yet."""
    agent = make_agent(alice, execution_endpoint={"url": "http://127.0.0.1:9/"})
    session = start_session(alice, agent["id"])
    request = made(alice.post("/agent-session-input-requests", question(session)))
    alice.post(
        f"/agent-session-input-requests/{request['id']}/resolve", {"response": {"approved": True}}
    )
    (delivery,) = alice.read("/deliveries")["items"]
    return delivery


@pytest.fixture
def failed(app: Flask, alice: Api, delivery: Any) -> Any:
    """A call that was made once, in vain."""
    with app.app_context(), writing():
        row = db.session.get_one(Delivery, UUID(delivery["id"]))
        row.status = DeliveryStatus.FAILED
        row.error_message = "The endpoint answered 500."
        row.attempt_count = 1
        row.finished_at = clock.now()
        db.session.add(
            DeliveryAttempt(
                delivery_id=row.id,
                number=1,
                trigger=AttemptTrigger.FIRST,
                outcome=AttemptOutcome.FAILED,
                method="POST",
                url="http://127.0.0.1:9/",
                request_headers=[["X-OpenSink-Secret", "••••"]],
                request_body="{}",
                response_status=500,
                response_headers=[["Server", "x"]],
                response_body="Oops",
                latency_ms=1.5,
                remote_address="10.0.0.7",
                finished_at=clock.now(),
            )
        )
    alice.patch(f"/agent-sessions/{delivery['session_id']}", {"status": "failed"})
    return alice.read(f"/deliveries/{delivery['id']}")


def test_lists_what_has_to_leave(delivery: Any) -> None:
    assert delivery["kind"] == "input_request_resolved"
    assert delivery["status"] == "pending"
    assert delivery["attempt_count"] == 0
    assert delivery["finished_at"] is None
    assert "lease_token" not in delivery
    assert "attempts" not in delivery


def test_one_comes_with_its_attempts(failed: Any) -> None:
    (attempt,) = failed["attempts"]

    assert (attempt["number"], attempt["trigger"], attempt["outcome"]) == (1, "first", "failed")
    assert (attempt["response_status"], attempt["response_body"]) == (500, "Oops")
    assert attempt["request_headers"] == [["X-OpenSink-Secret", "••••"]]
    assert failed["error_message"] == "The endpoint answered 500."


def test_lists_by_session_agent_kind_and_status(alice: Api, delivery: Any) -> None:
    for query, count in (
        (f"session_id={delivery['session_id']}", 1),
        (f"agent_id={delivery['agent_id']}", 1),
        ("kind=input_request_resolved&status=pending", 1),
        ("kind=test", 0),
        ("status=failed", 0),
        (f"agent_id={NOWHERE}", 0),
    ):
        page = alice.read(f"/deliveries?{query}")
        assert len(page["items"]) == count, query
    assert wrong_paths(alice.get("/deliveries?kind=x&status=y")) == ["/kind", "/status"]


def test_a_failed_one_is_made_again(alice: Api, failed: Any) -> None:
    response = alice.post(f"/deliveries/{failed['id']}/redeliver", {})

    assert response.status_code == 200
    again: Any = response.json
    assert (again["id"], again["status"]) == (failed["id"], "pending")
    assert again["error_message"] is None
    assert len(again["attempts"]) == 1
    session = alice.read(f"/agent-sessions/{failed['session_id']}")
    assert session["status"] == "processing_input"


def test_a_body_need_not_be_sent(alice: Api, failed: Any) -> None:
    assert alice("POST", f"/deliveries/{failed['id']}/redeliver").status_code == 200


def test_all_that_failed_of_an_agent_are_made_again(alice: Api, failed: Any) -> None:
    body = {"agent_id": failed["agent_id"]}
    response = alice.post("/deliveries/redeliver", body)
    assert (response.status_code, response.json) == (200, {"count": 1, "has_more": False})
    assert alice.read(f"/deliveries/{failed['id']}")["status"] == "pending"
    assert alice.post("/deliveries/redeliver", body).json == {"count": 0, "has_more": False}


def test_all_of_an_agent_wants_an_agent_that_is_there(
    app: Flask, apis: Apis, alice: Api, failed: Any
) -> None:
    body = {"agent_id": failed["agent_id"]}
    assert wrong_paths(alice.post("/deliveries/redeliver", {})) == ["/agent_id"]
    assert_problem(alice.post("/deliveries/redeliver", {"agent_id": NOWHERE}), 404, "not_found")
    assert_problem(apis.charlie.post("/deliveries/redeliver", body), 404, "not_found")
    reader = key_with(alice, app, "deliveries:read")
    assert_problem(reader.post("/deliveries/redeliver", body), 403, "permission_missing")
    assert alice.read(f"/deliveries/{failed['id']}")["status"] == "failed"


def test_one_that_has_not_failed_is_not_made_again(alice: Api, delivery: Any) -> None:
    assert_problem(alice.post(f"/deliveries/{delivery['id']}/redeliver", {}), 409, "conflict")


def test_who_may_not_set_where_calls_go_is_not_told_to_which_address_they_went(
    app: Flask, alice: Api, failed: Any
) -> None:
    reader = key_with(alice, app, "deliveries:read")
    assert failed["attempts"][0]["remote_address"] == "10.0.0.7"
    assert reader.read(f"/deliveries/{failed['id']}")["attempts"][0]["remote_address"] is None


def test_reading_is_not_redelivering(app: Flask, alice: Api, failed: Any) -> None:
    reader = key_with(alice, app, "deliveries:read")
    response = reader.post(f"/deliveries/{failed['id']}/redeliver", {})

    assert_problem(response, 403, "permission_missing")


def test_another_workspace_sees_nothing(apis: Apis, failed: Any) -> None:
    path = f"/deliveries/{failed['id']}"

    assert_problem(apis.charlie.get(path), 404, "not_found")
    assert_problem(apis.charlie.post(f"{path}/redeliver", {}), 404, "not_found")
    assert apis.charlie.read("/deliveries") == {"items": [], "trail": None}
