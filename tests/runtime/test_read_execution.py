"""GET /executions, /executions/{id} and /executions/{id}/steps: how far, and what happened."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.contract import large_response
from opensink_web.models import (
    Callback,
    CallbackStatus,
    Execution,
    ExecutionStep,
    StepKind,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.executions.queries import execution as execution_queries
from opensink_web.outbound.outcome import Failure, Output
from tests.api.conftest import NOWHERE, Api, Apis, assert_problem, key_with
from tests.conftest import Cast
from tests.runtime.conftest import ok, own_token
from tests.support.executions import (
    claim_some,
    execution,
    finish_all,
    make_function,
    submit_many,
    submit_one,
)

FIELDS = [
    "execution_id",
    "function_namespace",
    "function_name",
    "trigger_type",
    "trigger_id",
    "chat_id",
    "batch_id",
    "user_id",
    "status",
    "input_data",
    "output_data",
    "error",
    "created_at",
    "started_at",
    "completed_at",
    "duration_ms",
    "callback_url",
    "callback_status",
    "callback_response_code",
    "trace_id",
]


@pytest.fixture
def function_id(app: Flask, cast: Cast) -> UUID:
    with app.app_context():
        return make_function(cast.alice)


def read(api: Api, execution_id: UUID) -> Any:
    return ok(api.at(f"/executions/{execution_id}", "GET"))


def listed(api: Api, query: str = "") -> list[str]:
    return [each["execution_id"] for each in ok(api.at(f"/executions{query}", "GET"))]


class TestOne:
    def test_has_exactly_the_fields_that_clients_know(
        self, app: Flask, cast: Cast, alice: Api, function_id: UUID
    ) -> None:
        with app.app_context():
            execution_id = submit_one(cast.alice, function_id, trigger_id="order-7")
        answer = read(alice, execution_id)
        assert list(answer) == FIELDS
        assert (answer["execution_id"], answer["status"]) == (str(execution_id), "queued")
        assert (answer["function_namespace"], answer["function_name"]) == ("tests", "work")
        assert (answer["trigger_id"], answer["input_data"]) == ("order-7", {"n": 1})
        assert answer["user_id"] == str(cast.alice.id)
        assert answer["started_at"] is answer["completed_at"] is answer["duration_ms"] is None

    def test_has_its_output_and_its_times_once_it_ended(
        self, app: Flask, cast: Cast, alice: Api, function_id: UUID
    ) -> None:
        with app.app_context():
            execution_id = submit_one(cast.alice, function_id)
            finish_all(claim_some(function_id), Output({"sum": 3}))
        answer = read(alice, execution_id)
        assert (answer["status"], answer["output_data"]) == ("completed", {"sum": 3})
        assert answer["started_at"] <= answer["completed_at"]
        assert answer["duration_ms"] >= 0

    def test_has_the_reason_why_it_failed(
        self, app: Flask, cast: Cast, alice: Api, function_id: UUID
    ) -> None:
        with app.app_context():
            execution_id = submit_one(cast.alice, function_id)
            finish_all(claim_some(function_id), Failure("No disk."))
        answer = read(alice, execution_id)
        assert (answer["status"], answer["error"]) == ("failed", "No disk.")

    def test_says_how_its_callback_went_once_it_was_made(
        self, app: Flask, cast: Cast, alice: Api, function_id: UUID
    ) -> None:
        url = "https://app.example.com/hook"
        with app.app_context():
            execution_id = submit_one(cast.alice, function_id, callback_url=url)
            finish_all(claim_some(function_id), Output(1))
        owed = read(alice, execution_id)
        assert (owed["callback_url"], owed["callback_status"]) == (url, None)
        with app.app_context(), writing():
            callback = db.session.get_one(Callback, made_callback(execution_id))
            callback.status, callback.response_code = CallbackStatus.FAILED, 500
        answer = read(alice, execution_id)
        assert (answer["callback_status"], answer["callback_response_code"]) == ("failed", 500)

    def test_is_not_there_for_another_workspace(
        self, app: Flask, cast: Cast, apis: Apis, function_id: UUID
    ) -> None:
        with app.app_context():
            execution_id = submit_one(cast.alice, function_id)
        for path in ("", "/steps"):
            there = apis.charlie.at(f"/executions/{execution_id}{path}", "GET")
            nowhere = apis.charlie.at(f"/executions/{NOWHERE}{path}", "GET")
            assert_problem(there, 404, "not_found")
            assert there.data == nowhere.data

    def test_a_reviewer_sees_everybodys(
        self, app: Flask, cast: Cast, apis: Apis, function_id: UUID
    ) -> None:
        with app.app_context():
            execution_id = submit_one(cast.alice, function_id)
        assert read(apis.bob, execution_id)["status"] == "queued"

    @pytest.mark.usefixtures("only_own")
    def test_who_may_see_their_own_sees_no_other(
        self, app: Flask, cast: Cast, apis: Apis, function_id: UUID
    ) -> None:
        with app.app_context():
            theirs, other = (submit_one(each, function_id) for each in (cast.bob, cast.alice))
        assert read(apis.bob, theirs)["user_id"] == str(cast.bob.id)
        assert listed(apis.bob) == [str(theirs)]
        for path in ("", "/steps"):
            answer = apis.bob.at(f"/executions/{other}{path}", "GET")
            assert_problem(answer, 404, "not_found")

    def test_its_own_token_reads_it_whatever_the_scopes_are_and_no_other(
        self, app: Flask, cast: Cast, function_id: UUID
    ) -> None:
        with app.app_context():
            mine, other = (submit_one(cast.alice, function_id) for _ in range(2))
            with writing():
                narrowed(mine, ["functions:write"])
        itself = own_token(app, mine)
        assert read(itself, mine)["execution_id"] == str(mine)
        assert len(ok(itself.at(f"/executions/{mine}/steps", "GET"))) == 1
        answer = itself.at(f"/executions/{other}", "GET")
        assert_problem(answer, 403, "delegated_token_refused")

    def test_a_key_needs_the_scope(self, app: Flask, alice: Api) -> None:
        key = key_with(alice, app, "executions:write", "functions:all")
        for path in ("/executions", f"/executions/{NOWHERE}", f"/executions/{NOWHERE}/steps"):
            assert_problem(key.at(path, "GET"), 403, "permission_missing")


def made_callback(execution_id: UUID) -> UUID:
    callback = execution(execution_id).callback
    assert callback is not None
    return callback.id


def narrowed(execution_id: UUID, scopes: list[str]) -> None:
    db.session.get_one(Execution, execution_id).scopes = scopes


class TestSteps:
    def test_tells_what_happened_oldest_first(
        self, app: Flask, cast: Cast, alice: Api, function_id: UUID
    ) -> None:
        with app.app_context():
            execution_id = submit_one(cast.alice, function_id)
            finish_all(claim_some(function_id), Failure("No disk."))
        steps = ok(alice.at(f"/executions/{execution_id}/steps", "GET"))
        assert [each["kind"] for each in steps] == ["queued", "started", "failed"]
        assert steps[-1]["message"] == "No disk."
        assert list(steps[0]) == [
            *("id", "kind", "step_name", "status", "message", "details", "created_at")
        ]
        named = [(each["step_name"], each["status"]) for each in steps]
        assert named == [("queued", "queued"), ("started", "running"), ("failed", "failed")]

    def test_every_kind_of_step_has_a_status(self) -> None:
        statuses = {kind: ExecutionStep(kind=kind).status for kind in StepKind}
        assert statuses[StepKind.PAUSED] == "awaiting_input"
        assert statuses[StepKind.CALLBACK_FAILED] == "failed"


class TestList:
    @pytest.fixture
    def known(self, app: Flask, cast: Cast, function_id: UUID) -> dict[str, str]:
        """Executions by what sets them apart."""
        with app.app_context():
            other = make_function(cast.alice, namespace="others")
            ended = submit_one(cast.alice, function_id)
            finish_all(claim_some(function_id), Output(1))
            children = submit_many(cast.alice, function_id, 2)
            named = submit_one(cast.bob, other, trigger_id="order-7")
        return {
            "ended": str(ended),
            "first": str(children.execution_ids[0]),
            "second": str(children.execution_ids[1]),
            "named": str(named),
            "batch": str(children.id),
        }

    def test_is_a_bare_array_newest_first(self, alice: Api, known: dict[str, str]) -> None:
        newest_first = [known[each] for each in ("named", "second", "first", "ended")]
        assert listed(alice) == newest_first
        assert listed(alice, "?skip=1&limit=2") == newest_first[1:3]

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("?function_name=work", {"named", "second", "first", "ended"}),
            ("?function_name=others/work", {"named"}),
            ("?function_name=nothing", set()),
            ("?status=completed", {"ended"}),
            ("?status=COMPLETED", {"ended"}),
            ("?status=Pending", {"named", "second", "first"}),
            ("?status=queued&function_name=tests/work", {"second", "first"}),
            ("?trigger_id=order-7", {"named"}),
        ],
    )
    def test_filters(self, alice: Api, known: dict[str, str], query: str, wanted: set[str]) -> None:
        assert set(listed(alice, query)) == {known[each] for each in wanted}

    def test_a_batchs_are_in_its_inputs_order(self, alice: Api, known: dict[str, str]) -> None:
        found = listed(alice, f"?batch_id={known['batch']}")
        assert found == [known["first"], known["second"]]

    @pytest.mark.parametrize(
        ("query", "path"),
        [
            ("status=done", "/status"),
            ("limit=0", "/limit"),
            ("limit=1001", "/limit"),
            ("skip=-1", "/skip"),
            (f"skip={10**30}", "/skip"),
            ("batch_id=x", "/batch_id"),
            ("$limit=1", "/$limit"),
        ],
    )
    def test_a_parameter_that_does_not_fit_is_named(
        self, alice: Api, query: str, path: str
    ) -> None:
        problem = assert_problem(alice.at(f"/executions?{query}", "GET"), 422, "invalid_request")
        assert [each["path"] for each in problem["errors"]] == [path]

    def test_what_would_be_too_much_at_once_is_asked_for_in_smaller_slices(
        self, app: Flask, alice: Api, known: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with app.app_context(), reading():
            sealed = db.session.scalars(select(Execution.sealed_input_data)).first() or ""
        one = len(sealed) * 3 // 4
        monkeypatch.setattr(execution_queries, "SLICE_CHARACTERS_MAX", 2 * one + 2)
        children = f"/batches/{known['batch']}/executions"
        ok(alice.at(children, "GET"))
        problem = assert_problem(alice.at("/executions", "GET"), 422, "invalid_request")
        assert [each["path"] for each in problem["errors"]] == ["/limit"]

        monkeypatch.setattr(execution_queries, "SLICE_CHARACTERS_MAX", one - 1)
        assert_problem(alice.at(children, "GET"), 422, "invalid_request")
        assert len(listed(alice, "?limit=1")) == 1

    @pytest.mark.usefixtures("known")
    def test_so_many_large_ones_are_read_at_once_and_later_ones_put_off(
        self, alice: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        size = len('{"n": 1}')
        monkeypatch.setattr(large_response, "UNCOUNTED_CHARACTERS", size)
        monkeypatch.setattr(large_response, "CHARACTERS_AT_ONCE", 100 * size)
        late: list[Any] = []
        read = execution_queries.slice_executions

        def read_while_others_come(*arguments: Any, reserve: Any, **more: Any) -> Any:
            def reserve_much(_characters: int) -> None:
                reserve(99 * size)
                monkeypatch.setattr(execution_queries, "slice_executions", read)
                late.append(alice.at("/executions", "GET"))

            return read(*arguments, reserve=reserve_much, **more)

        monkeypatch.setattr(execution_queries, "slice_executions", read_while_others_come)
        ok(alice.at("/executions", "GET"))
        assert_problem(late[0], 503, "unavailable")
        assert "Retry-After" in late[0].headers
        ok(alice.at("/executions", "GET"))

    @pytest.mark.usefixtures("known")
    def test_another_workspace_sees_none(self, apis: Apis) -> None:
        assert listed(apis.charlie) == []
