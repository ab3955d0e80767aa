"""A batch that is written in slices: all of it is there, or nothing, whatever comes in between."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from opensink_web import clock
from opensink_web.models import (
    Batch,
    BatchStatus,
    Execution,
    ExecutionStatus,
    Workspace,
    db,
)
from opensink_web.models.execution import NOT_DUE_YET
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.executions import queueing, staging
from opensink_web.operations.executions.batch import cancel_some_left
from opensink_web.operations.executions.ending import end_forgotten_batches, is_a_batch_forgotten
from opensink_web.operations.executions.function import delete_function
from opensink_web.work.chores import CANCELLING, DELETING, QUEUEING
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits, Queue
from tests.api.conftest import Api, Apis, assert_problem
from tests.conftest import Cast
from tests.runtime.conftest import make_function
from tests.support.executions import batch, claim_some
from tests.support.large_batches import (
    ADDRESS,
    COUNT,
    Between,
    accepted,
    do_all,
    due_count,
    in_thread,
    read,
    stored,
    submit,
    sweep,
)

pytestmark = pytest.mark.usefixtures("on_each_database", "small_slices")


def test_it_is_there_whole_and_in_order(app: Flask, alice: Api) -> None:
    make_function(alice)
    answer = accepted(submit(alice, trigger_id_prefix="run"))
    assert (answer["total"], answer["status"]) == (COUNT, "queued")
    listed = read(alice, f"/batches/{answer['batch_id']}/executions")["executions"]
    assert [each["execution_id"] for each in listed] == answer["execution_ids"]
    assert [each["trigger_id"] for each in listed] == [f"run:{n}" for n in range(COUNT)]
    assert [each["input_data"] for each in listed] == [{"n": n} for n in range(COUNT)]
    assert read(alice, f"/batches/{answer['batch_id']}")["queued"] == COUNT


def test_it_becomes_due_in_slices_and_is_carried_out_in_order(app: Flask, alice: Api) -> None:
    function = make_function(alice)
    answer = accepted(submit(alice))
    assert due_count(app) == queueing.QUEUED_AT_ONCE
    with app.app_context():
        do_all(QUEUEING)
        claims = claim_some(UUID(function["id"]))
    assert [str(claim.id) for claim in claims] == answer["execution_ids"]


def test_a_delayed_one_is_due_when_it_shall_be(app: Flask, alice: Api) -> None:
    make_function(alice)
    answer = accepted(submit(alice, delay_seconds=3600))
    with app.app_context():
        do_all(QUEUEING)
        due_at = batch(UUID(answer["batch_id"])).due_at
        assert due_at is not None
        with reading():
            assert set(db.session.scalars(select(Execution.next_at))) == {due_at}
    assert timedelta(minutes=59) < due_at - clock.now() <= timedelta(hours=1)


@pytest.mark.parametrize("kind", ["function", "approval", "chats"])
def test_nobody_finds_it_before(
    app: Flask,
    alice: Api,
    between_slices: Between,
    kind: str,
) -> None:
    seen: dict[str, Any] = {}

    def look() -> None:
        seen["stored"] = stored(app)
        for address in (
            "/batches",
            "/executions",
            "/chats",
            "/api/v1/agent-session-input-requests",
        ):
            answer = read(alice, address)
            seen[address] = answer["items"] if isinstance(answer, dict) else answer
        with app.app_context(), reading():
            staged = db.session.execute(select(Batch.__table__)).one()
            some = db.session.execute(select(Execution.__table__).limit(1)).one()
            seen["due"] = Queue(kinds_within(Limits(10, 10))).groups_with_work()
            seen["to be ended"] = is_a_batch_forgotten()
        seen["batch"] = alice.at(f"/batches/{staged.id}", "GET").status_code
        seen["cancelling"] = alice.at(f"/batches/{staged.id}/cancel", "POST").status_code
        seen["execution"] = alice.at(f"/executions/{some.id}", "GET").status_code
        with app.app_context():
            end_forgotten_batches()
            seen["claims"] = claim_some(staged.function_id or staged.agent_id)

    between_slices(lambda: in_thread(look))
    inputs: list[Any]
    if kind == "chats":
        endpoint = {"url": "http://127.0.0.1:9/"}
        made = {"name": "A", "namespace": "desk", "slug": "clerk", "execution_endpoint": endpoint}
        alice.post("/agents", made)
        inputs = [{"message": f"Hello {n}"} for n in range(COUNT)]
        address, first = "/agents/desk/clerk/chats/batch", COUNT
    else:
        make_function(alice, requires_approval=kind == "approval")
        inputs, address, first = [{"n": n} for n in range(COUNT)], ADDRESS, COUNT
    accepted(alice.at(address, "POST", {"inputs": inputs}))

    assert seen.pop("stored")["Execution"] == 5
    assert [seen.pop(each) for each in ("batch", "cancelling", "execution")] == [404, 404, 404]
    assert {name: value for name, value in seen.items() if value} == {}
    assert len(read(alice, "/executions")) == first
    waiting = alice.read("/agent-session-input-requests?$limit=100")["items"]
    assert len(waiting) == (COUNT if kind == "approval" else 0)
    assert len(read(alice, "/chats")) == (COUNT if kind == "chats" else 0)


def test_others_write_in_between(app: Flask, alice: Api, between_slices: Between) -> None:
    make_function(alice)
    one = {"input": {"n": 1}}
    statuses: list[int] = []

    def write() -> None:
        answer = alice.at("/functions/tests/work/execute/async", "POST", one)
        statuses.append(answer.status_code)

    between_slices(lambda: in_thread(write))
    accepted(submit(alice))
    assert statuses == [202]
    assert len(read(alice, "/executions")) == COUNT + 1


def test_a_database_that_goes_away_in_between_leaves_nothing(
    app: Flask,
    alice: Api,
    between_slices: Between,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def go_away(*_: object) -> None:
        raise OperationalError("INSERT", {}, OSError("the server closed the connection"))

    make_function(alice)
    between_slices(lambda: monkeypatch.setattr(staging, "_insert", go_away))
    assert_problem(submit(alice), 503, "unavailable")
    assert read(alice, "/batches") == read(alice, "/executions") == []
    sweep(app)
    assert stored(app) == {}


def test_a_function_that_is_deleted_in_between_is_not_found(
    app: Flask, cast: Cast, alice: Api, between_slices: Between
) -> None:
    def delete() -> None:
        with app.app_context():
            with writing():
                workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
                delete_function(workspace, "tests", "work")
            do_all(DELETING)

    make_function(alice)
    between_slices(lambda: in_thread(delete))
    assert_problem(submit(alice), 404, "not_found")
    sweep(app)
    assert stored(app) == {}


@pytest.mark.parametrize("change", [{"timeout_seconds": 7}, {"is_active": False}])
def test_a_function_that_is_changed_in_between_executes_nothing(
    app: Flask,
    alice: Api,
    between_slices: Between,
    change: dict[str, Any],
) -> None:
    make_function(alice)
    between_slices(lambda: in_thread(lambda: alice.patch("/functions/tests/work", change)))
    assert_problem(submit(alice), 409, "conflict")
    sweep(app)
    assert stored(app) == {}


def test_one_that_was_given_up_is_not_accepted_any_more(
    app: Flask, alice: Api, between_slices: Between
) -> None:
    """As when whoever submits it stands still for longer than it is held."""

    def give_up() -> None:
        with app.app_context():
            with writing():
                table: Any = Batch.__table__
                db.session.execute(update(table).values(staged_until=clock.now()))
            do_all(DELETING)

    make_function(alice)
    between_slices(lambda: in_thread(give_up))
    problem = assert_problem(submit(alice), 503, "unavailable")
    assert "took too long to be stored" in problem["error"]
    sweep(app)
    assert stored(app) == {}


def test_one_whose_process_died_is_deleted_once_its_time_is_over(
    app: Flask, alice: Api, between_slices: Between
) -> None:
    class Killed(BaseException):
        """Nothing is done after it, as after kill -9."""

    def die() -> None:
        raise Killed

    make_function(alice, requires_approval=True)
    between_slices(die)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "_GIVE_UP", staging._GIVE_UP.where(Batch.total < 0))
        with pytest.raises(Killed):
            submit(alice)
    sweep(app)
    assert set(stored(app)) == {"Batch", "Execution", "ExecutionStep", "InputRequest"}  # held still
    with app.app_context(), writing():
        table: Any = Batch.__table__
        db.session.execute(update(table).values(staged_until=clock.now()))
    sweep(app)
    assert stored(app) == {}


def test_one_that_is_cancelled_before_all_of_it_is_due_does_not_begin(
    app: Flask, alice: Api
) -> None:
    function = make_function(alice)
    answer = accepted(submit(alice))
    cancelled: Any = alice.at(f"/batches/{answer['batch_id']}/cancel", "POST").json
    assert cancelled["cancelled_children"] == COUNT
    with app.app_context():
        do_all(QUEUEING)
        assert claim_some(UUID(function["id"])) == []
        with writing():
            cancel_some_left()
        assert batch(UUID(answer["batch_id"])).ended_as is BatchStatus.CANCELLED


def test_one_that_is_cancelled_slowly_stands_in_nobodys_way(
    app: Flask, alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = make_function(alice)
    answer = accepted(submit(alice))
    with app.app_context():
        do_all(QUEUEING)
    assert due_count(app) == COUNT
    monkeypatch.setattr("opensink_web.operations.executions.batch.SLICE", 3)
    alice.at(f"/batches/{answer['batch_id']}/cancel", "POST")
    with app.app_context():
        do_all(QUEUEING)
        with reading():
            query = select(Execution.next_at).where(Execution.status == ExecutionStatus.QUEUED)
            assert list(db.session.scalars(query)) == [NOT_DUE_YET] * (COUNT - 3)
        do_all(CANCELLING)
        assert claim_some(UUID(function["id"])) == []
        assert batch(UUID(answer["batch_id"])).ended_as is BatchStatus.CANCELLED


def test_who_is_of_another_workspace_learns_nothing(apis: Apis) -> None:
    make_function(apis.alice)
    assert_problem(submit(apis.charlie), 404, "not_found")
    batch_id = accepted(submit(apis.alice))["batch_id"]
    assert_problem(apis.charlie.at(f"/batches/{batch_id}", "GET"), 404, "not_found")
