"""Guessing at passwords and links is bounded, and locks nobody out of their account."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from opensink_web import clock
from opensink_web.models import Role, User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.invitation import invite
from opensink_web.operations.accounts.password import make_reset_link
from opensink_web.operations.accounts.sign_in import ACCOUNT_RATE, ADDRESS_RATE
from opensink_web.web.attempts import DEVICE_COOKIE, LINK_RATE
from tests.conftest import PASSWORD, Cast

ALICE = "alice@example.com"
WRONG = "wrong wrong wrong"


@pytest.fixture(autouse=True)
def stopped_clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)


def sign_in(
    client: FlaskClient, email: str, password: str = WRONG, address: str = "192.0.2.1"
) -> TestResponse:
    data = {"email": email, "password": password}
    return client.post("/sign-in", data=data, environ_base={"REMOTE_ADDR": address})


def guess_from_everywhere(app: Flask, email: str = ALICE) -> list[int]:
    """Use up the account's tries, each from another address."""
    return [
        sign_in(app.test_client(), email, address=f"198.51.100.{number}").status_code
        for number in range(ACCOUNT_RATE.count)
    ]


@pytest.mark.parametrize("email", [ALICE, "nobody@example.com"])
def test_an_account_that_is_guessed_at_from_everywhere_takes_no_more_guesses(
    app: Flask, cast: Cast, email: str
) -> None:
    assert set(guess_from_everywhere(app, email)) == {422}
    answer = sign_in(app.test_client(), f" {email.upper()}", PASSWORD)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "90"
    assert "too many attempts. Please wait 2 minutes" in answer.text
    assert "check what you entered" not in answer.text, "that would not help"
    assert email.upper() in answer.text, "the address stays in the form"
    assert PASSWORD not in answer.text


def test_others_sign_in_meanwhile(app: Flask, cast: Cast) -> None:
    guess_from_everywhere(app)
    assert sign_in(app.test_client(), cast.bob.email, PASSWORD).status_code == 303


def test_the_owner_signs_in_meanwhile_where_they_did_before(app: Flask, cast: Cast) -> None:
    owner, stranger = app.test_client(), app.test_client()
    assert sign_in(owner, ALICE, PASSWORD).status_code == 303
    sign_in(stranger, cast.bob.email, PASSWORD)
    for client in (owner, stranger):
        client.post("/sign-out")
    guess_from_everywhere(app)
    assert sign_in(stranger, ALICE, PASSWORD).status_code == 429, "it knows only Bob"
    assert sign_in(owner, ALICE, PASSWORD).status_code == 303


def test_a_known_browser_does_not_guess_without_end_either(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    sign_in(client, ALICE, PASSWORD)
    client.post("/sign-out")
    statuses = [sign_in(client, ALICE).status_code for _ in range(ACCOUNT_RATE.count + 1)]
    assert statuses == [422] * ACCOUNT_RATE.count + [429]


def test_a_cookie_that_is_made_up_makes_no_browser_known(app: Flask, cast: Cast) -> None:
    guess_from_everywhere(app)
    client = app.test_client()
    client.set_cookie(DEVICE_COOKIE, "WyJhIiwiYiJd.aaaaaa.bbbbbb", path="/sign-in")
    assert sign_in(client, ALICE, PASSWORD).status_code == 429


def test_an_address_that_guesses_at_many_accounts_is_refused(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    statuses = {sign_in(client, f"{n}@example.com").status_code for n in range(ADDRESS_RATE.count)}
    assert statuses == {422}
    assert sign_in(client, "more@example.com").status_code == 429
    assert sign_in(client, ALICE, PASSWORD, "192.0.2.2").status_code == 303


def test_who_signs_in_often_is_never_refused(app: Flask, cast: Cast) -> None:
    for _ in range(ADDRESS_RATE.count + 1):
        assert sign_in(app.test_client(), ALICE, PASSWORD).status_code == 303


def test_an_address_that_tries_many_links_is_refused(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    statuses = {client.get(f"/sign-up/{number}").status_code for number in range(LINK_RATE.count)}
    assert statuses == {404}
    for answer in (client.get("/sign-up/more"), client.post("/sign-up/more")):
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "20"
        assert "Too many requests" in answer.text


def test_a_link_that_opens_something_is_not_refused_for_them(app: Flask, cast: Cast) -> None:
    with app.app_context(), writing():
        bob = db.session.get_one(User, cast.bob.id)
        workspace = db.session.scalars(select(Workspace).order_by(Workspace.id)).first()
        assert workspace is not None
        links = (
            f"/reset-password/{make_reset_link(bob, by=None)}",
            f"/sign-up/{invite(workspace, role=Role.VIEWER, email=None, by=None)}",
        )
    client = app.test_client()
    for number in range(LINK_RATE.count + 1):
        client.get(f"/sign-up/{number}")
    assert client.get("/reset-password/more").status_code == 429
    for link in links:
        assert client.get(link).status_code == 200
        assert client.post(link, data={"password": ""}).status_code == 422
