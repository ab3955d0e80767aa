"""An execution waits for a person: it asks once, one decision stands, and it goes on or fails."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from opensink_web import clock
from opensink_web.errors import (
    Conflict,
    InvalidAnswer,
    NotFound,
)
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import (
    Batch,
    BatchStatus,
    Execution,
    ExecutionStatus,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    StepKind,
    Workspace,
    db,
)
from opensink_web.models.transaction import Wakeup, work_committed, writing
from opensink_web.operations.executions.batch import cancel_batch
from opensink_web.operations.executions.pause import check_question
from opensink_web.operations.executions.queries.question import Answer, answers_of
from opensink_web.outbound.outcome import Awaits, Failure
from tests.conftest import Cast
from tests.support.executions import (
    batch,
    claim_some,
    finish_all,
    make_function,
    submit_many,
)
from tests.support.pause_scenarios import (
    PROMPT,
    PROPOSED,
    Paused,
    answer,
    approval_in,
    ask_again,
    cancel,
    carry_on,
    execution_of,
    paused_in,
    refuse,
    request_of,
    steps_of,
)
from tests.support.scenarios import SCHEMA, ask_in

YES: JSONObject = {"approved": True}


class TestAsking:
    def test_gives_the_lease_back_and_waits(self, paused: Paused) -> None:
        execution = execution_of(paused)
        assert execution.status is ExecutionStatus.AWAITING_INPUT
        assert (execution.lease_token, execution.lease_until) == (None, None)
        assert execution.pause_count == 1
        assert steps_of(paused) == [StepKind.QUEUED, StepKind.STARTED, StepKind.PAUSED]

    def test_asks_in_the_name_of_the_function(self, paused: Paused) -> None:
        request = request_of(paused)
        assert request.kind is InputRequestKind.INPUT
        assert request.status is InputRequestStatus.PENDING
        assert (request.key, request.title) == ("billing/transfer", "Which account?")
        assert (request.message, request.schema) == (PROMPT, SCHEMA)
        assert (request.session_id, request.agent_id) == (None, None)

    def test_nobody_is_asked_for_a_batch_that_was_cancelled(self, app: Flask, cast: Cast) -> None:
        with app.app_context():
            function_id = make_function(cast.alice)
            submitted = submit_many(cast.alice, function_id, 2)
            claims = claim_some(function_id)
            with writing():
                workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
                cancel_batch(workspace, submitted.id)
            finish_all(claims, Awaits(PROMPT, SCHEMA))

            statuses = set(db.session.scalars(select(Execution.status)))
            assert statuses == {ExecutionStatus.CANCELLED}
            assert db.session.scalars(select(InputRequest.id)).all() == []
            assert batch(submitted.id).ended_as is BatchStatus.CANCELLED

    def test_belongs_to_the_batch(self, app: Flask, cast: Cast) -> None:
        with app.app_context():
            function_id = make_function(cast.alice)
            submitted = submit_many(cast.alice, function_id, 2)
            finish_all(claim_some(function_id), Awaits(PROMPT, SCHEMA))
            assert set(db.session.scalars(select(InputRequest.batch_id))) == {submitted.id}

    @pytest.mark.parametrize(
        ("prompt", "title"),
        [
            ("\n  Go on?\nReally?", "Go on?"),
            ("## Send **100** to `a_b`?", "Send 100 to a_b?"),
            ("> # ", "> # "),
            ("2 * 3 ** 4?", "2 * 3 ** 4?"),
            ("x" * 300, "x" * 254 + "…"),
        ],
    )
    def test_the_first_line_is_the_title(
        self, app: Flask, cast: Cast, prompt: str, title: str
    ) -> None:
        with app.app_context():
            assert request_of(paused_in(cast.alice, prompt)).title == title.strip()

    @pytest.mark.parametrize(
        ("prompt", "schema", "words"),
        [
            (" ", SCHEMA, "a text of 1 to"),
            ("x" * 100_001, SCHEMA, "a text of 1 to"),
            ("a\0b", SCHEMA, "NUL"),
            ("Go on?", {"title": "\ud800"}, "surrogate"),
            ("Go on?", [], "is an object"),
            ("Go on?", {"properties": {"a": {"type": "text"}}}, "/properties/a"),
            ("Go on?", {"type": "string"}, "must allow an object"),
        ],
    )
    def test_says_why_a_question_cannot_be_asked(
        self, prompt: str, schema: JSONValue, words: str
    ) -> None:
        assert words in str(check_question(prompt, schema, {}))

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"expires": 5}, "expires"),
            ({"expires_in_seconds": 0}, "/expires_in_seconds"),
            ({"expires_in_seconds": "5"}, "/expires_in_seconds"),
            ({"expires_in_seconds": 5, "expires_at": "2090-01-01T00:00:00Z"}, "either"),
            ({"expires_at": "soon"}, "/expires_at"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "in the future"),
            ({"on_expire": "decline"}, "/on_expire"),
            ({"priority": 101}, "/priority"),
            ({"tags": ["a\nb"]}, "/tags/0"),
            ({"context": [{"text": "x", "href": "javascript:x"}]}, "/context/0/href"),
            ({"expires_in_seconds": 5, "on_expire": "default"}, "/default_response"),
            (
                {"expires_in_seconds": 5, "on_expire": "default", "default_response": {}},
                "/default_response/approved",
            ),
        ],
    )
    def test_says_what_is_wrong_with_its_options(self, options: JSONObject, words: str) -> None:
        assert words in str(check_question(PROMPT, SCHEMA, options))

    def test_its_options_stand_with_the_request(self, app: Flask, cast: Cast) -> None:
        options: JSONObject = {"priority": 7, "tags": ["vip"], "reference": "ORDER-7"}
        options["context"] = [{"text": "The order", "href": "https://shop.example/7"}]
        options["expires_in_seconds"] = 60
        with app.app_context():
            request = request_of(paused_in(cast.alice, options=options))
            assert [each.tag for each in request.tags] == ["vip"]
            assert (request.priority, request.reference) == (7, "ORDER-7")
            assert request.context[0]["type"] == "link"
            assert request.expires_at is not None
            assert request.expires_at - request.created_at > timedelta(seconds=50)

    def test_finds_nothing_wrong_with_a_usable_one(self) -> None:
        assert check_question(PROMPT, SCHEMA, {}) is None

    def test_is_asked_by_a_session_or_an_execution_never_by_both(
        self, cast: Cast, paused: Paused
    ) -> None:
        waiting = ask_in(cast.alice, None)
        theirs = update(InputRequest).where(InputRequest.id == waiting.request_id)
        for values in ({"execution_id": paused.execution_id}, {"session_id": None}):
            with pytest.raises(IntegrityError), writing():
                db.session.execute(theirs.values(values))


class TestAnswering:
    def test_queues_the_execution_again_and_says_so(self, cast: Cast, paused: Paused) -> None:
        told: list[object] = []

        def note(_sender: object, wakeups: list[object]) -> None:
            told.extend(wakeups)

        with work_committed.connected_to(note):
            answer(cast.bob, paused, YES)

        execution = execution_of(paused)
        assert execution.status is ExecutionStatus.QUEUED
        assert execution.next_at <= clock.now()
        assert steps_of(paused)[-2:] == [StepKind.PAUSED, StepKind.RESUMED]
        assert told == [Wakeup("executions", execution.group_id)]
        request = request_of(paused)
        assert request.response == YES
        assert request.resolved_by is not None
        assert request.resolved_by.email == cast.bob.email

    def test_a_worker_gets_the_newest_answer(self, cast: Cast, paused: Paused) -> None:
        answer(cast.bob, paused, {"approved": False})
        ask_again(cast.alice, "Really?")
        query = select(InputRequest.id).where(InputRequest.title == "Really?")
        again = Paused(paused.execution_id, db.session.scalars(query).one())
        answer(cast.bob, again, YES)
        silent = paused_in(cast.alice)

        found = answers_of([paused.execution_id, silent.execution_id])

        assert found == {paused.execution_id: Answer(again.request_id, YES)}
        assert answers_of([]) == {}

    def test_one_that_cannot_be_decrypted_fails_only_its_own_execution(
        self, cast: Cast, paused: Paused
    ) -> None:
        other = paused_in(cast.alice)
        for each in (paused, other):
            answer(cast.bob, each, YES)
        with writing():
            moved = InputRequest.response.seal(other.request_id, YES)
            db.session.get_one(InputRequest, paused.request_id).sealed_response = moved

        claims = {each.id: each for each in claim_some(execution_of(paused).group_id)}

        assert isinstance(claims[paused.execution_id].target, Failure)
        assert claims[other.execution_id].answer == Answer(other.request_id, YES)

    def test_an_answer_that_does_not_fit_changes_nothing(self, cast: Cast, paused: Paused) -> None:
        with pytest.raises(InvalidAnswer):
            answer(cast.bob, paused, {"approved": "yes"})
        assert execution_of(paused).status is ExecutionStatus.AWAITING_INPUT
        assert request_of(paused).status is InputRequestStatus.PENDING

    def test_somebody_elses_is_not_there(self, cast: Cast, paused: Paused) -> None:
        with pytest.raises(NotFound):
            answer(cast.charlie, paused, YES)
        with pytest.raises(NotFound):
            refuse(cast.charlie, paused.request_id)
        with pytest.raises(NotFound):
            carry_on(cast.charlie, paused.execution_id, YES)


class TestContinuing:
    def test_answers_what_the_execution_waits_for(self, cast: Cast, paused: Paused) -> None:
        carry_on(cast.alice, paused.execution_id, YES)
        assert request_of(paused).response == YES
        assert execution_of(paused).status is ExecutionStatus.QUEUED

    def test_is_refused_while_nothing_is_asked(self, cast: Cast, paused: Paused) -> None:
        answer(cast.bob, paused, YES)
        with pytest.raises(Conflict, match="it is queued"):
            carry_on(cast.alice, paused.execution_id, YES)

    def test_gives_no_approval(self, cast: Cast, asked_first: Paused) -> None:
        with pytest.raises(Conflict, match=f"{asked_first.request_id}/resolve"):
            carry_on(cast.alice, asked_first.execution_id, dict(PROPOSED))
        assert execution_of(asked_first).status is ExecutionStatus.AWAITING_INPUT


def test_what_is_cancelled_leaves_the_inbox(cast: Cast, paused: Paused) -> None:
    cancel(cast.alice, paused.execution_id)
    assert request_of(paused).status is InputRequestStatus.CANCELLED
    with pytest.raises(Conflict, match="execution has ended"):
        answer(cast.bob, paused, YES)
    assert execution_of(paused).status is ExecutionStatus.CANCELLED


def test_what_is_deleted_takes_its_request_along(paused: Paused) -> None:
    with writing():
        db.session.delete(execution_of(paused))
    assert db.session.scalars(select(InputRequest.id)).all() == []


@pytest.mark.server
@pytest.mark.usefixtures("on_each_database")
def test_of_many_decisions_at_once_one_stands_also_against_a_cancellation(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        calls = approval_in(cast.alice, [{"amount": each} for each in range(6)], is_batch=True)

    def acts(paused: Paused) -> dict[str, Callable[[], None]]:
        return {
            "answered": lambda: answer(cast.bob, paused, {"amount": 5}),
            "answered too": lambda: answer(cast.alice, paused, {"amount": 7}),
            "declined": lambda: refuse(cast.alice, paused.request_id),
            "cancelled": lambda: cancel(cast.alice, paused.execution_id),
        }

    for each in calls:
        done = at_once(app, acts(each))
        with app.app_context():
            stands = (str(request_of(each).status), str(execution_of(each).status))
        assert (
            stands
            == {
                frozenset({"cancelled"}): ("cancelled", "cancelled"),
                frozenset({"declined"}): ("declined", "failed"),
                frozenset({"answered", "cancelled"}): ("resolved", "cancelled"),
                frozenset({"answered too", "cancelled"}): ("resolved", "cancelled"),
            }[done]
        )
    with app.app_context():
        assert db.session.scalars(select(Batch.ended_as)).one() is not None


def at_once(app: Flask, acts: dict[str, Callable[[], None]]) -> frozenset[str]:
    """Do all of it at the same moment; return what was not refused."""
    done: set[str] = set()
    start_together = threading.Barrier(len(acts))

    def run(name: str, act: Callable[[], None]) -> None:
        with app.app_context(), suppress(Conflict):
            start_together.wait()
            act()
            done.add(name)

    threads = [threading.Thread(target=run, args=each) for each in acts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return frozenset(done)
