"""Forms that were left open: overnight, over a new sign-in, and beyond the end of one."""

import html
import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner
from sqlalchemy import delete

from opensink_web.json_value import JSONObject
from opensink_web.models import InputRequest, InputRequestStatus, UserSession, db
from opensink_web.models.transaction import reading, writing
from tests.conftest import PASSWORD, Cast
from tests.scenarios import Waiting, ask_in
from tests.web.review_cases import ask_again

TYPED = 'Wait <until> "Monday" & then'
QUESTION: JSONObject = {
    "type": "object",
    "required": ["note"],
    "properties": {
        "note": {"type": "string", "title": "Note"},
        "rows": {"type": "array", "title": "Rows", "items": {"type": "string"}},
    },
}


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        session = ask_in(cast.alice, None)
    return replace(session, request_id=ask_again(app, session, "Why?", QUESTION))


@pytest.fixture
def page(waiting: Waiting) -> str:
    return f"/w/main/requests/{waiting.request_id}"


@pytest.fixture
def client(app: Flask, cast: Cast) -> FlaskClient:
    client = app.test_client()
    sign_in(client, cast)
    return client


def fields_of(page: str) -> dict[str, str]:
    """Return the fields of a page's forms that are hidden or hold a line."""
    found = re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', page, re.DOTALL)
    return {name: html.unescape(value) for name, value in found}


def sign_in(client: FlaskClient, cast: Cast) -> None:
    form = fields_of(client.get("/sign-in").text)
    form |= {"email": cast.bob.email, "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303


def typed_into(client: FlaskClient, page: str) -> dict[str, str]:
    form = fields_of(client.get(page).text)
    (note,) = re.findall(r'name="(answer-\d+)"[^>]*>', client.get(page).text)[:1]
    return {"csrf_token": form["csrf_token"], note: TYPED}


def is_pending(app: Flask, waiting: Waiting) -> bool:
    with app.app_context(), reading():
        asked = db.session.get_one(InputRequest, waiting.request_id)
        return asked.status is InputRequestStatus.PENDING


def end_all_sessions(app: Flask) -> None:
    with app.app_context(), writing():
        db.session.execute(delete(UserSession))


def test_a_form_that_was_open_for_twenty_hours_is_taken(
    app: Flask, client: FlaskClient, page: str, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = typed_into(client, page)
    now = TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now(self) + 20 * 3600)
    assert client.post(page, data=form).status_code == 303
    assert not is_pending(app, waiting)


def test_a_form_from_before_a_new_sign_in_comes_back_filled_in(
    app: Flask, client: FlaskClient, cast: Cast, page: str, waiting: Waiting
) -> None:
    form = typed_into(client, page)
    other_tab = fields_of(client.get("/account").text)
    client.post("/sign-out", data={"csrf_token": other_tab["csrf_token"]})
    sign_in(client, cast)
    answer = client.post(page, data=form)
    assert answer.status_code == 400
    assert "You have signed in anew since this page was opened." in answer.text
    assert html.escape(TYPED, quote=False).replace('"', "&#34;") in answer.text
    assert is_pending(app, waiting)
    form["csrf_token"] = fields_of(answer.text)["csrf_token"]
    assert client.post(page, data=form).status_code == 303
    assert not is_pending(app, waiting)


def test_rows_can_be_added_to_it_by_htmx_all_the_same(
    client: FlaskClient, cast: Cast, page: str
) -> None:
    form = typed_into(client, page)
    (rows,) = re.findall(r'name="_add"\s+value="([^"]+)"', client.get(page).text)
    form["csrf_token"] = "one from before"
    answer = client.post(page, data=form | {"_add": rows}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert html.escape(TYPED, quote=False).replace('"', "&#34;") in answer.text
    assert fields_of(answer.text)["csrf_token"] != "one from before"


@pytest.mark.parametrize("cookie_is_left", [True, False])
def test_what_is_sent_after_the_sign_in_ended_is_kept_until_there_is_a_new_one(
    app: Flask,
    client: FlaskClient,
    cast: Cast,
    page: str,
    waiting: Waiting,
    *,
    cookie_is_left: bool,
) -> None:
    form = typed_into(client, page)
    end_all_sessions(app)
    if not cookie_is_left:
        client.delete_cookie("opensink_session")
    answer = client.post(page, data=form)
    assert answer.status_code == 403
    assert "nothing you entered is lost" in answer.text
    kept = fields_of(answer.text)
    assert TYPED in kept.values()
    again = client.post(page, data=kept)
    assert (again.status_code, fields_of(again.text)) == (403, kept), "still not signed in"
    sign_in(client, cast)
    shown = client.post(page, data=kept)
    assert shown.status_code == 400
    kept["csrf_token"] = fields_of(shown.text)["csrf_token"]
    assert client.post(page, data=kept).status_code == 303
    assert not is_pending(app, waiting)


def test_htmx_leaves_the_page_as_it_is_when_the_sign_in_ended(
    app: Flask, client: FlaskClient, page: str
) -> None:
    form = typed_into(client, page)
    end_all_sessions(app)
    answer = client.post(page, data=form | {"_add": "answer-1"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (401, "")
    assert "HX-Redirect" not in answer.headers


def test_nobody_elses_site_fills_a_form_of_ours_in(client: FlaskClient, page: str) -> None:
    form = typed_into(client, page) | {"csrf_token": "made up"}
    answer = client.post(page, data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 400
    assert "Monday" not in answer.text
    assert "This form is from before you signed in or out" in answer.text


def test_a_sign_in_form_that_is_too_old_keeps_the_address(app: Flask, cast: Cast) -> None:
    data = {"csrf_token": "old", "email": cast.bob.email, "password": PASSWORD}
    answer = app.test_client().post("/sign-in", data=data)
    assert answer.status_code == 400
    assert "Enter your password again." in answer.text
    assert cast.bob.email in answer.text
    assert PASSWORD not in answer.text
