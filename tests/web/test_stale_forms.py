"""Forms that were left open: overnight, over a new sign-in, and beyond the end of one."""

import html
import re
from dataclasses import replace
from secrets import token_hex

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from sqlalchemy import delete

from opensink_web.json_value import JSONObject
from opensink_web.models import InputRequest, InputRequestStatus, UserSession, db
from opensink_web.models.transaction import reading, writing
from tests.conftest import PASSWORD, Cast, Person
from tests.support.review_cases import ask_again
from tests.support.scenarios import Waiting, ask_in

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


def without_tokens(page: str) -> str:
    """Return a page without what is in other letters on each."""
    return re.sub(r'csrf.token" (?:content|value)="[^"]+"', "", page)


def sign_in(client: FlaskClient, cast: Cast, person: Person | None = None) -> None:
    form = fields_of(client.get("/sign-in").text)
    form |= {"email": (person or cast.bob).email, "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303


def sign_out(client: FlaskClient) -> None:
    token = fields_of(client.get("/account").text)["csrf_token"]
    assert client.post("/sign-out", data={"csrf_token": token}).status_code == 303


def typed_into(client: FlaskClient, page: str) -> dict[str, str]:
    form = fields_of(client.get(page).text)
    (note,) = re.findall(r'name="(answer-\d+)"[^>]*>', client.get(page).text)[:1]
    return {"csrf_token": form["csrf_token"], "_seen": form["_seen"], note: TYPED}


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
    sign_out(client)
    sign_in(client, cast)
    answer = client.post(page, data=form)
    assert answer.status_code == 400
    assert "You have signed in again since this page was opened." in answer.text
    assert html.escape(TYPED, quote=False).replace('"', "&#34;") in answer.text
    assert is_pending(app, waiting)
    form["csrf_token"] = fields_of(answer.text)["csrf_token"]
    assert client.post(page, data=form).status_code == 303
    assert not is_pending(app, waiting)


def test_a_form_from_before_tokens_had_other_letters_comes_back_filled_in(
    app: Flask, client: FlaskClient, page: str, waiting: Waiting
) -> None:
    form = typed_into(client, page)
    with client.session_transaction() as session:
        raw = session["csrf_token"]
    form["csrf_token"] = URLSafeTimedSerializer("x", salt="wtf-csrf-token").dumps(raw)
    assert "Monday" not in client.post(page, data=form).text, "nobody has signed it"
    signer = URLSafeTimedSerializer(str(app.secret_key), salt="wtf-csrf-token")
    form["csrf_token"] = signer.dumps(raw)
    answer = client.post(page, data=form)
    assert answer.status_code == 400
    assert "Monday" in answer.text
    assert is_pending(app, waiting)


def test_rows_can_be_added_to_it_by_htmx_all_the_same(
    client: FlaskClient, cast: Cast, page: str
) -> None:
    form = typed_into(client, page)
    (rows,) = re.findall(r'name="_add"\s+value="([^"]+)"', client.get(page).text)
    sign_out(client)
    sign_in(client, cast)
    answer = client.post(page, data=form | {"_add": rows}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert html.escape(TYPED, quote=False).replace('"', "&#34;") in answer.text
    assert fields_of(answer.text)["csrf_token"] != form["csrf_token"]


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
    assert "Monday" not in html.unescape(answer.text), "it is nobody's to read meanwhile"
    again = client.post(page, data=kept)
    assert (again.status_code, fields_of(again.text)) == (403, kept), "still not signed in"
    sign_in(client, cast)
    shown = client.post(page, data=kept)
    assert shown.status_code == 400
    assert html.escape(TYPED, quote=False).replace('"', "&#34;") in shown.text
    form["csrf_token"] = fields_of(shown.text)["csrf_token"]
    assert client.post(page, data=form).status_code == 303
    assert not is_pending(app, waiting)


@pytest.mark.parametrize("next_one", ["alice", "charlie"])
def test_whoever_signs_in_next_never_sees_it_and_its_writer_still_does(
    app: Flask, client: FlaskClient, cast: Cast, page: str, next_one: str
) -> None:
    form = typed_into(client, page)
    end_all_sessions(app)
    kept = fields_of(client.post(page, data=form).text)
    sign_in(client, cast, getattr(cast, next_one))
    nobodys = client.post(page, data={"csrf_token": "made up", "answer-1": "x"})
    for theirs in (kept, form):
        refused = client.post(page, data=theirs)
        assert refused.status_code == nobodys.status_code
        assert without_tokens(refused.text) == without_tokens(nobodys.text)
    sign_out(client)
    sign_in(client, cast)
    for mine in (kept, form):
        assert "Monday" in client.post(page, data=mine).text


def test_it_is_for_the_request_that_it_was_typed_for(
    app: Flask, client: FlaskClient, cast: Cast, page: str, waiting: Waiting
) -> None:
    form = typed_into(client, page)
    other = f"/w/main/requests/{ask_again(app, waiting, 'Where?', QUESTION)}"
    end_all_sessions(app)
    kept = fields_of(client.post(page, data=form).text)
    sign_in(client, cast)
    assert "Monday" not in client.post(other, data=kept).text


def test_it_is_shown_again_before_it_is_stored_whatever_else_comes_with_it(
    app: Flask, client: FlaskClient, cast: Cast, page: str, waiting: Waiting
) -> None:
    form = typed_into(client, page)
    end_all_sessions(app)
    kept = fields_of(client.post(page, data=form).text)
    sign_in(client, cast)
    token = fields_of(client.get("/account").text)["csrf_token"]
    assert client.post(page, data=kept | {"csrf_token": token}).status_code == 400
    assert is_pending(app, waiting)


def test_a_form_that_was_drawn_for_nobody_keeps_nothing(client: FlaskClient, page: str) -> None:
    form = typed_into(client, page) | {"csrf_token": fields_of(client.get(page).text)["csrf_token"]}
    stranger = client.application.test_client()
    form["csrf_token"] = fields_of(stranger.get("/sign-in").text)["csrf_token"]
    answer = stranger.post(page, data=form)
    assert (answer.status_code, answer.location) == (303, "/sign-in")


def test_what_is_too_long_to_be_kept_is_not_said_to_be(
    app: Flask, client: FlaskClient, page: str
) -> None:
    form = typed_into(client, page)
    end_all_sessions(app)
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = 2000
    answer = client.post(page, data=form | {"answer-2": token_hex(700)})
    assert answer.status_code == 403
    assert "it is too long for this page to keep" in answer.text


def test_what_a_page_was_about_to_tell_is_not_told_to_somebody_else(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    with client.session_transaction() as session:
        session["_flashes"] = [("info", "Dora's link is ready.")]
    end_all_sessions(app)
    assert "Dora" not in client.get("/sign-in").text
    sign_in(client, cast, cast.alice)
    assert "Dora" not in client.get("/account").text


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
    assert "This form came from another address" in answer.text


def test_a_sign_in_form_that_is_too_old_keeps_the_address(app: Flask, cast: Cast) -> None:
    data = {"csrf_token": "old", "email": cast.bob.email, "password": PASSWORD}
    answer = app.test_client().post("/sign-in", data=data)
    assert answer.status_code == 400
    assert "Enter your password again." in answer.text
    assert cast.bob.email in answer.text
    assert PASSWORD not in answer.text
