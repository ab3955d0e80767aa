"""A downgrade leaves what was held to be decided anew; what it has no word for was cancelled."""

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select, text

from opensink_web import clock
from opensink_web.cli.database import run_migrations
from opensink_web.json_value import JSONObject
from opensink_web.models import InputRequest, InputRequestStatus, db
from opensink_web.models.transaction import writing
from tests.conftest import make_cast
from tests.support.old_rows import everything
from tests.support.pause_scenarios import answer, approval_in

pytestmark = pytest.mark.server
BEFORE = "0031"


@pytest.fixture
def app(within_empty_app: None, empty_app: Flask) -> Flask:
    run_migrations()
    return empty_app


@pytest.mark.usefixtures("app")
def test_down_and_up_with_a_request_in_each_status() -> None:
    cast = make_cast()
    inputs: list[JSONObject] = [{"amount": number} for number, _ in enumerate(InputRequestStatus)]
    asked = approval_in(cast.alice, inputs, is_batch=True)
    answer(cast.bob, asked[[*InputRequestStatus].index(InputRequestStatus.RESOLVED)], {"amount": 3})
    statuses = dict(zip([each.request_id for each in asked], InputRequestStatus, strict=True))
    with writing():
        for request in db.session.scalars(select(InputRequest)):
            request.status = statuses[request.id]
            if request.status is InputRequestStatus.HELD:
                request.resolved_at, request.resolved_by_id = clock.now(), cast.bob.id
                request.response, request.edited = {"amount": 3}, []
    db.session.remove()

    flask_migrate.downgrade(revision=BEFORE)
    rows = everything()["input_requests"]
    assert sorted(row["status"] for row in rows) == [
        *(["cancelled"] * 3),
        "declined",
        *(["pending"] * 2),
        "resolved",
    ]
    assert all(row["resolved_at"] is None for row in rows if row["status"] == "pending")

    run_migrations()
    requests = list(db.session.scalars(select(InputRequest)))
    assert {(each.revision, each.allow_decline, each.held_until) for each in requests} == {
        (1, True, None)
    }
    assert db.session.execute(text("SELECT count(*) FROM deadlines")).scalar() == 0
