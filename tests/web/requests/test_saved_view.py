"""Lists of the inbox under a name: saved, opened, renamed and deleted, each person's own."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.operations.requests import saved_view
from tests.conftest import Cast
from tests.support.review_cases import make_viewer
from tests.support.scenarios import Waiting, ask_in

PAGE = "/w/main/inbox"
VIEWS = f"{PAGE}/views"
OWN_TABS = ["Waiting", "Mine", "Unassigned", "Decided"]


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, None)


def save(client: FlaskClient, name: str, arguments: str = "?key=k&order=newest") -> str:
    """Save a list; return the address it is then at."""
    response = client.post(VIEWS + arguments, data={"name": name})
    assert response.status_code == 303
    return response.location


def tabs_in(html: str) -> dict[str, str]:
    nav = html.split('class="tabs"')[1].split("</nav>")[0]
    nav = re.sub('<span class="nav-count[^<]*</span>', "", nav)
    links = re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', nav, re.DOTALL)
    return {unescape(re.sub("<[^>]*>", "", text)).strip(): unescape(href) for href, text in links}


def test_a_list_is_saved_and_opened_by_its_tab(bob: FlaskClient, waiting: Waiting) -> None:
    here = save(bob, " My <b>keys</b> ")

    tabs = tabs_in(bob.get(PAGE).text)
    assert [*tabs] == [*OWN_TABS, "My <b>keys</b>"]
    assert "key=k" in tabs["My <b>keys</b>"]
    html = bob.get(tabs["My <b>keys</b>"]).text
    assert str(waiting.request_id) in html
    assert "Newest first" in html
    assert bob.get(here).status_code == 200


def test_saved_again_it_becomes_the_list_that_is_open(bob: FlaskClient) -> None:
    save(bob, "Ours")
    save(bob, "Ours", "?key=other")

    tabs = tabs_in(bob.get(PAGE).text)
    assert [*tabs] == [*OWN_TABS, "Ours"]
    assert "key=other" in tabs["Ours"]


def test_renamed_and_deleted(bob: FlaskClient) -> None:
    here = save(bob, "Ours")
    view = re.search(r"saved=([0-9a-f-]+)", here)
    assert view is not None

    assert bob.post(f"{VIEWS}/{view[1]}?key=k", data={"name": "Yours"}).status_code == 303
    assert "Yours" in tabs_in(bob.get(PAGE).text)
    assert "Delete this view?" in bob.get(here).text
    response = bob.post(f"{VIEWS}/{view[1]}/delete?key=k&saved={view[1]}")
    assert (response.status_code, response.location) == (303, f"{PAGE}?key=k")
    assert [*tabs_in(bob.get(PAGE).text)] == OWN_TABS
    assert bob.post(f"{VIEWS}/{view[1]}/delete").status_code == 404


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_name_that_will_not_do_comes_back_with_the_reason(bob: FlaskClient, name: str) -> None:
    response = bob.post(f"{VIEWS}?key=k", data={"name": name})

    assert response.status_code == 422
    assert "error-summary" in response.text
    assert name.strip()[:40] in response.text


def test_two_cannot_have_one_name(bob: FlaskClient) -> None:
    save(bob, "One")
    view = re.search(r"saved=([0-9a-f-]+)", save(bob, "Two", "?key=z"))
    assert view is not None

    response = bob.post(f"{VIEWS}/{view[1]}?key=z", data={"name": "One"})
    assert response.status_code == 422
    assert "another view of this name" in response.text


def test_there_are_only_so_many(bob: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_view, "VIEWS_MAX", 1)
    save(bob, "One")

    response = bob.post(f"{VIEWS}?key=k", data={"name": "Two"})
    assert response.status_code == 409
    assert "Delete one" in response.text


def test_it_is_nobody_elses(
    alice: FlaskClient, bob: FlaskClient, charlie: FlaskClient, waiting: Waiting
) -> None:
    view = re.search(r"saved=([0-9a-f-]+)", save(bob, "Ours"))
    assert view is not None

    assert "Ours" not in tabs_in(alice.get(PAGE).text)
    assert alice.get(f"{PAGE}?saved={view[1]}").status_code == 200
    for client, place in ((alice, VIEWS), (charlie, "/w/elsewhere/inbox/views")):
        assert client.post(f"{place}/{view[1]}", data={"name": "x"}).status_code == 404
        assert client.post(f"{place}/{view[1]}/delete").status_code == 404
    assert "Ours" in tabs_in(bob.get(PAGE).text)


def test_a_viewer_saves_none(app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting) -> None:
    make_viewer(app, cast.bob)

    assert bob.post(f"{VIEWS}?key=k", data={"name": "x"}).status_code == 403
    assert "Save as a view" not in bob.get(f"{PAGE}?key=k").text
