"""While a decision on a page can be undone, programs see a request that is pending; then all of it.

What is held is held by the operations that pages call; what is read is read over HTTP.
"""

import threading
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.api.conftest import Api, ask, assert_problem, made, make_agent, question, start_session
from tests.conftest import Cast
from tests.support.holding import (
    hold_answer,
    hold_refusal,
    hold_response,
    let_take_effect,
    take_back,
)
from tests.support.pause_scenarios import Paused, approval_in, paused_in

pytestmark = pytest.mark.usefixtures("on_each_database")
PATH = "/agent-session-input-requests"
NOT_DECIDED = {
    "status": "pending",
    "response": None,
    "resolved_by": None,
    "resolved_at": None,
    "decline_reason": None,
}
NARROWED = ("", "session_id={session_id}&", "agent_id={agent_id}&", "key=buy&", "tag=t&")


@pytest.fixture
def request_id(alice: Api) -> UUID:
    return UUID(ask(alice)["id"])


@pytest.fixture
def paused(app: Flask, cast: Cast) -> Paused:
    with app.app_context():
        return paused_in(cast.alice)


def hold(app: Flask, cast: Cast, request_id: UUID, decision: str = "answered") -> None:
    with app.app_context():
        (hold_answer if decision == "answered" else hold_refusal)(cast.bob, request_id)


def effect(app: Flask, request_id: UUID) -> None:
    with app.app_context():
        let_take_effect(request_id)


def found(api: Api, query: str) -> list[str]:
    return [each["id"] for each in api.read(f"{PATH}?{query}")["items"]]


def ok(api: Api, address: str) -> Any:
    response = api.at(address, "GET")
    assert response.status_code == 200, response.text
    return response.json


@pytest.mark.parametrize("decision", ["answered", "declined"])
class TestARequest:
    def test_reads_as_pending_until_it_takes_effect(
        self, app: Flask, cast: Cast, alice: Api, request_id: UUID, decision: str
    ) -> None:
        before = alice.read(f"{PATH}/{request_id}")
        hold(app, cast, request_id, decision)
        shown = alice.read(f"{PATH}/{request_id}")
        assert {name: shown[name] for name in NOT_DECIDED} == NOT_DECIDED
        # that it was changed is all there is to be seen
        assert shown | {"updated_at": None} == before | {"updated_at": None}
        effect(app, request_id)
        shown = alice.read(f"{PATH}/{request_id}")
        assert shown["status"] == ("resolved" if decision == "answered" else "declined")
        assert shown["resolved_by"]["email"] == cast.bob.email

    def test_is_listed_with_what_is_pending(
        self, app: Flask, cast: Cast, alice: Api, decision: str
    ) -> None:
        asked = ask(alice, tags=["t"])
        request_id = UUID(asked["id"])
        decided = "resolved" if decision == "answered" else "declined"
        hold(app, cast, request_id, decision)
        for narrowed in NARROWED:
            query = narrowed.format_map(asked)
            assert found(alice, f"{query}status=pending") == [str(request_id)]
            assert found(alice, f"{query}status={decided}") == []
            (listed,) = alice.read(f"{PATH}?{query}")["items"]
            assert {name: listed[name] for name in NOT_DECIDED} == NOT_DECIDED
        effect(app, request_id)
        for narrowed in NARROWED:
            query = narrowed.format_map(asked)
            assert found(alice, f"{query}status=pending") == []
            assert found(alice, f"{query}status={decided}") == [str(request_id)]

    def test_is_waited_for_until_it_takes_effect(
        self, app: Flask, cast: Cast, alice: Api, request_id: UUID, decision: str
    ) -> None:
        hold(app, cast, request_id, decision)
        assert alice.read(f"{PATH}/{request_id}?wait=1")["status"] == "pending"
        answers: list[Any] = []
        waiter = threading.Thread(
            target=lambda: answers.append(alice.read(f"{PATH}/{request_id}?wait=60"))
        )
        waiter.start()
        effect(app, request_id)
        waiter.join(100)
        assert answers[0]["status"] == ("resolved" if decision == "answered" else "declined")

    def test_leaves_session_agent_and_history_as_they_were(
        self, app: Flask, cast: Cast, alice: Api, decision: str
    ) -> None:
        asked = ask(alice)
        addresses = (
            f"/agent-sessions/{asked['session_id']}",
            f"/agent-sessions?agent_id={asked['agent_id']}",
            f"/agents/{asked['agent_id']}",
            f"/agent-session-activities?session_id={asked['session_id']}",
            f"/deliveries?agent_id={asked['agent_id']}",
        )
        before = [alice.read(each) for each in addresses]
        hold(app, cast, UUID(asked["id"]), decision)
        assert [alice.read(each) for each in addresses] == before
        effect(app, UUID(asked["id"]))
        assert all(
            alice.read(each) != old for each, old in zip(addresses[:4], before, strict=False)
        )


class TestDeciding:
    def test_is_refused_with_who_was_faster(
        self, app: Flask, cast: Cast, alice: Api, request_id: UUID
    ) -> None:
        hold(app, cast, request_id)
        refused = alice.post(f"{PATH}/{request_id}/resolve", {"response": {"approved": False}})
        assert "bob@example.com" in assert_problem(refused, 409, "already_resolved")["detail"]

    def test_is_open_again_after_undoing(
        self, app: Flask, cast: Cast, alice: Api, request_id: UUID
    ) -> None:
        hold(app, cast, request_id)
        with app.app_context():
            take_back(cast.bob, request_id)
        alice.post(f"{PATH}/{request_id}/resolve", {"response": {"approved": False}})
        assert alice.read(f"{PATH}/{request_id}")["response"] == {"approved": False}

    def test_leaves_the_agents_other_question_waiting(
        self, app: Flask, cast: Cast, alice: Api
    ) -> None:
        session = start_session(alice, make_agent(alice)["id"])
        first, other = (made(alice.post(PATH, question(session)))["id"] for _ in range(2))
        hold(app, cast, UUID(first))
        assert found(alice, f"session_id={session['id']}&status=pending") == [other, first]
        address = f"/agent-sessions/{session['id']}"
        assert alice.read(address)["status"] == "waiting_for_input"
        effect(app, UUID(first))
        assert alice.read(address)["status"] == "waiting_for_input"


@pytest.mark.parametrize("decision", ["answered", "declined"])
class TestAnExecution:
    def test_waits_and_its_timeline_stands_still(
        self, app: Flask, cast: Cast, alice: Api, paused: Paused, decision: str
    ) -> None:
        address = f"/executions/{paused.execution_id}"
        addresses = (address, f"{address}/steps", "/executions?status=awaiting_input")
        before = [ok(alice, each) for each in addresses]
        assert before[0]["status"] == "awaiting_input"
        hold(app, cast, paused.request_id, decision)
        assert [ok(alice, each) for each in addresses] == before
        effect(app, paused.request_id)
        expected = "queued" if decision == "answered" else "failed"
        assert ok(alice, address)["status"] == expected
        assert len(ok(alice, f"{address}/steps")) == len(before[1]) + 1

    def test_asks_until_it_takes_effect(
        self, app: Flask, cast: Cast, alice: Api, paused: Paused, decision: str
    ) -> None:
        hold(app, cast, paused.request_id, decision)
        query = f"execution_id={paused.execution_id}&status=pending"
        assert found(alice, query) == [str(paused.request_id)]

    def test_counts_as_waiting_in_its_batch(
        self, app: Flask, cast: Cast, alice: Api, decision: str
    ) -> None:
        with app.app_context():
            calls = approval_in(cast.alice, [{"amount": 1}, {"amount": 2}], is_batch=True)
        batch_id = ok(alice, f"/executions/{calls[0].execution_id}")["batch_id"]
        addresses = (f"/batches/{batch_id}", f"/batches/{batch_id}/executions")
        before = [ok(alice, each) for each in addresses]
        assert before[0]["awaiting_input"] == 2
        with app.app_context():
            if decision == "answered":
                hold_response(cast.bob, calls[0].request_id, {"amount": 1})
            else:
                hold_refusal(cast.bob, calls[0].request_id)
        assert [ok(alice, each) for each in addresses] == before
        effect(app, calls[0].request_id)
        assert ok(alice, addresses[0])["awaiting_input"] == 1
