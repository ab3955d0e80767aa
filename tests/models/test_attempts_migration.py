"""A call that was under way during an upgrade is an attempt afterwards; after a downgrade, none."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select, text, update

from opensink_web import clock
from opensink_web.cli.database import run_migrations
from opensink_web.models import Delivery, db
from opensink_web.models.transaction import writing
from opensink_web.operations.deliveries.record import attempts_of
from tests.conftest import make_cast
from tests.support.deliveries import claim_delivery
from tests.support.old_rows import insert
from tests.support.scenarios import answer, ask_in, endpoint_at

pytestmark = pytest.mark.server
BEFORE = "0027"


@pytest.fixture
def app(within_empty_app: None, empty_app: Flask) -> Flask:
    run_migrations()
    return empty_app


@pytest.mark.usefixtures("app")
def test_up_and_down_with_a_call_under_way() -> None:
    cast = make_cast()
    answer(cast.bob, ask_in(cast.alice, endpoint_at("http://127.0.0.1:9/execute")))
    answer(cast.bob, ask_in(cast.alice, endpoint_at("http://127.0.0.1:9/other")))
    first_id, other_id = db.session.scalars(select(Delivery.id).order_by(Delivery.id))
    with writing():
        assert claim_delivery(first_id) is not None
    db.session.remove()

    flask_migrate.downgrade(revision=BEFORE)
    counts = text("SELECT attempt_count FROM deliveries ORDER BY id")
    with db.engine.begin() as connection:
        assert list(connection.execute(counts).scalars()) == [0, 0]
        # as the version before began it
        attempt: dict[str, Any] = {"id": uuid4(), "delivery_id": first_id, "number": 1}
        attempt |= {"trigger": "first", "method": "POST", "url": "x", "request_headers": "x"}
        insert(connection, "delivery_attempts", attempt | {"created_at": clock.now()})
        connection.execute(text("UPDATE deliveries SET attempt_count = 1, round_attempt_count = 1"))

    run_migrations()
    with writing():
        lease_until = clock.now() - timedelta(seconds=1)
        db.session.execute(
            update(Delivery).where(Delivery.id == first_id).values(lease_until=lease_until)
        )
    with writing():
        assert claim_delivery(first_id) is not None
    told = [
        (each.number, each.outcome) for each in attempts_of(db.session.get_one(Delivery, first_id))
    ]
    assert told == [(1, "unknown"), (2, None)]
    assert attempts_of(db.session.get_one(Delivery, other_id)) == []
