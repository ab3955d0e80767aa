"""A function that requires approval: a person lets a call go on, changes it, or declines it."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web import clock
from opensink_web.errors import (
    AlreadyResolved,
    InvalidAnswer,
    InvalidInput,
)
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Batch,
    BatchStatus,
    ExecutionStatus,
    ExecutionStep,
    InputRequestKind,
    InputRequestStatus,
    StepKind,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.executions.queries.question import answers_of
from tests.conftest import Cast
from tests.support.pause_scenarios import (
    PROPOSED,
    Paused,
    answer,
    approval_in,
    execution_of,
    refuse,
    request_of,
    steps_of,
)

YES: JSONObject = {"approved": True}


class TestApproving:
    def test_says_who_wants_to_call_what_with_which_input(self, asked_first: Paused) -> None:
        request = request_of(asked_first)
        assert request.kind is InputRequestKind.APPROVAL
        assert request.title == "Call billing/refund?"
        assert request.message == (
            "`alice@example.com` wants to call `billing/refund`.\n\nSends money *back*."
        )
        assert request.proposed_response == PROPOSED
        assert steps_of(asked_first) == [StepKind.QUEUED, StepKind.PAUSED]

    def test_says_which_of_a_batch_it_is(self, app: Flask, cast: Cast) -> None:
        with app.app_context():
            inputs: list[JSONObject] = [{"amount": 1}, {"amount": 2}]
            second = approval_in(cast.alice, inputs, is_batch=True)[1]
            assert "input 1 of a batch of 2" in request_of(second).message

    def test_lets_the_call_be_made_as_it_was_proposed(
        self, cast: Cast, asked_first: Paused
    ) -> None:
        answer(cast.bob, asked_first, dict(PROPOSED))
        execution = execution_of(asked_first)
        assert execution.status is ExecutionStatus.QUEUED
        assert execution.input_data == PROPOSED
        assert answers_of([execution.id]) == {}

    def test_lets_it_be_made_with_the_edited_input(self, cast: Cast, asked_first: Paused) -> None:
        answer(cast.bob, asked_first, {"amount": 10})
        assert execution_of(asked_first).input_data == {"amount": 10}
        assert request_of(asked_first).proposed_response == PROPOSED
        step = db.session.scalars(select(ExecutionStep).order_by(ExecutionStep.id.desc())).first()
        assert step is not None
        assert step.message == "bob@example.com approved the call, with 2 fields changed."

    def test_takes_no_input_that_the_function_would_not(
        self, cast: Cast, asked_first: Paused
    ) -> None:
        with pytest.raises(InvalidAnswer):
            answer(cast.bob, asked_first, {"amount": 1000})
        assert execution_of(asked_first).input_data == PROPOSED

    def test_a_call_that_was_to_be_made_later_still_is(
        self, cast: Cast, asked_first: Paused
    ) -> None:
        later = clock.now() + timedelta(hours=1)
        with writing():
            execution_of(asked_first).next_at = later
        answer(cast.bob, asked_first, dict(PROPOSED))
        assert execution_of(asked_first).next_at == later


class TestDeclining:
    def test_a_rejected_call_fails_with_the_reason(self, cast: Cast, asked_first: Paused) -> None:
        refuse(cast.bob, asked_first.request_id, "  Too expensive.\n")
        execution = execution_of(asked_first)
        assert execution.status is ExecutionStatus.FAILED
        assert (execution.error, execution.error_code) == ("Too expensive.", "rejected")
        assert execution.started_at is None
        assert steps_of(asked_first)[1:] == [StepKind.PAUSED, StepKind.FAILED]
        request = request_of(asked_first)
        assert request.status is InputRequestStatus.DECLINED
        assert request.decline_reason == "Too expensive."
        assert request.resolved_by_id == cast.bob.id

    def test_the_last_step_says_what_was_decided_on(self, cast: Cast, asked_first: Paused) -> None:
        refuse(cast.bob, asked_first.request_id)
        step = db.session.scalars(select(ExecutionStep).order_by(ExecutionStep.id.desc())).first()
        assert step is not None
        assert step.details == {
            "input_request_id": str(asked_first.request_id),
            "request_digest": request_of(asked_first).digest,
        }

    def test_so_does_one_whose_question_nobody_wants_to_answer(
        self, cast: Cast, paused: Paused
    ) -> None:
        refuse(cast.bob, paused.request_id)
        assert execution_of(paused).error_code == "declined"

    def test_the_last_one_of_a_batch_ends_the_batch(self, app: Flask, cast: Cast) -> None:
        with app.app_context():
            calls = approval_in(cast.alice, [{"amount": 1}, {"amount": 2}], is_batch=True)
            for each in calls:
                refuse(cast.bob, each.request_id)
            assert db.session.scalars(select(Batch.ended_as)).one() is BatchStatus.FAILED

    @pytest.mark.parametrize("reason", ["", " \n", "x" * 2001])
    def test_needs_a_reason(self, cast: Cast, paused: Paused, reason: str) -> None:
        with pytest.raises(InvalidInput) as raised:
            refuse(cast.bob, paused.request_id, reason)
        assert [error.path for error in raised.value.errors] == ["/reason"]
        assert request_of(paused).status is InputRequestStatus.PENDING

    def test_and_answering_later_is_told_who_and_when(self, cast: Cast, paused: Paused) -> None:
        refuse(cast.bob, paused.request_id)
        with pytest.raises(AlreadyResolved, match=r"declined by bob@example.com on \d{4}-"):
            answer(cast.alice, paused, YES)
        with pytest.raises(AlreadyResolved):
            refuse(cast.alice, paused.request_id)
