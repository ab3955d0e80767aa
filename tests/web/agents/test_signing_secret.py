"""The signing secret on the pages of agents and functions: hidden until asked for."""

from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import Agent, Function, db
from opensink_web.models.transaction import reading
from opensink_web.operations.agents.signing_secret import signing_secret_of
from tests.conftest import Cast
from tests.support.executions import make_function, principal_of
from tests.support.scenarios import ENDPOINT, ask_in

OVERLAPS = "Two secrets sign."


class Place:
    """The page of an agent or a function, and its secret."""

    def __init__(self, app: Flask, cast: Cast, kind: str) -> None:
        self._app, self._cast, self._kind = app, cast, kind
        with app.app_context():
            if kind == "agent":
                self._id: UUID = ask_in(cast.alice, ENDPOINT).agent_id
                self.page = f"/w/main/admin/agents/{self._id}"
            else:
                self._id = make_function(cast.alice, "http://127.0.0.1:9/run")
                self.page = "/w/main/functions/tests/work"
        self.address = self.page + "/signing-secret"

    def secret(self) -> str:
        with self._app.app_context(), reading():
            workspace = principal_of(self._cast.alice).workspace
            if self._kind == "agent":
                return signing_secret_of(workspace, db.session.get_one(Agent, self._id))
            return signing_secret_of(workspace, db.session.get_one(Function, self._id))


@pytest.fixture(params=["agent", "function"])
def place(request: pytest.FixtureRequest, app: Flask, cast: Cast) -> Place:
    return Place(app, cast, request.param)


def test_it_is_shown_to_whoever_asks_and_has_no_address(place: Place, alice: FlaskClient) -> None:
    assert place.secret() not in alice.get(place.page).text
    assert f'action="{place.address}"' in alice.get(place.page).text
    assert alice.get(place.address).status_code == 405
    shown = alice.post(place.address)
    assert shown.text.count(place.secret()) == 1
    assert shown.headers["Cache-Control"] == "no-store"


def test_replacing_it_tells_until_when_both_sign_and_that_can_be_ended(
    place: Place, alice: FlaskClient
) -> None:
    before = place.secret()
    assert OVERLAPS not in alice.get(place.page).text
    assert alice.post(place.address + "/rotate").location == place.page
    assert place.secret() != before
    assert OVERLAPS in alice.get(place.page).text
    assert alice.post(place.address + "/end-overlap").location == place.page
    assert OVERLAPS not in alice.get(place.page).text


def test_who_has_seen_or_replaced_it_is_on_record(
    place: Place, alice: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "opensink.audit")
    for action in ("", "/rotate", "/end-overlap"):
        alice.post(place.address + action)
    events = [line.partition(" ")[0] for line in caplog.messages]
    assert events == [f"signing_secret_{each}" for each in ("shown", "rotated", "overlap_ended")]
    assert place.secret() not in caplog.text


def test_a_reviewer_sees_and_changes_nothing_of_it(
    place: Place, bob: FlaskClient, charlie: FlaskClient
) -> None:
    before = place.secret()
    assert "signing-secret" not in bob.get(place.page).text
    for action in ("", "/rotate", "/end-overlap"):
        assert bob.post(place.address + action).status_code == 403
        assert charlie.post(place.address + action).status_code == 404
    assert place.secret() == before


def test_a_function_that_nobody_is_called_for_has_none(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    with app.app_context():
        make_function(cast.alice)
    page = "/w/main/functions/tests/work"
    assert "signing-secret" not in alice.get(page).text
    assert alice.post(page + "/signing-secret").location == page
