"""What has been kept for long enough is deleted: whole, in slices, and never what is unfinished."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web import clock
from opensink_web.models import (
    Activity,
    AgentSession,
    AuditEntry,
    Base,
    Batch,
    Callback,
    CallbackStatus,
    Chat,
    ChatMessage,
    Comment,
    CommentMention,
    Delivery,
    DeliveryStatus,
    Execution,
    ExecutionStatus,
    ExecutionStep,
    InputRequest,
    SessionStatus,
    Sink,
    SinkItem,
    SinkItemDocument,
    StandingApproval,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.decisions.comment import add_comment
from opensink_web.operations.deletion import delete_some_left
from opensink_web.operations.kept import Kept, Term
from opensink_web.operations.retention import (
    LOOKED_AT,
    START,
    count_prunable,
    find_prunable,
    plans,
    prune_some,
)
from opensink_web.operations.slices import SLICE
from opensink_web.outbound.outcome import AgentReply, Output
from opensink_web.work.chores import Pruning
from tests.conftest import Cast
from tests.support.chats import chat_input, make_agent, submit_some
from tests.support.executions import (
    claim_some,
    finish_all,
    make_function,
    principal_of,
    submit_many,
    submit_one,
)
from tests.support.large_batches import do_all
from tests.support.many_rows import copy_row
from tests.support.pause_scenarios import paused_in
from tests.support.scenarios import ENDPOINT, answer, ask_in
from tests.support.sinks import put, sink_of
from tests.support.standing_cases import affirm, asked_by, granted_on, new_agent
from tests.support.statements import statements, writes_in

pytestmark = pytest.mark.usefixtures("on_each_database")

URL = "https://127.0.0.1/hook"


def prune(kind: Kept, *, days_ago: int = -1) -> int:
    """Delete what ended so long ago; by default everything did."""
    cutoff = clock.now() - timedelta(days=days_ago)
    with reading():
        count = count_prunable(kind, cutoff)
    do_all([Pruning(kind, cutoff)])
    with reading():
        assert count_prunable(kind, cutoff) == 0
    return count


def rows(model: type[Base]) -> int:
    with reading():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def set_all(model: type[Base], **values: object) -> None:
    with writing():
        for row in db.session.scalars(select(model)):
            for name, value in values.items():
                setattr(row, name, value)


def test_an_ended_session_goes_with_all_that_was_in_it(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        with writing():
            by = principal_of(cast.alice)
            add_comment(by.workspace, waiting.request_id, "@bob@example.com?", by=by.user)
        assert rows(CommentMention) == 1
        answer(cast.alice, waiting)
        set_all(AgentSession, status=SessionStatus.COMPLETED)
        set_all(Delivery, status=DeliveryStatus.SUCCEEDED, finished_at=clock.now())
        assert prune(Kept.SESSIONS, days_ago=1) == 0, "it ended only now"
        assert prune(Kept.SESSIONS) == 1
        assert [rows(each) for each in (AgentSession, InputRequest, Activity, Delivery)] == [0] * 4
        is_left = True
        while is_left:  # what is marked is not found any more, and goes later
            with writing():
                is_left = delete_some_left() > 0
        assert (rows(Comment), rows(CommentMention)) == (0, 0)


@pytest.mark.parametrize("what", ["session", "request", "delivery"])
def test_a_session_stays_whole_while_something_of_it_is_unfinished(
    app: Flask, cast: Cast, what: str
) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        if what != "request":
            answer(cast.alice, waiting)
        if what != "session":
            set_all(AgentSession, status=SessionStatus.FAILED)
        if what != "delivery":
            set_all(Delivery, status=DeliveryStatus.FAILED, finished_at=clock.now())
        before = rows(Activity)
        assert prune(Kept.SESSIONS) == 0
        assert (rows(AgentSession), rows(InputRequest), rows(Activity)) == (1, 1, before)


def test_an_ended_execution_goes_with_its_steps_and_others_stay(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_one(cast.alice, function_id)
        finish_all(claim_some(function_id), Output(1))
        queued = submit_one(cast.alice, function_id)
        waiting = paused_in(cast.alice).execution_id
        assert prune(Kept.EXECUTIONS, days_ago=1) == 0
        assert prune(Kept.EXECUTIONS) == 1
        with reading():
            assert set(db.session.scalars(select(Execution.id))) == {queued, waiting}
            assert set(db.session.scalars(select(ExecutionStep.execution_id))) == {queued, waiting}


def test_what_owes_a_callback_stays_until_it_is_made(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_one(cast.alice, function_id, callback_url=URL)
        submit_many(cast.alice, function_id, 2, callback_url=URL)
        finish_all(claim_some(function_id), Output(1))
        assert (prune(Kept.EXECUTIONS), prune(Kept.BATCHES)) == (0, 0)
        set_all(Callback, status=CallbackStatus.SENT)
        assert (prune(Kept.EXECUTIONS), prune(Kept.BATCHES)) == (1, 1)
        assert (rows(Execution), rows(Callback), rows(Batch)) == (0, 0, 0)


def test_a_large_batch_goes_a_slice_at_a_time(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        batch = submit_many(cast.alice, function_id, 1)
        finish_all(claim_some(function_id), Output(1))
        copy_row(Execution, batch.execution_ids[0], 2 * SLICE, {"batch_index": "n"})
        cutoff = clock.now() + timedelta(days=1)
        with reading():
            prunable = find_prunable(Kept.BATCHES, cutoff, START)
        assert prunable.ids == [batch.id]
        with statements(app) as said, writing():
            assert prune_some(Kept.BATCHES, cutoff, prunable.ids) == prunable.ids
        assert rows(Execution) == SLICE + 1
        assert max(len(each.values) for each in said if each.values) <= SLICE + 10
        prune(Kept.BATCHES)
        assert (rows(Execution), rows(Batch)) == (0, 0)


def test_a_batch_stays_while_one_of_it_is_unfinished(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_many(cast.alice, function_id, 2)
        finish_all(claim_some(function_id, most=1), Output(1))
        assert (prune(Kept.BATCHES), prune(Kept.EXECUTIONS)) == (0, 0)
        assert rows(Execution) == 2


def test_a_chat_stays_while_it_is_answered_and_its_execution_stays_after(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submit_some(cast.alice, agent_id, [chat_input()])
        assert prune(Kept.CHATS) == 0
        finish_all(claim_some(agent_id), AgentReply("assistant", "Hello", []))
        assert prune(Kept.CHATS, days_ago=1) == 0
        assert prune(Kept.CHATS) == 1
        assert (rows(Chat), rows(ChatMessage)) == (0, 0)
        with reading():
            kept = db.session.scalars(select(Execution)).one()
            assert (kept.status, kept.chat_id) == (ExecutionStatus.COMPLETED, None)


def test_what_may_not_go_is_passed_by_a_part_at_a_time_and_holds_up_no_writer(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        open_session = ask_in(cast.alice, ENDPOINT).session_id
        copy_row(AgentSession, open_session, 2 * LOOKED_AT)
        ended = ask_in(cast.alice, ENDPOINT)
        answer(cast.alice, ended)
        with writing():
            db.session.get_one(AgentSession, ended.session_id).status = SessionStatus.COMPLETED
        set_all(Delivery, status=DeliveryStatus.SUCCEEDED, finished_at=clock.now())
        cutoff = clock.now() + timedelta(days=1)
        pruning = Pruning(Kept.SESSIONS, cutoff)
        with statements(app) as said:
            assert [pruning.go_on(), pruning.go_on()] == [True, True]
        assert writes_in(said) == []
        with statements(app) as said:
            assert pruning.go_on() is False
        assert rows(AgentSession) == 2 * LOOKED_AT + 1
        written = "UPDATE agent_sessions SET "
        assert [each.text.startswith(written) for each in said].count(True) == 1


def test_what_is_taken_up_after_it_was_found_stays(app: Flask, cast: Cast) -> None:
    with app.app_context():
        answer(cast.alice, ask_in(cast.alice, ENDPOINT))
        set_all(AgentSession, status=SessionStatus.COMPLETED)
        set_all(Delivery, status=DeliveryStatus.SUCCEEDED, finished_at=clock.now())
        cutoff = clock.now() + timedelta(days=1)
        with reading():
            prunable = find_prunable(Kept.SESSIONS, cutoff, START)
        set_all(Delivery, status=DeliveryStatus.PENDING)
        with writing():
            assert prune_some(Kept.SESSIONS, cutoff, prunable.ids) == []
        assert (len(prunable.ids), rows(AgentSession)) == (1, 1)


def test_a_very_long_chat_goes_a_part_at_a_time(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submit_some(cast.alice, agent_id, [chat_input()])
        finish_all(claim_some(agent_id), AgentReply("assistant", "Hello", []))
        with reading():
            first = db.session.scalars(select(ChatMessage.id).limit(1)).one()
        copy_row(ChatMessage, first, 11 * SLICE, {"number": "n + 10"})
        pruning = Pruning(Kept.CHATS, clock.now() + timedelta(days=1))
        assert pruning.go_on() is True
        assert (rows(Chat), 0 < rows(ChatMessage) <= 2 * SLICE) == (1, True)
        do_all([pruning])
        assert (rows(Chat), rows(ChatMessage)) == (0, 0)


def test_of_sessions_few_go_at_once(app: Flask, cast: Cast) -> None:
    with app.app_context():
        ended = ask_in(cast.alice, ENDPOINT)
        answer(cast.alice, ended)
        set_all(AgentSession, status=SessionStatus.COMPLETED)
        set_all(Delivery, status=DeliveryStatus.SUCCEEDED, finished_at=clock.now())
        copy_row(AgentSession, ended.session_id, 100)
        pruning = Pruning(Kept.SESSIONS, clock.now() + timedelta(days=1))
        assert pruning.go_on() is True
        assert 0 < rows(AgentSession) < 101
        do_all([pruning])
        assert rows(AgentSession) == 0


def test_of_more_than_a_slice_all_go(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        execution_id = submit_one(cast.alice, function_id)
        finish_all(claim_some(function_id), Output(1))
        copy_row(Execution, execution_id, 2 * SLICE)
        batches = [submit_many(cast.alice, function_id, 1) for _ in range(3)]
        finish_all(claim_some(function_id, most=len(batches)), Output(1))
        assert prune(Kept.EXECUTIONS) == 2 * SLICE + 1
        assert prune(Kept.BATCHES) == len(batches)
        assert (rows(Execution), rows(Batch)) == (0, 0)


def test_a_standing_approval_goes_when_it_is_over_and_what_it_approved_has_gone(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        agent_id, approval_ids = new_agent(cast.alice), []
        for _ in range(4):
            request_id = asked_by(cast.alice, agent_id)
            affirm(cast.bob, request_id)
            approval_ids.append(granted_on(cast.bob, request_id))
        set_all(StandingApproval, expires_at=clock.now() + timedelta(days=30))
        assert prune(Kept.STANDING_APPROVALS) == 0  # all are in force
        in_force, revoked, expired, used_up = approval_ids
        long_ago = clock.now() - timedelta(days=30)
        with writing():
            db.session.get_one(StandingApproval, revoked).revoked_at = long_ago
            db.session.get_one(StandingApproval, expired).expires_at = long_ago
            over = db.session.get_one(StandingApproval, used_up)
            over.uses_count, over.created_at = over.uses_max, long_ago
            approved = db.session.get_one(InputRequest, request_id)
            approved.standing_approval_id = used_up
        said = rows(AuditEntry)
        assert prune(Kept.STANDING_APPROVALS, days_ago=40) == 0
        assert prune(Kept.STANDING_APPROVALS) == 2
        with writing():
            db.session.delete(db.session.get_one(InputRequest, request_id))
        assert prune(Kept.STANDING_APPROVALS) == 1
        with reading():
            assert db.session.scalars(select(StandingApproval.id)).all() == [in_force]
        assert rows(AuditEntry) >= said  # which says who granted what, and each use


def test_items_of_sinks_go_where_somebody_says_so_and_their_words_with_them(
    app: Flask, cast: Cast
) -> None:
    def of_server(days: int) -> dict[Term, int]:
        return dict.fromkeys(Term, 0) | {Term.SINK_ITEMS: days}

    with app.app_context():
        for person in (cast.alice, cast.charlie):
            put(person, sink_of(person), "Old", "New")
        for table in (SinkItem, Sink):
            set_all(table, created_at=clock.now() - timedelta(days=40))
        with writing():
            hers = db.session.get_one(Workspace, cast.alice.workspace_id)
            hers.retention_days_sink_items = 30
        with reading():
            planned = plans(of_server(0))
        assert {(each.kind, each.scope.workspace_id) for each in planned} == {
            (Kept.SINK_ITEMS, cast.alice.workspace_id)
        }
        assert prune(Kept.SINK_ITEMS, days_ago=41) == 0
        later = clock.now() + timedelta(days=1)
        do_all([Pruning(each.kind, later, each.scope) for each in planned])
        with reading():
            left = set(db.session.scalars(select(SinkItem.workspace_id)))
        assert left == {cast.charlie.workspace_id}
        assert (rows(SinkItem), rows(SinkItemDocument), rows(Sink)) == (2, 2, 2)
        with reading():
            assert [each.scope.workspace_id for each in plans(of_server(60))].count(None) == 1
        assert prune(Kept.SINK_ITEMS) == 2
        assert (rows(SinkItem), rows(SinkItemDocument), rows(Sink)) == (0, 0, 2)
