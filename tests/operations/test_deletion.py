"""What is deleted is gone at once for everybody, and its many rows a slice at a time."""

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, event, func, insert, select

from opensink_web.models import (
    Activity,
    Agent,
    AgentSession,
    Base,
    Batch,
    Chat,
    Delivery,
    DeliveryAttempt,
    Execution,
    Function,
    InputRequest,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import create_agent, delete_agent
from opensink_web.operations.agents.agent_session import delete_session
from opensink_web.operations.agents.queries import find_agent
from opensink_web.operations.executions.function import delete_function
from opensink_web.operations.requests.queries import count_waiting
from opensink_web.operations.slices import SLICE
from opensink_web.outbound.outcome import AgentReply, Output
from opensink_web.work.chores import DELETING, do_chores
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits, Queue
from tests.conftest import Cast, Person
from tests.support.chats import chat_input, make_agent, submit_some
from tests.support.deliveries import claim_delivery
from tests.support.executions import claim_some, finish_all, make_function, submit_many
from tests.support.many_rows import copy_row
from tests.support.scenarios import ENDPOINT, POLICY, answer, ask_in

pytestmark = pytest.mark.usefixtures("on_each_database")
MANY = 2 * SLICE + 1


def workspace_of(person: Person) -> Workspace:
    return db.session.get_one(Workspace, person.workspace_id)


def rows(model: type[Base]) -> int:
    """Count what is stored, found or not."""
    with reading():
        return db.session.scalar(select(func.count()).select_from(model.__table__)) or 0


def found(model: type[Base]) -> int:
    with reading():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def delete_all_left() -> None:
    while DELETING[0].go_on():
        pass


def rows_in_each_transaction(app: Flask, step: Callable[[], bool]) -> list[int]:
    """Repeat a step until it returns False; return how many rows each one wrote."""
    counts = [0]

    def note(_connection: object, cursor: object, text: str, *_: object) -> None:
        if not text.startswith(("SELECT", "BEGIN")):
            counts[-1] += getattr(cursor, "rowcount", 0)

    event.listen(db.engine, "after_cursor_execute", note)
    try:
        while step():
            counts.append(0)
    finally:
        event.remove(db.engine, "after_cursor_execute", note)
    return counts


def test_an_agent_is_gone_at_once_with_all_that_is_its_own(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        other = ask_in(cast.alice, ENDPOINT)
        for each in (waiting, other):
            answer(cast.alice, each)
        before = {each: found(each) for each in (AgentSession, InputRequest, Activity, Delivery)}
        with writing():
            delete_agent(workspace_of(cast.alice), waiting.agent_id)
        assert {each: found(each) * 2 for each in before} == before
        assert {each: rows(each) for each in before} == before, "they go later"
        delete_all_left()
        assert {each: rows(each) * 2 for each in before} == before
        with reading():
            assert [each.id for each in db.session.scalars(select(Agent))] == [other.agent_id]


def test_its_address_is_free_for_another(app: Flask, cast: Cast) -> None:
    with app.app_context():
        for _ in range(2):
            with writing():
                agent = create_agent(workspace_of(cast.alice), POLICY, name="X", slug="clerk")
                agent_id = agent.id
            with writing():
                assert delete_agent(workspace_of(cast.alice), agent_id) == "X"
        delete_all_left()
        assert rows(Agent) == 0


def test_a_functions_name_is_free_for_another_and_its_executions_stay(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_many(cast.alice, function_id, 2)
        finish_all(claim_some(function_id), Output(1))
        with writing():
            delete_function(workspace_of(cast.alice), "tests", "work")
        assert make_function(cast.alice) != function_id
        delete_all_left()
        assert (rows(Function), rows(Execution), rows(Batch)) == (1, 2, 1)
        with reading():
            kept = db.session.scalars(select(Execution)).all()
            assert {(each.function_id, each.full_name) for each in kept} == {(None, "tests/work")}


def test_its_chats_and_executions_stay(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submit_some(cast.alice, agent_id, [chat_input()])
        finish_all(claim_some(agent_id), AgentReply("assistant", "Hello", []))
        with writing():
            delete_agent(workspace_of(cast.alice), agent_id)
        with reading():
            assert db.session.scalars(select(Chat)).one().agent is None
        delete_all_left()
        assert (rows(Agent), rows(Chat), rows(Execution), rows(Batch)) == (0, 1, 1, 1)


@pytest.mark.parametrize("what", ["agent", "session"])
def test_no_call_of_it_leaves_and_nothing_of_it_waits_in_the_inbox(
    app: Flask, cast: Cast, what: str
) -> None:
    with app.app_context():
        answered, waiting = ask_in(cast.alice, ENDPOINT), ask_in(cast.alice, ENDPOINT)
        answer(cast.alice, answered)
        with reading():
            delivery_id = db.session.scalars(select(Delivery.id)).one()
        with writing():
            for each in (answered, waiting):
                if what == "agent":
                    delete_agent(workspace_of(cast.alice), each.agent_id)
                else:
                    delete_session(workspace_of(cast.alice), each.session_id)
        with reading():
            assert count_waiting(workspace_of(cast.alice)) == 0
            assert Queue(kinds_within(Limits(4, 4))).groups_with_work() == []
        with writing():
            assert claim_delivery(delivery_id) is None


def test_an_agent_with_very_many_rows_goes_a_slice_in_each_transaction(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        answer(cast.alice, waiting)
        with reading():
            ids = {
                each: db.session.scalars(select(each.id).limit(1)).one()
                for each in (Activity, Delivery, InputRequest, AgentSession)
            }
        differing: dict[type[Base], dict[str, str]] = {
            Delivery: {"business_key": "CAST(n AS varchar(64))"}
        }
        for model, row_id in ids.items():
            copy_row(model, row_id, MANY, differing.get(model))
        agent = workspace_of(cast.alice), waiting.agent_id

        def delete_it() -> bool:
            with writing():
                delete_agent(*agent)
            return False

        assert rows_in_each_transaction(app, delete_it) == [2], "the agent, and that it was deleted"
        assert found(AgentSession) == found(Delivery) == 0
        counts = rows_in_each_transaction(app, DELETING[0].go_on)
        assert max(counts) == SLICE
        left = (Agent, AgentSession, InputRequest, Activity, Delivery, DeliveryAttempt)
        assert [rows(each) for each in left] == [0] * len(left)
        # each row was deleted by name, and none by a cascade, which nobody counts
        assert sum(counts) >= 4 * MANY


def test_a_session_with_very_many_rows_goes_a_slice_in_each_transaction(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        with reading():
            first = db.session.scalars(select(Activity.id).limit(1)).one()
        copy_row(Activity, first, MANY)
        with writing():
            delete_session(workspace_of(cast.alice), waiting.session_id)
        assert (found(AgentSession), found(Activity), found(InputRequest)) == (0, 0, 0)
        counts = rows_in_each_transaction(app, DELETING[0].go_on)
        assert max(counts) == SLICE
        assert (rows(AgentSession), rows(Activity), rows(Agent)) == (0, 0, 1)


def test_a_function_with_very_many_executions_leaves_them_a_slice_at_a_time(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        batch = submit_many(cast.alice, function_id, 1)
        finish_all(claim_some(function_id), Output(1))
        copy_row(Execution, batch.execution_ids[0], MANY, {"batch_index": "n"})
        with writing():
            delete_function(workspace_of(cast.alice), "tests", "work")
        counts = rows_in_each_transaction(app, DELETING[0].go_on)
        assert max(counts) == SLICE
        assert sum(counts) == MANY + 1 + 1 + 1, "executions, their batch, and the function"


def test_whoever_comes_after_one_that_was_killed_goes_on(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        with writing():
            delete_agent(workspace_of(cast.alice), waiting.agent_id)

        def be_killed() -> None:
            with writing():
                DELETING[0].do_some()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            be_killed()
        db.session.remove()
        do_chores(DELETING, seconds=60)
        assert (rows(Agent), rows(Activity), rows(InputRequest)) == (0, 0, 0)


def test_what_was_written_while_it_went_goes_too(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        with writing():
            delete_agent(workspace_of(cast.alice), waiting.agent_id)
        with writing():
            table = Activity.__table__
            row = db.session.execute(select(table).limit(1)).mappings().one()
            db.session.execute(insert(table).values({**row, "id": UUID(int=1)}))  # type: ignore[arg-type]  # a Table is typed as any FROM
        delete_all_left()
        assert rows(Activity) == 0


def test_a_statement_that_changes_many_passes_by_what_is_deleted(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        with writing():
            delete_agent(workspace_of(cast.alice), waiting.agent_id)
        with writing():
            db.session.execute(delete(InputRequest))
        assert rows(InputRequest) == 1
        with reading(), pytest.raises(Exception, match="no such agent"):
            find_agent(workspace_of(cast.alice), waiting.agent_id)
