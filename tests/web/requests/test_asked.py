"""What waits and asks the reader by a comment: marked in its row, counted, and listed alone."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import Api, ask, made
from tests.conftest import Cast
from tests.support.real_servers import wait_until
from tests.support.review_cases import HTMX, refresh_href

PATH = "/agent-session-input-requests"
INBOX = "/w/main/inbox"
ASKS_ME = f"{INBOX}?asks=me"
pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"UNDO_SECONDS": "60"}


@pytest.fixture
def api(app: Flask, cast: Cast) -> Api:
    return Api(app, cast.alice.headers)


def say(api: Api, request: Any, message: str = "@bob@example.com, ten?") -> None:
    made(api.post(f"{PATH}/{request['id']}/comments", {"message": message}))


def marked(html: str) -> list[str]:
    """Return the requests in whose rows it says that the reader was asked."""
    rows = re.findall(r'<li class="row-entry[^>]*id="request-([^"]+)"(.*?)</li>', html, re.DOTALL)
    return [request_id for request_id, text in rows if "You were asked" in text]


def listed(html: str) -> list[str]:
    return re.findall(r'<li class="row-entry[^>]*id="request-([^"]+)"', html)


def count(browser: FlaskClient) -> str:
    found = re.search(
        r'id="asks-me"(?: hidden)?>(?:<a.*?facet-count">(.*?)<)?', browser.get(INBOX).text
    )
    assert found is not None
    return found[1] or ""


class TestBeingAsked:
    def test_stands_in_the_row_of_whoever_is_asked_until_they_answer(
        self, api: Api, alice: FlaskClient, bob: FlaskClient
    ) -> None:
        first, second, _ = ask(api), ask(api), ask(api)
        for each in (first, first, second):
            say(api, each)
        for page in (INBOX, ASKS_ME, f"{ASKS_ME}&order=due", f"{ASKS_ME}&group=key"):
            assert bob.get(page).status_code == 200, page
        assert marked(bob.get(INBOX).text) == [first["id"], second["id"]]
        assert (count(bob), count(alice)) == ("2", "")
        assert marked(alice.get(INBOX).text) == []
        page = f"/w/main/requests/{first['id']}"
        bob.post(f"{page}/mention/seen")  # they know it, and have not answered
        assert listed(bob.get(f"{ASKS_ME}&order=newest").text) == [second["id"], first["id"]]
        assert "Nothing with these filters" in alice.get(ASKS_ME).text
        assert f"{page}?asks=me" in bob.get(ASKS_ME).text
        assert "1 of 2" in bob.get(f"{page}?asks=me").text
        bob.post(f"{page}/comments", data={"comment": "Five."})
        assert listed(bob.get(ASKS_ME).text) == [second["id"]]

    @pytest.mark.parametrize("by", ["bob", "alice"])
    def test_is_over_with_the_decision_and_back_when_that_is_undone(
        self, app: Flask, api: Api, alice: FlaskClient, bob: FlaskClient, by: str
    ) -> None:
        asked = ask(api)
        say(api, asked)
        page = f"/w/main/requests/{asked['id']}"
        data = {"_decline": "1", "reason": "No."}
        decider = bob if by == "bob" else alice
        assert decider.post(page, data=data).status_code == 303
        assert count(bob) == ""
        assert listed(bob.get(ASKS_ME).text) == []
        decider.post(f"{page}/undo")
        assert listed(bob.get(ASKS_ME).text) == ([] if by == "bob" else [asked["id"]])
        api.post(f"{PATH}/{asked['id']}/resolve", {"response": {"approved": True}})
        say(api, asked)  # what is said about a decision asks nobody to decide
        assert count(bob) == ""
        assert "Mentions me (1)" in bob.get(INBOX).text

    def test_goes_over_to_what_is_asked_instead(self, api: Api, bob: FlaskClient) -> None:
        asked = ask(api)
        say(api, asked)
        bob.post(f"/w/main/requests/{asked['id']}/mention/seen")
        new = made(api.post(f"{PATH}/{asked['id']}/supersede", {"title": "Buy five?"}))
        assert listed(bob.get(ASKS_ME).text) == [new["id"]]

    def test_is_nothing_to_who_is_elsewhere(
        self, cast: Cast, api: Api, charlie: FlaskClient
    ) -> None:
        say(api, ask(api), "@charlie@example.com?")
        assert charlie.get(ASKS_ME).status_code == 404
        assert listed(charlie.get(f"/w/{cast.charlie.workspace_slug}/inbox?asks=me").text) == []

    def test_of_nobody_else_can_be_listed(self, bob: FlaskClient) -> None:
        assert bob.get(f"{INBOX}?asks=alice").status_code == 400


class TestNews:
    def test_says_it_to_whom_it_concerns_though_others_are_shown_the_same_list(
        self, api: Api, alice: FlaskClient, bob: FlaskClient
    ) -> None:
        asked = ask(api)
        address = refresh_href(bob.get(INBOX).text)
        assert bob.get(address, headers=HTMX).status_code == 204
        say(api, asked)

        def told(browser: FlaskClient) -> str:
            return browser.get(address, headers=HTMX).text

        # what is shared is made anew once this process was told of the change
        wait_until(lambda: marked(told(bob)) == [asked["id"]])
        for browser, requests in ((alice, []), (bob, [asked["id"]])) * 2:
            html = told(browser)
            assert "1<span" in html  # the comment
            assert marked(html) == requests
            assert ("asks=me" in html) is (browser is bob)

    def test_of_a_view_of_ones_own(self, api: Api, bob: FlaskClient) -> None:
        asked = ask(api)
        say(api, asked)
        bob.post(f"{INBOX}/views?asks=me", data={"name": "Asks me"})
        (saved,) = re.findall(r'href="([^"]*saved=[^"]*)"', bob.get(INBOX).text)
        assert listed(bob.get(saved.replace("&amp;", "&")).text) == [asked["id"]]
