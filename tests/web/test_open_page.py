"""What pages ask for by themselves is the same from memory, and shown to nobody else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

import pytest
from flask import Flask, request_started
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from opensink_web.contract.live import Live
from opensink_web.models import InputRequest, db
from opensink_web.models.transaction import Area, Change, writing
from opensink_web.operations.accounts.user import deactivate_member
from tests.api.conftest import Api, ask
from tests.conftest import Cast
from tests.support.real_servers import wait_until
from tests.support.scenarios import admin_of
from tests.web.conftest import browser_of

HTMX = {"HX-Request": "true"}
LIVE = "/w/main/live?since=1&area=requests"


@contextmanager
def through_flask(app: Flask) -> Iterator[list[str]]:
    """Note which requests are Flask's."""
    paths: list[str] = []

    def note(_: Flask) -> None:
        paths.append("")

    with request_started.connected_to(note, app):
        yield paths


def older(client: FlaskClient) -> str:
    """Return the address of the list as a page asks for it that shows something older."""
    page = client.get("/w/main/inbox").text
    found = re.search(r'id="inbox-list"[^>]*? hx-get="([^"]+)"', page)
    assert found is not None
    return re.sub("version=[^&]+", "version=older", unescape(found[1]))


def from_memory(app: Flask, client: FlaskClient, address: str) -> TestResponse:
    """Ask until it was made after the last time that something may have been missed."""

    def ask_again() -> TestResponse | None:
        with through_flask(app) as made:
            response = client.get(address, headers=HTMX)
        return None if made else response

    response: TestResponse = wait_until(ask_again)
    return response


def headers_of(response: TestResponse) -> dict[str, str]:
    return {name: value for name, value in response.headers if name != "Vary"}


@pytest.fixture(autouse=True)
def asked(app: Flask, cast: Cast) -> None:
    ask(Api(app, cast.alice.headers), title="Shall I?")


@pytest.mark.usefixtures("later")  # which stops the clock
@pytest.mark.parametrize("page", ["live", "inbox"])
def test_the_answer_from_memory_is_the_same(app: Flask, alice: FlaskClient, page: str) -> None:
    address = LIVE if page == "live" else older(alice)
    first, second = alice.get(address, headers=HTMX), from_memory(app, alice, address)
    if page == "live":
        assert [each.get_json()["waiting"] for each in (first, second)] == ["1", "1"]
    else:
        assert first.get_data() == second.get_data()
    assert headers_of(first) == headers_of(second)
    assert first.status_code == second.status_code == 200
    assert "Cookie" in first.vary
    assert "Cookie" in second.vary


def change(app: Flask, cast: Cast) -> None:
    live: Live = app.extensions["opensink-live"]
    live.changed({Change(cast.alice.workspace_id, Area.REQUESTS)}, 1)


def test_after_a_change_it_is_made_anew(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    address = older(alice)
    for title in ("Another", "A third"):
        from_memory(app, alice, address)
        ask(Api(app, cast.alice.headers), title=title)
        change(app, cast)
        assert title in alice.get(address, headers=HTMX).text


def test_a_page_that_a_person_opens_is_flasks(app: Flask, alice: FlaskClient) -> None:
    address = older(alice)
    from_memory(app, alice, address)
    with through_flask(app) as made:
        assert "<html" in alice.get(address).text
    assert made


def test_each_role_has_its_own(app: Flask, alice: FlaskClient, bob: FlaskClient) -> None:
    address = older(alice)
    from_memory(app, alice, address)
    with through_flask(app) as made:
        bob.get(address, headers=HTMX)
    assert made


@pytest.mark.parametrize("page", ["live", "inbox"])
def test_whoever_is_let_in_no_more_gets_nothing_from_memory(
    app: Flask, cast: Cast, alice: FlaskClient, charlie: FlaskClient, page: str
) -> None:
    address = LIVE if page == "live" else older(alice)
    bob = [browser_of(app, cast.bob) for _ in range(2)]
    assert [from_memory(app, each, address).status_code for each in (alice, *bob)] == [200] * 3
    assert charlie.get(address, headers=HTMX).status_code == 404
    assert app.test_client().get(address, headers=HTMX).headers["HX-Redirect"]
    cookie = bob[0].get_cookie("opensink_session")
    assert cookie is not None
    bob[0].post("/sign-out")
    bob[0].set_cookie("opensink_session", cookie.value)  # as a program would that kept it
    assert bob[0].get(address, headers=HTMX).headers["HX-Redirect"]
    assert bob[1].get(address, headers=HTMX).status_code == 200
    with app.app_context(), writing():
        deactivate_member(admin_of(cast.bob.workspace_id), cast.bob.id)
    assert bob[1].get(address, headers=HTMX).status_code in {204, 404}
    assert b"Shall I" not in bob[1].get(address, headers=HTMX).data
    assert b"waiting" not in bob[1].get(address, headers=HTMX).data


def test_a_form_in_it_is_of_whoever_asks(app: Flask, cast: Cast) -> None:
    """The empty list of a workspace in which nobody was ever asked has one."""
    with app.app_context(), writing():
        db.session.query(InputRequest).delete()
    readers = [browser_of(app, cast.alice) for _ in range(2)]
    app.config["WTF_CSRF_ENABLED"] = True
    pages = [each.get("/w/main/inbox?version=older", headers=HTMX).text for each in readers]
    for reader, page in zip(readers, pages, strict=True):
        token = re.search('name="csrf_token"[^>]* value="([^"]+)"', page)
        assert token is not None
        assert reader.post("/w/main/demo/start", data={"csrf_token": token[1]}).status_code == 303
