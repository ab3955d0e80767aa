"""POST /executions/{id}/cancel, /complete, /fail and /continue: what is done to a running one."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.models import Execution, db
from opensink_web.models.transaction import reading
from opensink_web.outbound.outcome import Awaits, Output, Pending
from opensink_web.runtime.execution import ContinuedResponse
from tests.api.conftest import NOWHERE, Api, Apis, assert_problem, key_with
from tests.conftest import Cast
from tests.runtime.conftest import ok, own_token
from tests.support.executions import (
    claim_some,
    execution,
    finish_all,
    make_function,
    principal_of,
    submit_one,
)
from tests.support.scenarios import SCHEMA

OUTPUT_SCHEMA = {"type": "object", "required": ["sum"]}


@pytest.fixture
def function_id(app: Flask, cast: Cast) -> UUID:
    with app.app_context():
        return make_function(cast.alice, output_schema=OUTPUT_SCHEMA)


@pytest.fixture
def queued(app: Flask, cast: Cast, function_id: UUID) -> UUID:
    with app.app_context():
        return submit_one(cast.alice, function_id)


@pytest.fixture
def running(app: Flask, function_id: UUID, queued: UUID) -> UUID:
    """One that was answered with 202, and will report its end."""
    with app.app_context():
        finish_all(claim_some(function_id), Pending())
    return queued


@pytest.fixture
def asking(app: Flask, function_id: UUID, queued: UUID) -> UUID:
    """One that waits for a person's input."""
    with app.app_context():
        finish_all(claim_some(function_id), Awaits("Which?", SCHEMA))
    return queued


def do(api: Api, execution_id: object, verb: str, body: Any = None) -> Any:
    return api.at(f"/executions/{execution_id}/{verb}", "POST", body)


class TestCancel:
    @pytest.mark.parametrize("state", ["queued", "running", "asking"])
    def test_ends_what_has_not_ended(
        self, alice: Api, request: pytest.FixtureRequest, state: str
    ) -> None:
        answer = ok(do(alice, request.getfixturevalue(state), "cancel"))
        assert (answer["status"], answer["error"]) == ("cancelled", "Cancelled.")

    def test_what_has_ended_stays(self, alice: Api, queued: UUID) -> None:
        ok(do(alice, queued, "cancel"))
        assert_problem(do(alice, queued, "cancel"), 409, "conflict")

    def test_a_reviewer_cancels_what_they_started_and_nothing_else(
        self, app: Flask, cast: Cast, apis: Apis, function_id: UUID, queued: UUID
    ) -> None:
        with app.app_context():
            theirs = submit_one(cast.bob, function_id)
        assert ok(do(apis.bob, theirs, "cancel"))["status"] == "cancelled"
        assert_problem(do(apis.bob, queued, "cancel"), 404, "not_found")

    def test_is_for_the_workspace_alone(self, app: Flask, apis: Apis, queued: UUID) -> None:
        assert_problem(do(apis.charlie, queued, "cancel"), 404, "not_found")
        assert_problem(do(apis.alice, NOWHERE, "cancel"), 404, "not_found")
        key = key_with(apis.alice, app, "executions:read")
        assert_problem(do(key, queued, "cancel"), 403, "permission_missing")


class TestReporting:
    def test_completes_with_an_output(self, app: Flask, running: UUID) -> None:
        answer = ok(do(own_token(app, running), running, "complete", {"output": {"sum": 3}}))
        assert (answer["status"], answer["output_data"]) == ("completed", {"sum": 3})

    def test_an_output_that_does_not_fit_fails_it(self, app: Flask, running: UUID) -> None:
        answer = ok(do(own_token(app, running), running, "complete", {"output": None}))
        assert answer["status"] == "failed"
        assert "output schema" in answer["error"]

    def test_fails_with_a_reason(self, app: Flask, running: UUID) -> None:
        answer = ok(do(own_token(app, running), running, "fail", {"error": "No disk."}))
        assert (answer["status"], answer["error"]) == ("failed", "No disk.")

    def test_reports_once(self, app: Flask, running: UUID) -> None:
        itself = own_token(app, running)
        ok(do(itself, running, "fail", {"error": "No disk."}))
        assert_problem(do(itself, running, "complete", {"output": {"sum": 3}}), 409, "conflict")

    def test_what_has_not_begun_reports_nothing(self, app: Flask, queued: UUID) -> None:
        answer = do(own_token(app, queued), queued, "complete", {"output": {"sum": 3}})
        assert_problem(answer, 409, "conflict")

    @pytest.mark.parametrize(
        ("verb", "body"), [("complete", {"output": {"sum": 3}}), ("fail", {"error": "x"})]
    )
    def test_is_for_the_execution_itself(
        self,
        app: Flask,
        cast: Cast,
        apis: Apis,
        function_id: UUID,
        running: UUID,
        verb: str,
        body: Any,
    ) -> None:
        with app.app_context():
            another = own_token(app, submit_one(cast.alice, function_id))
        for api in (apis.alice, apis.bob):
            assert_problem(do(api, running, verb, body), 403, "permission_missing")
        assert_problem(do(another, running, verb, body), 403, "delegated_token_refused")
        assert_problem(do(apis.charlie, running, verb, body), 404, "not_found")
        with app.app_context():
            assert execution(running).status == "running"

    @pytest.mark.parametrize(
        ("verb", "body", "path"),
        [
            ("complete", {}, "/output"),
            ("fail", {"error": ""}, "/error"),
            ("fail", {"error": "x" * 10_001}, "/error"),
            ("continue", {"input": 1}, "/input"),
        ],
    )
    def test_a_body_that_does_not_fit_is_refused(
        self, alice: Api, queued: UUID, verb: str, body: Any, path: str
    ) -> None:
        problem = assert_problem(do(alice, queued, verb, body), 422, "invalid_request")
        assert [each["path"] for each in problem["errors"]] == [path]


class TestContinue:
    def test_answers_as_existing_clients_read_it(self, alice: Api, asking: UUID) -> None:
        answer = ok(do(alice, asking, "continue", {"input": {"approved": True}}))
        assert (answer["execution_id"], answer["status"]) == (str(asking), "queued")
        assert (answer["prompt"], answer["schema"]) == (None, None)

    def test_says_what_is_asked_next(self, app: Flask, cast: Cast, asking: UUID) -> None:
        with app.app_context(), reading():
            execution = db.session.get_one(Execution, asking)
            asked = ContinuedResponse.shown_to(principal_of(cast.alice), execution)
        assert (asked.prompt, asked.schema_) == ("Which?", SCHEMA)

    def test_goes_on_with_the_answer(
        self, app: Flask, alice: Api, function_id: UUID, asking: UUID
    ) -> None:
        assert (
            ok(do(alice, asking, "continue", {"input": {"approved": True}}))["status"] == "queued"
        )
        with app.app_context():
            (claim,) = claim_some(function_id)
            finish_all([claim], Output({"sum": 1}))
        assert claim.answer is not None
        assert (claim.id, claim.read_input()) == (asking, {"n": 1})

    def test_an_input_that_does_not_fit_is_named(self, alice: Api, asking: UUID) -> None:
        answer = do(alice, asking, "continue", {"input": {"approved": "perhaps"}})
        problem = assert_problem(answer, 422, "invalid_response")
        assert [each["path"] for each in problem["errors"]] == ["/input/approved"]

    def test_what_asks_nothing_takes_nothing(self, alice: Api, queued: UUID) -> None:
        answer = do(alice, queued, "continue", {"input": {"approved": True}})
        assert_problem(answer, 409, "conflict")

    def test_an_approval_is_no_input(self, app: Flask, cast: Cast, alice: Api) -> None:
        with app.app_context():
            careful = make_function(cast.alice, name="careful", requires_approval=True)
            execution_id = submit_one(cast.alice, careful)
        answer = do(alice, execution_id, "continue", {"input": {"n": 2}})
        assert "inbox" in assert_problem(answer, 409, "conflict")["error"]

    def test_a_reviewer_answers_and_another_workspace_does_not(
        self, apis: Apis, asking: UUID
    ) -> None:
        body = {"input": {"approved": True}}
        assert_problem(do(apis.charlie, asking, "continue", body), 404, "not_found")
        assert ok(do(apis.bob, asking, "continue", body))["status"] == "queued"
