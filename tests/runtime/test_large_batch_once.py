"""A large batch that is submitted more than once under one `Idempotency-Key`."""

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update

from opensink_web import clock
from opensink_web.contract import call
from opensink_web.models import (
    IdempotencyRecord,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.work.chores import QUEUEING
from tests.api.conftest import Api, assert_problem
from tests.runtime.conftest import make_function
from tests.support.executions import claim_some
from tests.support.large_batches import (
    COUNT,
    Between,
    accepted,
    do_all,
    in_thread,
    read,
    stored,
    submit,
)

pytestmark = pytest.mark.usefixtures("on_each_database", "small_slices")


class TestWithAnIdempotencyKey:
    KEY = {"Idempotency-Key": "the-same"}

    def test_it_is_done_once(self, app: Flask, alice: Api) -> None:
        make_function(alice)
        first, again = (accepted(submit(alice, self.KEY)) for _ in range(2))
        assert first == again
        assert stored(app)["Execution"] == COUNT

    def test_another_body_is_refused_also_in_between(
        self, alice: Api, between_slices: Between
    ) -> None:
        make_function(alice)
        refused: list[int] = []

        def other() -> None:
            refused.append(submit(alice, self.KEY, trigger_id_prefix="x").status_code)

        between_slices(lambda: in_thread(other))
        accepted(submit(alice, self.KEY))
        assert refused == [409]

    def test_whoever_repeats_it_meanwhile_hears_the_same(
        self, app: Flask, alice: Api, between_slices: Between
    ) -> None:
        make_function(alice)
        repeated: list[Any] = []
        thread = threading.Thread(target=lambda: repeated.append(submit(alice, self.KEY)))
        between_slices(thread.start)
        first = accepted(submit(alice, self.KEY))
        thread.join(100)
        assert accepted(repeated[0]) == first
        assert repeated[0].headers["Idempotent-Replayed"] == "true"
        assert stored(app)["Execution"] == COUNT

    def test_whoever_has_waited_for_long_is_told_so(
        self,
        alice: Api,
        between_slices: Between,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        make_function(alice)
        monkeypatch.setattr(call, "SAME_CALL_SECONDS", 0)
        repeated: list[Any] = []
        between_slices(lambda: repeated.append(in_thread(lambda: submit(alice, self.KEY))))
        accepted(submit(alice, self.KEY))
        problem = assert_problem(repeated[0], 409, "idempotency_in_progress")
        assert "still being processed" in problem["error"]
        assert repeated[0].headers["Retry-After"] == "1"

    def test_one_that_failed_can_be_tried_again_at_once(
        self, app: Flask, alice: Api, between_slices: Between
    ) -> None:
        make_function(alice)
        between_slices(
            lambda: in_thread(lambda: alice.patch("/functions/tests/work", {"timeout_seconds": 7}))
        )
        assert_problem(submit(alice, self.KEY), 409, "conflict")
        accepted(submit(alice, self.KEY))
        assert len(read(alice, "/executions")) == COUNT

    def test_the_key_of_a_process_that_died_is_free_after_a_while(
        self, app: Flask, alice: Api, between_slices: Between
    ) -> None:
        function = make_function(alice)
        answers: list[Any] = []

        def take_over() -> None:
            with app.app_context(), writing():
                past = clock.now() - timedelta(seconds=1)
                db.session.execute(update(IdempotencyRecord).values(expires_at=past))
            answers.append(submit(alice, self.KEY))

        between_slices(lambda: in_thread(take_over))
        assert_problem(submit(alice, self.KEY), 409, "conflict")  # it lives, and is too late
        taken_over = accepted(answers[0])
        assert accepted(submit(alice, self.KEY)) == taken_over
        with app.app_context():
            do_all(QUEUEING)
            claims = claim_some(UUID(function["id"]))
        assert [str(claim.id) for claim in claims] == taken_over["execution_ids"]
