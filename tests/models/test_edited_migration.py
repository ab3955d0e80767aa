"""A downgrade forgets what was edited, and nothing else; after an upgrade nobody knows it."""

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.cli.database import run_migrations
from opensink_web.models import InputRequest, db
from tests.conftest import make_cast
from tests.support.old_rows import everything
from tests.support.pause_scenarios import answer, approval_in

pytestmark = pytest.mark.server
KNOWN = "0031"
BEFORE = "0030"


@pytest.fixture
def app(within_empty_app: None, empty_app: Flask) -> Flask:
    run_migrations()
    return empty_app


@pytest.mark.usefixtures("app")
def test_down_and_up_with_a_decision() -> None:
    cast = make_cast()
    decided, waiting = approval_in(cast.alice, [{"amount": 1}, {"amount": 2}], is_batch=True)
    answer(cast.bob, decided, {"amount": 3})
    db.session.remove()
    flask_migrate.downgrade(revision=KNOWN)
    before = everything()
    (edited,) = (row.pop("edited") for row in before["input_requests"] if row["edited"])

    flask_migrate.downgrade(revision=BEFORE)
    for row in before["input_requests"]:
        row.pop("edited", None)
    assert edited
    assert everything() == before

    run_migrations()
    requests = {row.id: row for row in db.session.scalars(select(InputRequest))}
    assert requests.keys() == {decided.request_id, waiting.request_id}
    assert {row.edited for row in requests.values()} == {None}
    assert requests[decided.request_id].response == {"amount": 3}
