"""The thread on the page of a request: writing in it, what it shows, and its news."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from opensink_web.models import Delivery, DeliveryStatus, Membership, Role, User, db
from opensink_web.models.transaction import writing
from tests.api.conftest import Api, ask, made, make_agent, question, start_session
from tests.conftest import Cast
from tests.support.pause_scenarios import approval_in
from tests.web.conftest import browser_of
from tests.web.requests.test_terms import words_of

PATH = "/agent-session-input-requests"
HTMX = {"HX-Request": "true", "HX-Target": "thread"}


@pytest.fixture
def api(app: Flask, cast: Cast) -> Api:
    return Api(app, cast.alice.headers)


@pytest.fixture
def asked(api: Api) -> Any:
    endpoint = {"url": "http://127.0.0.1:9/execute"}
    session = start_session(api, make_agent(api, execution_endpoint=endpoint)["id"])
    return made(api.post(PATH, question(session)))


@pytest.fixture
def page(cast: Cast, asked: Any) -> str:
    return f"/w/{cast.alice.workspace_slug}/requests/{asked['id']}"


def said(api: Api, request: Any) -> list[str]:
    comments = api.read(f"{PATH}/{request['id']}/comments")["items"]
    return [each["message"] for each in reversed(comments)]


def say(api: Api, request: Any, message: str) -> Any:
    return made(api.post(f"{PATH}/{request['id']}/comments", {"message": message}))


def thread_in(html: str) -> str:
    return html[html.index('id="thread"') : html.index("</section>", html.index('id="thread"'))]


class TestWriting:
    def test_asks_the_agent_and_leads_back_to_the_thread(
        self, api: Api, bob: FlaskClient, page: str, asked: Any
    ) -> None:
        sent = {"comment": "Why **ten**?\r\nNot five?", "wake": "1"}
        answer = bob.post(f"{page}/comments?view=decided", data=sent)
        assert (answer.status_code, answer.location) == (303, f"{page}?view=decided#thread")
        assert said(api, asked) == ["Why **ten**?\nNot five?"]
        assert len(api.read("/deliveries?kind=comment")["items"]) == 1
        html = thread_in(bob.get(page).text)
        assert "<strong>ten</strong>" in html
        assert "bob@example.com asked the agent" in words_of(html)
        assert "Calling the agent" in html

    def test_only_comments(self, api: Api, bob: FlaskClient, page: str, asked: Any) -> None:
        bob.post(f"{page}/comments", data={"comment": "Mind the budget."})
        assert said(api, asked) == ["Mind the budget."]
        assert api.read("/deliveries")["items"] == []

    def test_by_htmx_draws_the_thread_with_an_empty_box(self, bob: FlaskClient, page: str) -> None:
        answer = bob.post(f"{page}/comments", data={"comment": "Why?"}, headers=HTMX)
        assert answer.status_code == 200
        assert answer.text.lstrip().startswith("<section") or 'id="thread"' in answer.text
        assert "data-sent" in answer.text
        assert "</textarea>" in answer.text
        assert ">Why?" not in answer.text[answer.text.index("<textarea") :]
        assert 'innerHTML:#comments-link">' in answer.text

    @pytest.mark.parametrize(
        ("text", "problem"),
        [(" ", "Write something first."), ("x" * 10_001, "Use at most 10000 characters.")],
    )
    def test_keeps_what_it_refuses(
        self, api: Api, bob: FlaskClient, page: str, asked: Any, text: str, problem: str
    ) -> None:
        for headers in ({}, HTMX):
            answer = bob.post(f"{page}/comments", data={"comment": text}, headers=headers)
            assert answer.status_code == 422
            assert problem in answer.text
            assert text.strip() in answer.text
        assert said(api, asked) == []

    def test_keeps_what_comes_too_late_to_wake_anybody(
        self, api: Api, bob: FlaskClient, page: str, asked: Any
    ) -> None:
        api.post(f"{PATH}/{asked['id']}/resolve", {"response": {"approved": True}})
        sent = {"comment": "Really?", "wake": "1"}
        answer = bob.post(f"{page}/comments", data=sent)
        assert answer.status_code == 422
        assert "already answered by alice@example.com" in answer.text
        assert "Really?" in answer.text
        assert "Ask the agent" not in thread_in(bob.get(page).text).replace("<strong>", "")
        assert bob.post(f"{page}/comments", data={"comment": "Really?"}).status_code == 303
        assert said(api, asked) == ["Really?"]

    def test_says_whom_nobody_is(self, bob: FlaskClient, page: str) -> None:
        sent = {"comment": "@alice@example.com, @carla@example.com?"}
        words = words_of(bob.post(f"{page}/comments", data=sent, headers=HTMX).text)
        assert "Nobody who may read this has the address carla@example.com." in words
        bob.post(f"{page}/comments", data=sent)
        assert "has the address carla@example.com." in bob.get(page).text

    def test_a_viewer_reads_and_does_not_write(
        self, app: Flask, api: Api, cast: Cast, asked: Any, page: str
    ) -> None:
        say(api, asked, "Ten is right.")
        with app.app_context(), writing():
            db.session.execute(
                update(Membership).where(Membership.user_id == cast.bob.id).values(role=Role.VIEWER)
            )
        viewer = browser_of(app, cast.bob)
        html = thread_in(viewer.get(page).text)
        assert "Ten is right." in html
        assert "<form" not in html
        assert viewer.post(f"{page}/comments", data={"comment": "x"}).status_code == 403

    def test_another_workspace_finds_nothing(self, charlie: FlaskClient, page: str) -> None:
        for path in ("/comments", "/mention/seen"):
            assert charlie.post(page + path, data={"comment": "x"}).status_code == 404


class TestShowing:
    def test_what_is_hostile_is_text(
        self, api: Api, bob: FlaskClient, page: str, asked: Any
    ) -> None:
        say(api, asked, "<script>alert(1)</script> \u202eevil <b hx-post='/x'>b</b>")
        html = thread_in(bob.get(page).text)
        assert "<script>alert" not in html
        assert "<b hx-post" not in html
        assert "U+202E" in html or "hidden-char" in html

    def test_says_who_and_how_many(self, api: Api, bob: FlaskClient, page: str, asked: Any) -> None:
        assert "No comments" in bob.get(page).text
        for number in range(12):
            say(api, asked, f"number {number}.")
        html = bob.get(page).text
        assert "12 comments" in html
        assert "number 1." not in html
        assert html.index("number 2.") < html.index("number 11.")
        assert "Show 2 earlier comments" in html
        assert "Trader" in thread_in(html)
        assert "number 1." in bob.get(f"{page}?thread=all").text

    def test_a_call_that_failed_can_be_made_again(
        self, app: Flask, alice: FlaskClient, bob: FlaskClient, page: str
    ) -> None:
        bob.post(f"{page}/comments", data={"comment": "Why?", "wake": "1"})
        with app.app_context(), writing():
            failed = {"status": DeliveryStatus.FAILED, "error_message": "It answered 500."}
            db.session.execute(update(Delivery).values(failed))
        words = words_of(thread_in(alice.get(page).text))
        assert "The agent could not be reached: It answered 500." in words
        assert "Deliver again" in words
        assert "Deliver again" not in words_of(thread_in(bob.get(page).text))
        (again,) = re.findall(r'action="([^"]*/redeliver)"', thread_in(alice.get(page).text))
        alice.post(again)
        assert "Calling the agent" in thread_in(bob.get(page).text)

    def test_an_agent_without_an_endpoint_reads_it_later(
        self, api: Api, bob: FlaskClient, cast: Cast
    ) -> None:
        request = ask(api)
        page = f"/w/{cast.alice.workspace_slug}/requests/{request['id']}"
        assert "it has no endpoint, and cannot be called" in thread_in(bob.get(page).text)
        bob.post(f"{page}/comments", data={"comment": "Why?", "wake": "1"})
        assert "it reads this when it next looks" in thread_in(bob.get(page).text)

    def test_of_a_function_says_that_it_is_not_called(
        self, app: Flask, bob: FlaskClient, cast: Cast
    ) -> None:
        with app.app_context():
            request_id = approval_in(cast.alice)[0].request_id
        html = thread_in(bob.get(f"/w/{cast.alice.workspace_slug}/requests/{request_id}").text)
        assert "The function is not called for a comment" in html
        assert "Ask the agent" not in html

    def test_goes_on_at_what_is_asked_instead(
        self, api: Api, bob: FlaskClient, page: str, asked: Any
    ) -> None:
        bob.post(f"{page}/comments", data={"comment": "Five?", "wake": "1"})
        new = made(api.post(f"{PATH}/{asked['id']}/supersede", {"title": "Buy five?"}))
        old, now = (bob.get(each).text for each in (page, page.replace(asked["id"], new["id"])))
        assert "The thread goes on at what is asked now." in thread_in(old)
        assert "Five?" in thread_in(old)
        assert "About an earlier revision" in thread_in(now)
        answer = bob.post(f"{page}/comments", data={"comment": "Six?"})
        assert answer.status_code == 422

    def test_the_history_and_the_list_say_it(
        self, api: Api, bob: FlaskClient, cast: Cast, asked: Any
    ) -> None:
        bob.post(
            f"/w/{cast.alice.workspace_slug}/requests/{asked['id']}/comments",
            data={"comment": "Five?", "wake": "1"},
        )
        session = bob.get(f"/w/{cast.alice.workspace_slug}/sessions/{asked['session_id']}").text
        assert "bob@example.com asked the agent back about “Buy?”." in words_of(session)
        assert "1 comment" in words_of(bob.get(f"/w/{cast.alice.workspace_slug}/inbox").text)


class TestNews:
    def live_of(self, html: str) -> str:
        address: str
        (address,) = re.findall(r'hx-get="([^"]*/live\?[^"]*)"', html)
        return address.replace("&amp;", "&")

    def test_brings_what_is_new_and_leaves_the_box(
        self, api: Api, bob: FlaskClient, page: str, asked: Any
    ) -> None:
        live = self.live_of(bob.get(page).text)
        assert bob.get(live, headers={"HX-Request": "true"}).status_code == 204
        say(api, asked, "Five, then.")
        news = bob.get(live, headers={"HX-Request": "true"}).text
        assert 'hx-swap-oob="innerHTML:#thread-list"' in news
        assert "Five, then." in news
        assert "1 comment" in news
        assert "<textarea" not in news
        assert "send-bar" not in news


class TestWhomToAsk:
    def offered(self, browser: FlaskClient, page: str, typed: str) -> list[str]:
        answer = browser.get(f"{page}/mentionable", query_string={"q": typed})
        members: list[str] = (answer.json or {})["members"]
        return members

    def test_are_members_who_may_read_the_request(
        self, app: Flask, cast: Cast, bob: FlaskClient, alice: FlaskClient, page: str
    ) -> None:
        for typed in ("", "al", "ALICE@", "example"):
            assert self.offered(bob, page, typed) == ["alice@example.com"], typed
        for typed in ("bob", "charlie", "%", "_", "\\", "'", "x" * 5000):
            assert self.offered(bob, page, typed) == [], typed
        names = ["ab@l.example", "ob@l.example", '"><b>\u202e@l.example']
        with app.app_context(), writing():
            workspace_id = cast.alice.workspace_id
            users = [User(email=each, password_hash=None) for each in (*names, "no@l.example")]
            db.session.add_all(users)
            db.session.flush()
            db.session.add_all(
                Membership(user_id=each.id, workspace_id=workspace_id, role=Role.VIEWER)
                for each in users
            )
            users[-1].is_active = False
        assert self.offered(alice, page, "ob") == ["ob@l.example", "bob@example.com"]
        assert self.offered(alice, page, "l.example") == sorted(names)

    def test_is_nobodys_to_know_who_may_not_write_here(
        self, app: Flask, cast: Cast, charlie: FlaskClient, bob: FlaskClient, page: str
    ) -> None:
        assert charlie.get(f"{page}/mentionable").status_code == 404
        with app.app_context(), writing():
            viewer = update(Membership).where(Membership.user_id == cast.bob.id)
            db.session.execute(viewer.values(role=Role.VIEWER))
        assert bob.get(f"{page}/mentionable").status_code == 403


class TestBeingMentioned:
    def test_is_listed_for_them_alone_until_they_have_read_it(
        self, api: Api, bob: FlaskClient, alice: FlaskClient, cast: Cast, page: str, asked: Any
    ) -> None:
        api.post(f"{PATH}/{asked['id']}/resolve", {"response": {"approved": True}})
        decided = f"/w/{cast.alice.workspace_slug}/inbox?view=decided&asks=me"
        assert "Nobody asks you" in bob.get(decided).text
        say(api, asked, "@bob@example.com, was it ten?")
        say(api, asked, "@bob@example.com, or five?")
        assert f'href="{page}?' in bob.get(decided).text
        assert asked["id"] not in alice.get(decided).text
        bob.post(f"{page}/mention/seen")
        assert "Nobody asks you" in bob.get(decided).text

    def test_until_it_was_seen_which_no_get_says(
        self, api: Api, bob: FlaskClient, alice: FlaskClient, page: str, asked: Any
    ) -> None:
        say(api, asked, "@bob@example.com, ten?")
        for _ in range(2):
            html = thread_in(bob.get(page).text)
            assert "You are asked here." in html
            assert "asks-reader" in html
        assert "You are asked here." not in thread_in(alice.get(page).text)
        assert bob.post(f"{page}/mention/seen", headers=HTMX).status_code == 204
        assert "You are asked here." not in thread_in(bob.get(page).text)
        answer = bob.post(f"{page}/mention/seen")
        assert (answer.status_code, answer.location) == (303, page)
