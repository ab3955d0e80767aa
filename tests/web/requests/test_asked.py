"""What asks the reader by a comment: marked in its row, counted, and listed alone.

What waits does so until they answer, what was decided until they have read it.
"""

import re
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.operations.page import trail_of
from tests.api.conftest import Api, ask, made
from tests.conftest import Cast
from tests.support.real_servers import wait_until
from tests.support.review_cases import HTMX, make_viewer, refresh_href

PATH = "/agent-session-input-requests"
INBOX = "/w/main/inbox"
ASKS_ME = f"{INBOX}?asks=me"
DECIDED = f"{INBOX}?view=decided"
READ = f"{DECIDED}&asks=me"
pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"UNDO_SECONDS": "60"}


@pytest.fixture
def api(app: Flask, cast: Cast) -> Api:
    return Api(app, cast.alice.headers)


def counts_href(browser: FlaskClient, page: str) -> str:
    """Return where the counts of a page are asked for."""
    tag = re.search(r'<div id="tab-counts"[^>]*hx-get="([^"]+)"', browser.get(page).text)
    assert tag is not None
    return unescape(tag[1])


def say(api: Api, request: Any, message: str = "@bob@example.com, ten?") -> None:
    made(api.post(f"{PATH}/{request['id']}/comments", {"message": message}))


def marked(html: str) -> list[str]:
    """Return the requests in whose rows it says that the reader was asked."""
    rows = re.findall(r'<li class="row-entry[^>]*id="request-([^"]+)"(.*?)</li>', html, re.DOTALL)
    return [request_id for request_id, text in rows if "You were asked" in text]


def listed(html: str) -> list[str]:
    return re.findall(r'<li class="row-entry[^>]*id="request-([^"]+)"', html)


def ways_in(html: str) -> dict[str, tuple[str, str]]:
    """Return by its text how much each way leads to, and its address."""
    (part,) = re.findall(r'<span id="asks-me"[^>]*>(.*?</a>)?</span>', html)
    ways = re.findall(r'href="([^"]+)">(.*?) <span class="facet-count">(.*?)<', part)
    return {text: (count, unescape(href)) for href, text, count in ways}


def count(browser: FlaskClient, page: str = INBOX) -> str:
    return ways_in(browser.get(page).text).get("Asks me", ("", ""))[0]


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
        assert "Nobody asks you here" in alice.get(ASKS_ME).text
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
        assert ways_in(bob.get(INBOX).text) == {"Asks me in Decided": ("1", READ)}
        assert (marked(bob.get(DECIDED).text), count(bob, DECIDED)) == ([asked["id"]], "1")
        bob.post(f"{page}/mention/seen")
        assert (marked(bob.get(DECIDED).text), listed(bob.get(READ).text)) == ([], [])
        assert ways_in(bob.get(DECIDED).text) == {}

    def test_and_not_read_before_the_decision_is_to_be_read_after_it(
        self, api: Api, alice: FlaskClient, bob: FlaskClient
    ) -> None:
        asked, read = ask(api), ask(api)
        for each in (asked, read):
            say(api, each)
        bob.post(f"/w/main/requests/{read['id']}/mention/seen")
        for each in (asked, read):
            data = {"_decline": "1", "reason": "No."}
            alice.post(f"/w/main/requests/{each['id']}", data=data)
        # both can be undone still
        assert listed(bob.get(READ).text) == marked(bob.get(DECIDED).text) == [asked["id"]]
        for more in ("group=key", "key=k", "q=buy", "outcome=declined"):
            assert bob.get(f"{READ}&{more}").status_code == 200, more
        assert "1 of 1" in bob.get(f"/w/main/requests/{asked['id']}?view=decided&asks=me").text

    def test_in_each_list_is_counted_of_it(self, api: Api, bob: FlaskClient) -> None:
        first, second = ask(api, key="first"), ask(api, key="second")
        for each in (first, second):
            say(api, each)
        bob.post(f"/w/main/requests/{second['id']}/claim")
        everywhere = {"Asks me in Waiting": ("2", ASKS_ME)}
        here = f"{INBOX}?view=mine&asks=me"
        assert ways_in(bob.get(f"{INBOX}?view=mine").text) == {"Asks me": ("1", here)} | everywhere
        assert listed(bob.get(here).text) == [second["id"]]
        assert ways_in(bob.get(here).text) == ways_in(bob.get(DECIDED).text) == everywhere
        assert count(bob, f"{INBOX}?key=first") == "1"
        assert count(bob, f"{INBOX}?key=other") == ""
        assert ways_in(bob.get(ASKS_ME).text) == {}

    def test_who_may_only_read_has_read_it(
        self, app: Flask, cast: Cast, api: Api, bob: FlaskClient
    ) -> None:
        asked = ask(api)
        make_viewer(app, cast.bob)
        say(api, asked)
        assert (count(bob), listed(bob.get(ASKS_ME).text)) == ("1", [asked["id"]])
        bob.post(f"/w/main/requests/{asked['id']}/mention/seen")
        assert (count(bob), listed(bob.get(ASKS_ME).text)) == ("", [])

    def test_has_an_address_of_before(self, bob: FlaskClient, charlie: FlaskClient) -> None:
        assert bob.get(f"{INBOX}/mentions").location == ASKS_ME
        assert charlie.get(f"{INBOX}/mentions").status_code == 404

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

    @pytest.mark.parametrize("page", ["", "?key=first", "?view=decided", "?trail={trail}"])
    def test_tells_how_many_wherever_the_reader_is(
        self, api: Api, alice: FlaskClient, bob: FlaskClient, page: str
    ) -> None:
        asked, other = ask(api, key="first"), ask(api, key="other")
        address = f"{INBOX}{page.format(trail=trail_of(UUID(other['id'])))}"
        bob_asks, alice_asks = counts_href(bob, address), counts_href(alice, address)
        say(api, asked)
        ways = ways_in(bob.get(bob_asks, headers=HTMX).text)
        assert [count for count, _ in ways.values()] == ["1"]
        assert alice.get(alice_asks, headers=HTMX).status_code == 204

    def test_of_a_view_of_ones_own(self, api: Api, bob: FlaskClient) -> None:
        asked = ask(api)
        say(api, asked)
        bob.post(f"{INBOX}/views?asks=me", data={"name": "Asks me"})
        (saved,) = re.findall(r'href="([^"]*saved=[^"]*)"', bob.get(INBOX).text)
        assert listed(bob.get(saved.replace("&amp;", "&")).text) == [asked["id"]]
