"""POST /functions/{namespace}/{name}/execute/batch: all of them, or none."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from opensink_web.models import Batch, Execution, db
from opensink_web.models.transaction import reading
from opensink_web.operations.executions import submission
from opensink_web.settings import Settings
from tests.api.conftest import Api, Apis, assert_problem
from tests.runtime.conftest import CALLBACKS_ON_LOOPBACK, REFUSED_CALLBACKS, make_function
from tests.support.executions import batch, execution

ADDRESS = "/functions/tests/work/execute/batch"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | CALLBACKS_ON_LOOPBACK


def inputs(count: int) -> list[dict[str, int]]:
    return [{"n": n} for n in range(count)]


def submit(api: Api, count: int, **more: Any) -> Any:
    answer = api.at(ADDRESS, "POST", {"inputs": inputs(count), **more})
    assert answer.status_code == 202, answer.text
    return answer.json


def stored_rows(app: Flask) -> list[int | None]:
    with app.app_context(), reading():
        tables = (Batch, Execution)
        return [db.session.scalar(select(func.count()).select_from(table)) for table in tables]


def test_is_queued_in_the_inputs_order(app: Flask, alice: Api) -> None:
    make_function(alice)
    answer = submit(alice, 3, trigger_id_prefix="run-7")
    assert set(answer) == {"batch_id", "execution_ids", "total", "status"}
    assert (answer["total"], answer["status"]) == (3, "queued")
    with app.app_context():
        rows = [execution(UUID(each)) for each in answer["execution_ids"]]
        whole = batch(UUID(answer["batch_id"]))
    assert [each.input_data for each in rows] == inputs(3)
    assert [each.trigger_id for each in rows] == ["run-7:0", "run-7:1", "run-7:2"]
    assert {(each.batch_id, each.trigger_type) for each in rows} == {(whole.id, "batch")}
    assert (whole.total, whole.trigger_id_prefix) == (3, "run-7")


@pytest.mark.parametrize("mode", ["parallel", None, {"max": 3}])
def test_what_means_nothing_here_is_taken(alice: Api, mode: Any) -> None:
    make_function(alice)
    assert submit(alice, 2, execution_mode=mode)["total"] == 2


def test_each_and_the_whole_have_callbacks_of_their_own(app: Flask, alice: Api) -> None:
    make_function(alice)
    one, all_of_them = "https://127.0.0.1/one", "https://127.0.0.1/all"
    answer = submit(alice, 2, callback_url=one, batch_callback_url=all_of_them)
    with app.app_context():
        assert execution(UUID(answer["execution_ids"][1])).callback_url == one
        assert batch(UUID(answer["batch_id"])).callback_url == all_of_them


def test_a_field_that_is_null_is_as_if_it_were_not_there(app: Flask, alice: Api) -> None:
    make_function(alice)
    names = ("trigger_id_prefix", "delay_seconds", "callback_url", "batch_callback_url")
    answer = submit(alice, 1, **dict.fromkeys(names))
    with app.app_context():
        assert execution(UUID(answer["execution_ids"][0])).trigger_id == "runtime-api"


def test_a_thousand_are_taken_with_a_handful_of_statements(app: Flask, alice: Api) -> None:
    make_function(alice)
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        answer = submit(alice, 1000)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(answer["execution_ids"]) == 1000
    assert len(statements) < 15


@pytest.mark.parametrize("count", [0, 1001])
def test_none_and_too_many_are_refused(app: Flask, alice: Api, count: int) -> None:
    make_function(alice)
    answer = alice.at(ADDRESS, "POST", {"inputs": inputs(count)})
    problem = assert_problem(answer, 400, "batch_size")
    assert [each["path"] for each in problem["errors"]] == ["/inputs"]
    assert stored_rows(app) == [0, 0]


def test_one_input_that_does_not_fit_refuses_all(app: Flask, alice: Api) -> None:
    make_function(alice)
    answer = alice.at(ADDRESS, "POST", {"inputs": [{"n": 1}, {"n": 2}, {"n": "three"}]})
    problem = assert_problem(answer, 422, "invalid_input")
    assert [each["path"] for each in problem["errors"]] == ["/inputs/2/n"]
    assert stored_rows(app) == [0, 0]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "/inputs"),
        ({"inputs": {"n": 1}}, "/inputs"),
        ({"inputs": [{"n": 1}, 7]}, "/inputs/1"),
        ({"inputs": [{"n": 1}], "trigger_id_prefix": "x" * 248}, "/trigger_id_prefix"),
        ({"inputs": [{"n": 1}], "batch_callback_url": 7}, "/batch_callback_url"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(alice: Api, body: Any, path: str) -> None:
    make_function(alice)
    problem = assert_problem(alice.at(ADDRESS, "POST", body), 422, "invalid_request")
    assert [each["path"] for each in problem["errors"]] == [path]


@pytest.mark.parametrize("name", ["callback_url", "batch_callback_url"])
@pytest.mark.parametrize(("url", "word"), REFUSED_CALLBACKS[:2])
def test_a_callback_that_is_not_permitted_is_refused(
    app: Flask, alice: Api, name: str, url: str, word: str
) -> None:
    make_function(alice)
    answer = alice.at(ADDRESS, "POST", {"inputs": inputs(1), name: url})
    problem = assert_problem(answer, 400, "callback_refused")
    assert [each["path"] for each in problem["errors"]] == [f"/{name}"]
    assert word in problem["error"]
    assert stored_rows(app) == [0, 0]


def test_the_same_idempotency_key_submits_once_and_answers_the_same(app: Flask, alice: Api) -> None:
    make_function(alice)
    key = {"Idempotency-Key": "once"}
    answers = [alice.at(ADDRESS, "POST", {"inputs": inputs(2)}, headers=key) for _ in range(2)]
    assert answers[0].data == answers[1].data
    assert stored_rows(app) == [1, 2]


def test_an_input_is_no_larger_in_a_batch_than_alone(app: Flask, alice: Api) -> None:
    make_function(alice, name="any", input_schema={"type": "object"})
    address = "/functions/tests/any/execute/batch"
    large = {"text": "x" * (Settings.from_env({}).max_body_bytes - len('{"text":""}'))}
    assert alice.at(address, "POST", {"inputs": [large, large]}).status_code == 202

    larger = {"text": large["text"] + "x"}
    answer = alice.at(address, "POST", {"inputs": [{}, larger]})
    problem = assert_problem(answer, 422, "invalid_request")
    assert [each["path"] for each in problem["errors"]] == ["/inputs/1"]
    assert stored_rows(app) == [1, 2]


def test_inputs_that_take_too_long_to_check_keep_nobody_from_writing(
    app: Flask, alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "CHECKING_SECONDS_MAX", 0)
    unique = {"type": "object", "properties": {"a": {"uniqueItems": True}}}
    make_function(alice, name="slow", input_schema=unique)
    costly = {"a": [[n] for n in range(900)]}

    address = "/functions/tests/slow/execute/batch"
    answer = alice.at(address, "POST", {"inputs": [costly] * 50})

    problem = assert_problem(answer, 422, "invalid_input")
    assert [each["path"] for each in problem["errors"]] == ["/inputs"]
    assert "Submit them in several batches." in problem["error"]
    assert stored_rows(app) == [0, 0]
    monkeypatch.undo()
    assert alice.at(address, "POST", {"inputs": [{}] * 50}).status_code == 202


def test_one_that_is_not_there_is_not_found(alice: Api) -> None:
    assert_problem(alice.at(ADDRESS, "POST", {"inputs": [{}]}), 404, "not_found")


def test_who_may_not_execute_it_is_refused(apis: Apis) -> None:
    make_function(apis.alice)
    body = {"inputs": inputs(1)}
    assert_problem(apis.charlie.at(ADDRESS, "POST", body), 404, "not_found")
    assert_problem(apis.bob.at(ADDRESS, "POST", body), 403, "permission_missing")


class TestOnASmallServer:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"MAX_BATCH_SIZE": "2"}

    def test_the_size_is_a_setting(self, alice: Api) -> None:
        make_function(alice)
        submit(alice, 2)
        answer = alice.at(ADDRESS, "POST", {"inputs": inputs(3)})
        assert "1 to 2 inputs" in assert_problem(answer, 400, "batch_size")["error"]
