"""Nothing that workers and the sweeper ask the database takes the longer the more there is."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web import clock
from opensink_web.models import Callback, Delivery, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.deliveries.outcome import finish_deliveries
from opensink_web.operations.executions.callback import finish_callbacks
from opensink_web.operations.executions.outcome import finish_executions
from opensink_web.operations.kept import Kept
from opensink_web.operations.requests.search import closed_after, forget_closed
from opensink_web.operations.retention import START, find_prunable, prune_some
from opensink_web.outbound.outcome import Output
from opensink_web.settings import Settings
from opensink_web.work.chores import ALWAYS, CLEANING
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits, Queue
from tests.architecture.query_plans import findings
from tests.conftest import Cast
from tests.support.deliveries import claim_delivery
from tests.support.executions import (
    claim_callbacks,
    claim_executions,
    make_function,
    submit_many,
    submit_one,
)
from tests.support.scenarios import ENDPOINT, answer, ask_in
from tests.support.statements import statements

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]

CALLBACK = "https://example.com/heard"
OF_FEW = re.compile(
    r"INDEX ix_\w+_(due|asked|unqueued|staged|deleted|unchained|wide)\b"
    r"|(Seq Scan on|SCAN) user_sessions\b"
)
"""What holds only rows that are not done, or those of people who have signed in lately."""


@pytest.fixture
def said_of(app: Flask) -> Callable[[Callable[[], object]], list[str]]:
    """Do something, and return what is wrong with the plan of what was said meanwhile."""

    def look(act: Callable[[], object]) -> list[str]:
        with statements(app) as said:
            act()
        assert [each for each in said if each.verb in {"SELECT", "WITH"}]
        return [
            f"{each.problem}: {each.statement}"
            for each in findings(said)
            if not OF_FEW.search(each.problem)
        ]

    return look


Look = Callable[[Callable[[], object]], list[str]]


def test_carrying_executions_out(app: Flask, cast: Cast, said_of: Look) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_many(cast.alice, function_id, 3)

        def carry_out() -> None:
            with writing():
                claims = claim_executions(function_id, 10, 10)
            with writing():
                finish_executions([(claim, Output({})) for claim in claims])

        assert said_of(carry_out) == []


def test_telling_whoever_submitted_what_ended(app: Flask, cast: Cast, said_of: Look) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_one(cast.alice, function_id, callback_url=CALLBACK)
        with writing():
            claims = claim_executions(function_id, 10, 10)
        with writing():
            finish_executions([(claim, Output({})) for claim in claims])
        with reading():
            (group_id,) = db.session.scalars(select(Callback.group_id))

        def tell() -> None:
            with writing():
                told = claim_callbacks(group_id, 10, 10)
            with writing():
                finish_callbacks([(each, None) for each in told])

        assert said_of(tell) == []


def test_calling_an_agent(app: Flask, cast: Cast, said_of: Look) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        answer(cast.alice, waiting)
        with reading():
            (delivery_id,) = db.session.scalars(select(Delivery.id))

        def call() -> None:
            with writing():
                claim = claim_delivery(delivery_id)
            assert claim is not None
            with writing():
                finish_deliveries([(claim, None)])

        assert said_of(call) == []


def test_looking_for_what_is_due(app: Flask, said_of: Look, settings: Settings) -> None:
    queue = Queue(kinds_within(Limits.of(settings)))

    def look() -> None:
        with reading():
            queue.groups_with_work()

    with app.app_context():
        assert said_of(look) == []


def test_looking_for_chores(app: Flask, said_of: Look) -> None:
    cutoff = clock.now() - timedelta(days=30)

    def look() -> None:
        with reading():
            for chore in (*ALWAYS, *CLEANING):
                chore.is_wanted()
            closed_after(0)
            for kind in Kept:
                find_prunable(kind, cutoff, START)

    with app.app_context():
        assert said_of(look) == []


def test_doing_chores(app: Flask, said_of: Look) -> None:
    cutoff = clock.now() - timedelta(days=30)

    def do_some() -> None:
        for chore in (*ALWAYS, *CLEANING):
            with writing():
                chore.do_some()
        with writing():
            forget_closed([1])
        for kind in Kept:
            with writing():
                prune_some(kind, cutoff, [UUID(int=0)])

    with app.app_context():
        assert said_of(do_some) == []
