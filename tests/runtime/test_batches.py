"""GET /batches, /batches/{id} and /batches/{id}/executions, and POST /batches/{id}/cancel."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, text

from opensink_web.models import db
from opensink_web.models.transaction import reading
from opensink_web.operations.executions.queries import batch as batch_queries
from opensink_web.outbound.outcome import Failure, Output, Pending
from tests.api.conftest import NOWHERE, Api, Apis, assert_problem, key_with
from tests.conftest import Cast
from tests.runtime.conftest import ok
from tests.support.executions import Submitted, claim_some, finish_all, make_function, submit_many

FIELDS = [
    "batch_id",
    "kind",
    "target",
    "user_id",
    "total",
    "completed",
    "failed",
    "running",
    "queued",
    "cancelled",
    "awaiting_input",
    "status",
    "started_at",
    "finished_at",
    "trigger_id_prefix",
    "trace_id",
]
COUNTS = ("completed", "failed", "running", "queued", "cancelled", "awaiting_input")


@pytest.fixture
def function_id(app: Flask, cast: Cast) -> UUID:
    with app.app_context():
        return make_function(cast.alice)


@pytest.fixture
def submitted(app: Flask, cast: Cast, function_id: UUID) -> Submitted:
    """Four executions that nobody has begun."""
    with app.app_context():
        return submit_many(cast.alice, function_id, 4, trigger_id="run-7")


def read(api: Api, batch_id: object) -> Any:
    return ok(api.at(f"/batches/{batch_id}", "GET"))


def counts(api: Api, batch_id: object) -> dict[str, int]:
    """Return the counts that are not 0."""
    answer = read(api, batch_id)
    return {name: answer[name] for name in COUNTS if answer[name]}


def begin(app: Flask, function_id: UUID, count: int = 1) -> None:
    """Have executions called that will report their ends."""
    with app.app_context():
        finish_all(claim_some(function_id, count), Pending())


class TestOne:
    def test_has_exactly_the_fields_that_clients_know(
        self, cast: Cast, alice: Api, submitted: Submitted
    ) -> None:
        answer = read(alice, submitted.id)
        assert list(answer) == FIELDS
        assert (answer["batch_id"], answer["kind"]) == (str(submitted.id), "function")
        assert answer["target"] == {"namespace": "tests", "name": "work"}
        assert (answer["user_id"], answer["trigger_id_prefix"]) == (str(cast.alice.id), "run-7")
        assert (answer["total"], answer["queued"], answer["status"]) == (4, 4, "queued")
        assert answer["started_at"] is answer["finished_at"] is None

    def test_counts_where_its_executions_are(
        self, app: Flask, alice: Api, function_id: UUID, submitted: Submitted
    ) -> None:
        begin(app, function_id)
        with app.app_context():
            finish_all(claim_some(function_id, 1), Output(1))
            finish_all(claim_some(function_id, 1), Failure("No disk."))
        assert counts(alice, submitted.id) == {
            "running": 1,
            "completed": 1,
            "failed": 1,
            "queued": 1,
        }
        assert read(alice, submitted.id)["status"] == "running"

    @pytest.mark.parametrize(
        ("failures", "status"), [(0, "completed"), (1, "partial"), (4, "failed")]
    )
    def test_ends_with_the_last_of_them(
        self,
        app: Flask,
        alice: Api,
        function_id: UUID,
        submitted: Submitted,
        failures: int,
        status: str,
    ) -> None:
        with app.app_context():
            claims = claim_some(function_id)
            finish_all(claims[:failures], Failure("No disk."))
            finish_all(claims[failures:], Output(1))
        answer = read(alice, submitted.id)
        assert answer["status"] == status
        assert answer["started_at"] <= answer["finished_at"]

    def test_is_not_there_for_another_workspace(self, apis: Apis, submitted: Submitted) -> None:
        for path in ("", "/executions"):
            there = apis.charlie.at(f"/batches/{submitted.id}{path}", "GET")
            assert_problem(there, 404, "not_found")
            assert there.data == apis.charlie.at(f"/batches/{NOWHERE}{path}", "GET").data

    @pytest.mark.usefixtures("only_own")
    def test_who_may_see_their_own_sees_no_other(
        self, app: Flask, cast: Cast, apis: Apis, function_id: UUID, submitted: Submitted
    ) -> None:
        with app.app_context():
            theirs = submit_many(cast.bob, function_id, 1)
        assert read(apis.bob, theirs.id)["total"] == 1
        assert [each["batch_id"] for each in ok(apis.bob.at("/batches", "GET"))] == [str(theirs.id)]
        for path in ("", "/executions"):
            answer = apis.bob.at(f"/batches/{submitted.id}{path}", "GET")
            assert_problem(answer, 404, "not_found")

    def test_a_key_needs_the_scope(self, app: Flask, alice: Api, submitted: Submitted) -> None:
        key = key_with(alice, app, "executions:all", "batches:write")
        for path in ("", f"/{submitted.id}", f"/{submitted.id}/executions"):
            assert_problem(key.at(f"/batches{path}", "GET"), 403, "permission_missing")


@pytest.mark.usefixtures("on_each_database")
class TestCost:
    @pytest.fixture
    def statements(self, app: Flask) -> Iterator[list[str]]:
        seen: list[str] = []

        def note(*arguments: object) -> None:
            seen.append(str(arguments[2]))

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        yield seen
        event.remove(engine, "before_cursor_execute", note)

    @pytest.mark.server
    def test_a_poll_counts_in_one_query_that_reads_an_index_and_in_it_nothing_that_waits(
        self, app: Flask, cast: Cast, alice: Api, statements: list[str]
    ) -> None:
        with app.app_context():
            submitted = submit_many(cast.alice, make_function(cast.alice), 100)
        statements.clear()
        read(alice, submitted.id)
        ours = [each for each in statements if re.search(r"FROM executions\b", each)]
        assert len(ours) == 1
        plan = plan_of(app, submitted.id)
        assert len([each for each in plan if "ix_executions_progress" in each]) == 2
        conditions = [each for each in plan if re.search(r"batch_id ?(=|IN)", each)]
        assert [each for each in conditions if "status" not in each] == []
        assert len(conditions) == 2


def plan_of(app: Flask, batch_id: UUID) -> list[str]:
    """Return how the database carries out the query that counts, line by line."""
    with app.app_context(), reading():
        counted = batch_queries.PROGRESS.params(of_batches=[batch_id]).compile(
            db.engine, compile_kwargs={"literal_binds": True}
        )
        explain = "EXPLAIN QUERY PLAN"
        if db.engine.dialect.name == "postgresql":
            explain = "EXPLAIN"
            # of a table as small as a test's it would rather read all
            db.session.execute(text("SET LOCAL enable_seqscan = off"))
            # nor does it tell, of one so small, an index that holds all from one that does not
            db.session.execute(text("DROP INDEX ix_executions_batch_id_status_batch_index"))
        plan = [str(row[-1]) for row in db.session.execute(text(f"{explain} {counted}"))]
        db.session.rollback()
        return plan


class TestList:
    def test_is_a_bare_array_newest_first(
        self, app: Flask, cast: Cast, alice: Api, function_id: UUID, submitted: Submitted
    ) -> None:
        with app.app_context():
            newer = submit_many(cast.alice, function_id, 1)
        answer = ok(alice.at("/batches", "GET"))
        assert [each["batch_id"] for each in answer] == [str(newer.id), str(submitted.id)]
        assert answer[1] == read(alice, submitted.id)
        skipped = ok(alice.at("/batches?skip=1&limit=1", "GET"))
        assert [each["batch_id"] for each in skipped] == [str(submitted.id)]

    def test_finds_by_status_what_says_that_it_has_it(
        self, app: Flask, cast: Cast, alice: Api, function_id: UUID
    ) -> None:
        made: dict[str, Submitted] = {}
        with app.app_context():
            for status, outcome in (("completed", Output(1)), ("failed", Failure("No."))):
                made[status] = submit_many(cast.alice, function_id, 2)
                finish_all(claim_some(function_id), outcome)
            made["partial"] = submit_many(cast.alice, function_id, 2)
            finish_all(claim_some(function_id, 1), Output(1))
            finish_all(claim_some(function_id, 1), Failure("No."))
            made["running"] = submit_many(cast.alice, function_id, 2)
            finish_all(claim_some(function_id, 1), Pending())
            made["cancelled"] = submit_many(cast.alice, function_id, 2)
            made["queued"] = submit_many(cast.alice, function_id, 2)
        cancel(alice, made["cancelled"].id)
        for status, batch in made.items():
            found = ok(alice.at(f"/batches?status={status}", "GET"))
            assert [each["batch_id"] for each in found] == [str(batch.id)]
            assert found[0]["status"] == status
        assert ok(alice.at("/batches?kind=agent", "GET")) == []

    @pytest.mark.parametrize("query", ["status=done", "limit=1001", "skip=-1", "kind=robot"])
    def test_a_parameter_that_does_not_fit_is_refused(self, alice: Api, query: str) -> None:
        assert_problem(alice.at(f"/batches?{query}", "GET"), 422, "invalid_request")


class TestExecutions:
    def test_are_in_the_inputs_order(self, alice: Api, submitted: Submitted) -> None:
        path = f"/batches/{submitted.id}/executions"
        whole = ok(alice.at(path, "GET"))
        assert list(whole) == ["executions"]
        assert ids(whole) == [str(each) for each in submitted.execution_ids]
        assert ids(ok(alice.at(f"{path}?offset=1&limit=2", "GET"))) == ids(whole)[1:3]

    def test_are_found_by_status(
        self, app: Flask, alice: Api, function_id: UUID, submitted: Submitted
    ) -> None:
        begin(app, function_id)
        path = f"/batches/{submitted.id}/executions"
        assert len(ids(ok(alice.at(f"{path}?status=RUNNING", "GET")))) == 1
        assert len(ids(ok(alice.at(f"{path}?status=pending", "GET")))) == 3


def ids(answer: Any) -> list[str]:
    return [each["execution_id"] for each in answer["executions"]]


def cancel(api: Api, batch_id: object) -> Any:
    return ok(api.at(f"/batches/{batch_id}/cancel", "POST"))


class TestCancel:
    def test_ends_what_has_not_begun_and_lets_the_rest_go_on(
        self, app: Flask, alice: Api, function_id: UUID, submitted: Submitted
    ) -> None:
        begin(app, function_id)
        assert cancel(alice, submitted.id) == {
            "batch_id": str(submitted.id),
            "status": "cancelled",
            "cancelled_children": 3,
        }
        assert counts(alice, submitted.id) == {"running": 1, "cancelled": 3}
        assert read(alice, submitted.id)["status"] == "cancelled"

    def test_one_that_has_ended_stays(
        self, app: Flask, alice: Api, function_id: UUID, submitted: Submitted
    ) -> None:
        with app.app_context():
            finish_all(claim_some(function_id), Output(1))
        answer = alice.at(f"/batches/{submitted.id}/cancel", "POST")
        assert_problem(answer, 409, "conflict")

    def test_a_reviewer_cancels_what_they_started_and_nothing_else(
        self, app: Flask, cast: Cast, apis: Apis, function_id: UUID, submitted: Submitted
    ) -> None:
        with app.app_context():
            theirs = submit_many(cast.bob, function_id, 1)
        assert cancel(apis.bob, theirs.id)["cancelled_children"] == 1
        answer = apis.bob.at(f"/batches/{submitted.id}/cancel", "POST")
        assert_problem(answer, 404, "not_found")

    def test_is_for_the_workspace_alone(self, apis: Apis, submitted: Submitted) -> None:
        answer = apis.charlie.at(f"/batches/{submitted.id}/cancel", "POST")
        assert_problem(answer, 404, "not_found")
