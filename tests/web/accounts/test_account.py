"""The person's own account: where they are signed in, and ending it."""

import re
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web import clock
from opensink_web.contract import last_use
from opensink_web.models import Membership, Role, User, UserSession, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.queries import IDLE_LIFETIME
from opensink_web.operations.accounts.user_session import SESSION_LIFETIME
from opensink_web.operations.decisions.ending import remove_member
from tests.conftest import Cast
from tests.support.scenarios import admin_of
from tests.web.conftest import browser_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"


def sessions_of(app: Flask, user_id: UUID) -> dict[UUID, datetime]:
    """Return the sessions in the database, and when each was last seen."""
    with app.app_context(), reading():
        rows = db.session.scalars(select(UserSession).where(UserSession.user_id == user_id))
        return {row.id: row.last_seen_at for row in rows}


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def at(monkeypatch: pytest.MonkeyPatch, span: timedelta) -> None:
    """Set the clock so much later than it is."""
    moment = clock.now() + span
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_every_browser_is_listed_and_this_one_is_marked(app: Flask, cast: Cast) -> None:
    here, there = browser_of(app, cast.alice), app.test_client()
    there.environ_base |= {"HTTP_USER_AGENT": FIREFOX, "REMOTE_ADDR": "203.0.113.9"}
    browser_of(app, cast.alice, there)
    page = here.get("/account").text
    rows = page.split("<tbody>")[1].split("</tr>")[:-1]
    assert len(rows) == 2
    (theirs,) = (row for row in rows if "Firefox on Linux" in row)
    (ours,) = (row for row in rows if row is not theirs)
    assert "203.0.113.9" in theirs
    assert ("This browser" in ours, "This browser" in theirs) == (True, False)


def test_the_browsers_of_others_are_not_listed(
    app: Flask, alice: FlaskClient, bob: FlaskClient
) -> None:
    assert alice.get("/account").text.count('data-label="Where"') == 1


def test_a_browser_that_is_signed_out_from_afar_is_so_at_its_next_request(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    (mine,) = sessions_of(app, cast.alice.id)
    other = browser_of(app, cast.alice)
    (theirs,) = sessions_of(app, cast.alice.id).keys() - {mine}
    assert alice.post(f"/account/sessions/{theirs}/end").location == "/account"
    assert "That browser has been signed out." in alice.get("/account").text
    assert other.get("/w/main/inbox").location == "/sign-in?next=/w/main/inbox"
    polled = other.get("/w/main/inbox?version=x", headers={"HX-Request": "true"})
    assert (polled.status_code, polled.text) == (204, ""), "nothing to swap into the page"
    assert polled.headers["HX-Redirect"].startswith("/sign-in")


def test_signing_out_everywhere_else_leaves_this_browser(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    others = [browser_of(app, cast.alice) for _ in range(2)]
    alice.post("/account/sessions/end-others")
    assert "signed out in 2 other places" in alice.get("/account").text
    assert [is_signed_in(each) for each in (alice, bob, *others)] == [True, True, False, False]
    alice.post("/account/sessions/end-others")
    assert "not signed in anywhere else" in alice.get("/account").text


def test_somebody_elses_browser_cannot_be_signed_out(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    (theirs,) = sessions_of(app, cast.bob.id)
    for session_id in (theirs, uuid4()):
        assert alice.post(f"/account/sessions/{session_id}/end").status_code == 404
    assert is_signed_in(bob)


def test_a_session_that_is_not_used_ends(
    app: Flask, alice: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, IDLE_LIFETIME)
    assert not is_signed_in(alice)


def test_a_session_ends_even_if_it_is_used_every_day(
    app: Flask, alice: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(SESSION_LIFETIME.days - 1):
        at(monkeypatch, timedelta(days=1))
        assert is_signed_in(alice)
        last_use.write_down(app)
    at(monkeypatch, timedelta(days=1, seconds=1))
    assert not is_signed_in(alice)


def test_when_a_session_was_used_is_noted_once_a_minute(
    app: Flask, cast: Cast, alice: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    (begun,) = sessions_of(app, cast.alice.id).values()
    for seconds, expected in ((30, 0), (70, 70), (100, 70), (140, 140)):
        moment = begun + timedelta(seconds=seconds)
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        assert is_signed_in(alice)
        last_use.write_down(app)
        (seen,) = sessions_of(app, cast.alice.id).values()
        assert seen == begun + timedelta(seconds=expected)


def test_a_page_that_only_asks_for_news_does_not_keep_its_session_alive(
    app: Flask, alice: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, IDLE_LIFETIME / 2)
    poll = alice.get("/w/main/inbox?version=x", headers={"HX-Request": "true"})
    assert poll.status_code == 200
    at(monkeypatch, IDLE_LIFETIME / 2)
    assert not is_signed_in(alice)


def test_whoever_is_deactivated_is_signed_out(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context(), writing():
        db.session.get_one(User, cast.alice.id).is_active = False
    assert not is_signed_in(alice)


def test_whoever_leaves_the_last_workspace_is_signed_out(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    with app.app_context(), writing():
        elsewhere = Membership(
            user_id=cast.bob.id, workspace_id=cast.charlie.workspace_id, role=Role.VIEWER
        )
        db.session.add(elsewhere)
    for person, still_signed_in in ((cast.alice, True), (cast.charlie, False)):
        with app.app_context(), writing():
            remove_member(admin_of(person.workspace_id), cast.bob.id)
        assert is_signed_in(bob) is still_signed_in


def test_the_menu_around_it_is_that_of_the_only_workspace(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    assert 'href="/w/main/admin/agents"' in alice.get("/account").text
    with app.app_context(), writing():
        elsewhere = Membership(
            user_id=cast.alice.id, workspace_id=cast.charlie.workspace_id, role=Role.VIEWER
        )
        db.session.add(elsewhere)
    assert not re.search(r'href="/w/\w+/', alice.get("/account").text)


def test_signed_out_it_leads_to_the_sign_in(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    assert client.get("/account").location == "/sign-in?next=/account"
