"""What was left open: a review over night, in two tabs, after signing out; and the way back."""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Error, Page, Response, Route, expect

from tests.browser.conftest import Site, sign_in
from tests.conftest import PASSWORD
from tests.support.opensink_up import Opensink

pytestmark = pytest.mark.server

NOTE = {
    "type": "object",
    "properties": {"note": {"type": "string", "title": "Note"}},
    "required": ["note"],
}
STORED = "JSON.stringify([{...localStorage}, {...sessionStorage}])"


def open_request(page: Page, site: Site, title: str) -> dict[str, str]:
    ids = site.ask(NOTE, title=title)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    return ids


def send(page: Page) -> None:
    page.get_by_role("button", name="Send answer").click()


def stored(site: Site, ids: dict[str, str]) -> object:
    return site.get(f"/agent-session-input-requests/{ids['request_id']}")["response"]


def test_a_review_left_open_over_night_is_sent(signed_in: Page, site: Site) -> None:
    ids = open_request(signed_in, site, "Over night?")
    signed_in.get_by_label("Note").fill("typed yesterday")
    age_sign_ins(site, timedelta(hours=20))
    send(signed_in)
    expect(signed_in.locator("#last-decision")).to_contain_text("Answered")
    assert stored(site, ids) == {"note": "typed yesterday"}


def age_sign_ins(site: Site, age: timedelta) -> None:
    """Let every sign-in have begun, and been used, that much earlier."""
    then = (datetime.now(UTC) - age).strftime("%Y-%m-%d %H:%M:%S.%f")
    with closing(sqlite3.connect(site.data_dir / "opensink.sqlite3", timeout=60)) as database:
        database.execute("UPDATE user_sessions SET created_at = ?, last_seen_at = ?", (then, then))
        database.commit()


def test_the_slower_of_two_tabs_sees_who_answered_and_keeps_what_was_typed(
    signed_in: Page, site: Site
) -> None:
    ids = open_request(signed_in, site, "Twice?")
    other = signed_in.context.new_page()
    other.goto(signed_in.url)
    signed_in.get_by_label("Note").fill("slower")
    other.get_by_label("Note").fill("faster")
    send(other)
    expect(other.locator("#last-decision")).to_contain_text("Answered")
    # by itself, before anything is sent
    expect(signed_in.locator("#send-bar")).to_contain_text("can no longer be sent")
    expect(signed_in.get_by_label("Note")).to_have_value("slower")
    # what was on its way by then
    signed_in.evaluate("document.getElementById('answer-form').requestSubmit()")
    expect(signed_in.locator("main")).to_contain_text("Your answer was not stored")
    expect(signed_in.get_by_label("Note")).to_have_value("slower")
    assert stored(site, ids) == {"note": "faster"}


def test_signed_out_in_another_tab_nothing_typed_is_lost(signed_in: Page, site: Site) -> None:
    ids = open_request(signed_in, site, "Signed out?")
    keep_drafts_from_arriving(signed_in)
    signed_in.get_by_label("Note").fill("must not be lost")
    other = signed_in.context.new_page()
    other.goto(site.page("/inbox"))
    sign_out(other)
    send_while_it_asks_for_news(signed_in)
    expect(signed_in.get_by_role("heading", level=1)).to_have_text("You are signed out")
    sign_in(other)
    signed_in.get_by_role("button", name="Go on").click()
    expect(signed_in.locator("main")).to_contain_text("Check your answer and send it")
    expect(signed_in.get_by_label("Note")).to_have_value("must not be lost")
    assert stored(site, ids) is None
    send(signed_in)
    expect(signed_in.locator("#last-decision")).to_contain_text("Answered")
    assert stored(site, ids) == {"note": "must not be lost"}


def keep_drafts_from_arriving(page: Page) -> None:
    """Have what is typed stand on the page alone: once it is saved, a sign-out leads away."""

    def hold(_: Route) -> None:
        pass

    page.route("**/draft", hold)


def send_while_it_asks_for_news(page: Page) -> None:
    """Keep what is sent on its way until the page has heard that the sign-in has ended."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    def says_so(answer: Response) -> bool:
        return "hx-redirect" in answer.headers

    address = page.url
    page.route(address, hold)
    with page.expect_response(says_so):
        # a click of Playwright's waits until what is sent has arrived
        page.get_by_role("button", name="Send answer").evaluate("button => button.click()")
    with page.expect_response(says_so):
        pass  # it has not gone away at the first
    held[0].continue_()
    page.unroute(address)


def send_and_hear_of_the_sign_out_meanwhile(page: Page) -> None:
    """Have news come, which lead to the sign-in, while the form is sent once more as a page."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.is_navigation_request():
            held.append(route)
        else:
            route.fallback()

    address = page.url
    page.route(address, hold)
    with page.expect_request(lambda request: request.is_navigation_request()):
        # now, for nothing can be evaluated in a page that is about to leave
        page.get_by_role("button", name="Send answer").evaluate(
            "button => { button.click(); setInterval(() => htmx.trigger('#watch', 'live'), 200); }"
        )
    with page.expect_response(lambda answer: "/live?" in answer.url):
        pass
    held[0].continue_()
    page.unroute(address)


def test_whoever_signs_in_next_sees_nothing_of_it(signed_in: Page, site: Site) -> None:
    user = ("user", "create", "dora@example.com", "--role", "admin", "--password-stdin")
    assert Opensink(site.data_dir).run(*user, text=PASSWORD).returncode == 0
    open_request(signed_in, site, "Whose words?")
    keep_drafts_from_arriving(signed_in)
    signed_in.get_by_label("Note").fill("for my eyes")
    other = signed_in.context.new_page()
    other.goto(site.page("/inbox"))
    sign_out(other)
    send_and_hear_of_the_sign_out_meanwhile(signed_in)
    expect(signed_in.get_by_role("heading", level=1)).to_have_text("You are signed out")
    assert "for my eyes" not in content(signed_in)
    sign_in(other, email="dora@example.com")
    signed_in.get_by_role("button", name="Go on").click()
    expect(signed_in.locator("main")).to_contain_text("This form is from before you signed in")
    for _ in range(2):
        assert "for my eyes" not in content(signed_in)
        with suppress(Error):  # the way back would send a form once more, and the browser asks
            signed_in.go_back()
    assert "for my eyes" not in read_at_rest(signed_in, lambda: signed_in.evaluate(STORED))


def content(page: Page) -> str:
    return read_at_rest(page, page.content)


def read_at_rest(page: Page, read: Callable[[], str]) -> str:
    """Return what is read of a page that is under way nowhere: a way back begins some time later.

    Whatever is read while a page leaves for another one fails in the middle of it.
    """
    for _ in range(100):
        page.wait_for_load_state()
        with suppress(Error):  # it is on its way just now
            return read()
        page.wait_for_timeout(100)
    raise AssertionError(f"the page never came to rest: {page.url}")


def sign_out(page: Page) -> None:
    page.locator("summary", has_text="alice@example.com").click()
    page.get_by_role("button", name="Sign out").first.click()
    page.wait_for_url("**/sign-in*")


def test_signed_out_the_way_back_shows_nothing(signed_in: Page, site: Site) -> None:
    open_request(signed_in, site, "Confidential question")
    signed_in.goto(site.page("/inbox"))
    sign_out(signed_in)
    for _ in range(3):
        signed_in.go_back()
        assert "Confidential" not in content(signed_in)
    sign_in(signed_in)
