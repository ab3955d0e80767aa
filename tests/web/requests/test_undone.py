"""Undoing from the bar above the next request, while there is time, and once there is none."""

import json
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import InputRequest, InputRequestStatus, db
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.holding import take_effect
from tests.conftest import Cast
from tests.support.review_cases import HTMX, YES, ask_again
from tests.support.scenarios import ENDPOINT, SCHEMA, Waiting, ask_in

SWAPPED = HTMX | {"HX-Target": "main"}


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"UNDO_SECONDS": "5"}


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


@pytest.fixture
def next_page(app: Flask, bob: FlaskClient, waiting: Waiting) -> str:
    """The page that Bob is led to once he has decided."""
    ask_again(app, waiting, "Sell?", SCHEMA)
    location = bob.post(f"/w/main/requests/{waiting.request_id}?order=oldest", data=YES).location
    assert location is not None
    return location


def status_of(app: Flask, request_id: UUID) -> InputRequestStatus:
    with app.app_context():
        return db.session.get_one(InputRequest, request_id).status


def test_it_waits_again_in_the_place_where_it_was(
    app: Flask, bob: FlaskClient, waiting: Waiting, next_page: str
) -> None:
    undo = f"/w/main/requests/{waiting.request_id}/undo"
    html = bob.get(next_page).text
    assert "Takes effect" in html
    assert f'action="{undo}"' in html

    response = bob.post(undo)

    assert (response.status_code, response.location) == (303, undo.removesuffix("/undo"))
    assert status_of(app, waiting.request_id) is InputRequestStatus.PENDING
    assert "1 of 2" in bob.get(response.location).text


def test_where_nothing_was_typed_there_is_no_draft_to_discard(
    bob: FlaskClient, waiting: Waiting, next_page: str
) -> None:
    page = f"/w/main/requests/{waiting.request_id}"
    assert bob.get(next_page).status_code == 200
    bob.post(f"{page}/undo")
    assert "draft-notice" not in bob.get(page).text


def test_nobody_else_is_offered_to_undo_it(alice: FlaskClient, next_page: str) -> None:
    html = alice.get(next_page).text

    assert "Takes effect" in html
    assert "/undo" not in html


def test_too_late_the_page_stays_as_it_is_and_says_so(
    app: Flask, bob: FlaskClient, waiting: Waiting, next_page: str
) -> None:
    with app.app_context(), writing():
        take_effect(waiting.request_id)

    undo = f"/w/main/requests/{waiting.request_id}/undo"
    response = bob.post(undo, headers=SWAPPED)

    assert (response.status_code, response.text) == (409, "")
    told = json.loads(response.headers["HX-Trigger"])["toast"]
    assert "cannot be undone" in told["text"]
    assert bob.post(undo).status_code == 409
    html = bob.get(next_page).text
    assert "/undo" not in html
    assert "Calling the agent…" in html
