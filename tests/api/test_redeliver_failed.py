"""/deliveries/redeliver under an Idempotency-Key: several transactions, and it is done once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from opensink_web import clock
from opensink_web.models import (
    AuditAction,
    AuditEntry,
    Delivery,
    DeliveryStatus,
    IdempotencyRecord,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.deliveries import redelivery
from tests.api.conftest import Api, assert_problem, make_agent
from tests.conftest import Cast
from tests.support.large_batches import in_thread
from tests.support.scenarios import make_due

KEY = {"Idempotency-Key": "again"}
FAILED = 3

pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def body(app: Flask, cast: Cast, alice: Api, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Some calls of an agent failed, and each is made again in a transaction of its own."""
    monkeypatch.setattr(redelivery, "_SLICE_SIZE", 1)
    agent = make_agent(alice, execution_endpoint={"url": "http://127.0.0.1:9/"})
    with app.app_context():
        make_due(cast.alice, UUID(agent["id"]), FAILED)
        with writing():
            db.session.execute(update(Delivery).values(status=DeliveryStatus.FAILED))
    return {"agent_id": agent["id"]}


def made_again(app: Flask) -> tuple[int, int]:
    """Count the calls that wait again, and how often it was said that one be made again."""
    calls = select(func.count()).where(Delivery.status == DeliveryStatus.PENDING)
    said = select(func.count()).where(AuditEntry.action == AuditAction.DELIVERY_REPEATED)
    with app.app_context(), reading():
        return db.session.scalar(calls) or 0, db.session.scalar(said) or 0


def test_is_done_once(app: Flask, alice: Api, body: dict[str, str]) -> None:
    first = alice.post("/deliveries/redeliver", body, KEY)
    again = alice.post("/deliveries/redeliver", body, KEY)
    assert first.json == again.json == {"count": FAILED, "has_more": False}
    assert again.headers["Idempotent-Replayed"] == "true"
    assert made_again(app) == (FAILED, FAILED)


def test_a_call_repeated_after_its_process_died_goes_on_with_the_rest(
    app: Flask, alice: Api, body: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = []
    slices = count(1)

    def take_over() -> None:
        with app.app_context(), writing():
            past = clock.now() - timedelta(seconds=1)
            db.session.execute(update(IdempotencyRecord).values(expires_at=past))
        answers.append(alice.post("/deliveries/redeliver", body, KEY))

    @contextmanager
    def interrupted() -> Iterator[None]:
        if next(slices) == 2:
            in_thread(take_over)
        with writing():
            yield

    monkeypatch.setattr(redelivery, "writing", interrupted)
    problem = assert_problem(alice.post("/deliveries/redeliver", body, KEY), 409, "conflict")
    assert "took its Idempotency-Key over" in problem["error"]
    assert answers[0].json == {"count": FAILED - 1, "has_more": False}
    assert alice.post("/deliveries/redeliver", body, KEY).json == answers[0].json
    assert made_again(app) == (FAILED, FAILED)
