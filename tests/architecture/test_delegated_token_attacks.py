"""What an endpoint might try with the token of its execution, beyond what the token is for."""

from typing import Any
from uuid import UUID

from flask import Flask

from opensink_web.operations.executions.submission import DELEGATED_DELAY_SECONDS_MAX, DEPTH_MAX
from tests.api.conftest import (
    Api,
    assert_problem,
    make_agent,
    make_function,
    question,
    start_session,
)
from tests.architecture.delegates import Delegate, delegate, endpoint, execute, receiver, refused
from tests.conftest import Cast
from tests.runtime.conftest import ok, own_token, worker
from tests.support.pause_scenarios import Paused, approval_in, paused_in

__all__ = ["delegate", "endpoint", "receiver", "worker"]


class TestAttacks:
    """What was done with such tokens, and ways around what forbids it."""

    def test_it_answers_nobodys_question_itself_nor_through_a_second_execution(
        self, app: Flask, cast: Cast, alice: Api
    ) -> None:
        with app.app_context():
            asking = paused_in(cast.alice)
        make_function(alice, "work")
        first = own_token(app, UUID(execute(alice)["execution_id"]))
        second = own_token(app, UUID(execute(first)["execution_id"]))
        for api in (first, second, own_token(app, asking.execution_id)):
            for answer in self._answers(api, asking, {"approved": True}):
                refused(answer)
        path = f"/agent-session-input-requests/{asking.request_id}"
        assert alice.read(path)["status"] == "pending"

    def test_it_approves_no_call_that_it_makes(
        self, app: Flask, cast: Cast, alice: Api, delegate: Delegate
    ) -> None:
        make_function(alice, "refund", requires_approval=True)
        child = execute(delegate.api, "refund")
        assert child["status"] == "awaiting_input"
        asked = alice.read(f"/agent-session-input-requests?execution_id={child['execution_id']}")
        assert (
            "An execution of `images/work`, which acts for `alice@" in asked["items"][0]["message"]
        )
        waiting = Paused(UUID(child["execution_id"]), UUID(asked["items"][0]["id"]))
        for api in (delegate.api, own_token(app, waiting.execution_id)):
            for answer in self._answers(api, waiting, {}):
                refused(answer)
        with app.app_context():
            (approval,) = approval_in(cast.alice)
        for answer in self._answers(delegate.api, approval, {"amount": 1}):
            refused(answer)

    @staticmethod
    def _answers(api: Api, asking: Paused, answer: Any) -> list[Any]:
        path = f"/agent-session-input-requests/{asking.request_id}"
        return [
            api.post(f"{path}/resolve", {"response": answer}),
            api.post(f"{path}/decline", {"reason": "No."}),
            api.at(f"/executions/{asking.execution_id}/continue", "POST", {"input": answer}),
        ]

    def test_it_makes_no_copy_of_a_function_that_requires_approval_nor_does_away_with_it(
        self, alice: Api, delegate: Delegate
    ) -> None:
        function = make_function(alice, "refund", requires_approval=True)
        path = "/functions/images/refund"
        for answer in (
            delegate.api.post("/functions", {**function, "name": "copy"}),
            delegate.api.put(path, {"target": {"kind": "python", "entry_point": "x"}}),
            delegate.api.patch(path, {"requires_approval": False}),
            delegate.api.patch(path, {"name": "renamed"}),
            delegate.api.delete(path),
        ):
            refused(answer)
        assert alice.read(path) == function

    def test_it_hears_nothing_that_was_answered_to_somebody_else(
        self, alice: Api, delegate: Delegate
    ) -> None:
        make_function(alice, "other")
        address = "/functions/images/other/execute/async"
        body: Any = {"input": {}, "delay_seconds": 9}
        once = {"Idempotency-Key": "k"}
        theirs: Any = alice.at(address, "POST", body, once).json
        mine = [delegate.api.at(address, "POST", body, once).json for _ in range(2)]
        assert mine[0] == mine[1] != theirs
        assert alice.at(address, "POST", body, once).json == theirs

    def test_it_does_not_live_on_in_what_it_starts(
        self, app: Flask, alice: Api, delegate: Delegate
    ) -> None:
        later = {"input": {}, "delay_seconds": DELEGATED_DELAY_SECONDS_MAX + 1}
        address = "/functions/images/work/execute/async"
        assert alice.at(address, "POST", later).status_code == 202
        assert_problem(delegate.api.at(address, "POST", later), 422, "invalid_request")
        api = delegate.api
        make_function(alice, "other")
        for _ in range(DEPTH_MAX):
            api = own_token(app, UUID(execute(api, "other")["execution_id"]))
        answer = api.at("/functions/images/other/execute/async", "POST", {"input": {}})
        assert_problem(answer, 409, "conflict")

    def test_it_does_nothing_more_once_it_was_cancelled(
        self, alice: Api, delegate: Delegate
    ) -> None:
        ok(alice.at(f"/executions/{delegate.execution_id}/cancel", "POST"))
        for answer in (
            delegate.api.at("/functions/images/work/execute/async", "POST", {"input": {}}),
            delegate.api.at(f"/executions/{delegate.execution_id}/complete", "POST", {"output": 1}),
            delegate.api.post(
                "/agent-session-input-requests",
                question(start_session(alice, make_agent(alice)["id"])),
            ),
        ):
            assert_problem(answer, 409, "conflict")
