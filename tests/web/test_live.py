"""Pages that are open learn at once what has changed, and no thread waits for it."""

import json
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPResponse
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.factory import create_app
from opensink_web.http_server.limits import Limits
from opensink_web.models import Role, User, Workspace, db
from opensink_web.models.transaction import Area, changed_after_commit, writing
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.user import change_role, deactivate_member
from opensink_web.operations.accounts.workspace import principal_in
from opensink_web.operations.requests.queries import count_waiting
from opensink_web.settings import Settings
from opensink_web.web import live as page
from opensink_web.work import changes
from tests.api.conftest import Api, ask
from tests.conftest import Cast, Person
from tests.support.real_servers import wait_until
from tests.support.running_server import RunningServer, response, running
from tests.web.conftest import browser_of

pytestmark = pytest.mark.server

LIMITS = Limits(threads=2)


@pytest.fixture
def environment(environment: dict[str, str], redis_url: str) -> dict[str, str]:
    return environment | {"REDIS_URL": redis_url}


@pytest.fixture
def server(app: Flask) -> Iterator[RunningServer]:
    with running(app, LIMITS) as server:
        yield server


class Viewer:
    """A page that is open: it has a connection of its own, and asks again and again."""

    def __init__(self, client: FlaskClient, slug: str) -> None:
        self._slug = slug
        cookie = client.get_cookie("opensink_session")
        assert cookie is not None
        self._headers = {"Cookie": f"opensink_session={cookie.value}", "HX-Request": "true"}
        self.since = 0

    def ask(self, server: RunningServer, *areas: str) -> socket.socket:
        query = "".join(f"&area={area}" for area in areas)
        return server.send(f"/w/{self._slug}/live?since={self.since}{query}", self._headers)

    def answer(self, connection: socket.socket) -> Any:
        answer = response(connection)
        assert answer.status == 200
        news = json.loads(answer.read())
        self.since = news["since"]
        return news

    def catch_up(self, server: RunningServer, *areas: str) -> socket.socket:
        """Ask until the answer is held, since nothing is new; return the connection."""
        while True:
            before = server.server.held_count
            connection = self.ask(server, *areas)
            while server.server.held_count == before and not is_answered(connection, seconds=0.01):
                pass
            if not is_answered(connection, seconds=0):
                return connection
            self.answer(connection)


def is_answered(connection: socket.socket, *, seconds: float = 60) -> bool:
    return bool(select.select([connection], [], [], seconds)[0])


def viewer_of(app: Flask, person: Person) -> Viewer:
    return Viewer(browser_of(app, person), person.workspace_slug)


def change(app: Flask, person: Person, area: Area = Area.REQUESTS) -> None:
    with app.app_context(), writing():
        changed_after_commit(person.workspace_id, area)


def test_a_new_request_is_told_to_all_who_look_at_once(
    app: Flask, cast: Cast, server: RunningServer
) -> None:
    viewers = [viewer_of(app, cast.bob)] * 8 + [viewer_of(app, cast.alice)] * 8
    held = [(viewer, viewer.catch_up(server)) for viewer in viewers]
    ask(Api(app, cast.alice.headers))
    for viewer, connection in held:
        news = viewer.answer(connection)
        assert news["waiting"] == "1"
        assert news["areas"] == ["requests"]


def test_nobody_learns_of_another_workspace(app: Flask, cast: Cast, server: RunningServer) -> None:
    alice, charlie = viewer_of(app, cast.alice), viewer_of(app, cast.charlie)
    of_alice, of_charlie = alice.catch_up(server), charlie.catch_up(server)
    change(app, cast.alice)
    assert is_answered(of_alice)
    assert not is_answered(of_charlie, seconds=0.5)
    answer = response(Viewer(browser_of(app, cast.charlie), cast.alice.workspace_slug).ask(server))
    assert answer.status == 404


def test_only_what_a_page_shows_is_told(app: Flask, cast: Cast, server: RunningServer) -> None:
    inbox, sessions = viewer_of(app, cast.alice), viewer_of(app, cast.alice)
    of_inbox, of_sessions = inbox.catch_up(server), sessions.catch_up(server, "sessions")
    change(app, cast.alice, Area.SESSIONS)
    assert sessions.answer(of_sessions)["areas"] == ["sessions"]
    assert not is_answered(of_inbox, seconds=0.5)


def test_what_changes_between_two_questions_is_told(
    app: Flask, cast: Cast, server: RunningServer
) -> None:
    alice = viewer_of(app, cast.alice)
    alice.catch_up(server, "deliveries").close()
    for _ in range(3):
        change(app, cast.alice, Area.DELIVERIES)
        time.sleep(0.2)
        assert alice.answer(alice.ask(server, "deliveries"))["areas"] == ["deliveries"]


def test_two_servers_know_the_same_moments(
    app: Flask, cast: Cast, server: RunningServer, settings: Settings
) -> None:
    alice = viewer_of(app, cast.alice)
    with running(create_app(settings), LIMITS) as other:
        alice.catch_up(other).close()
        alice.catch_up(server).close()
        change(app, cast.alice)
        alice.answer(alice.ask(server))
        held = alice.ask(other)
        assert not is_answered(held, seconds=0.5), "which would never end"
        change(app, cast.alice)
        assert alice.answer(held)["areas"] == ["requests"]


def test_a_server_that_has_just_begun_says_that_everything_may_have_changed(
    app: Flask, cast: Cast, server: RunningServer, settings: Settings
) -> None:
    alice = viewer_of(app, cast.alice)
    alice.catch_up(server).close()
    with running(create_app(settings), LIMITS) as anew:
        news = alice.answer(alice.ask(anew, "executions"))
        assert news["areas"] == ["executions", "members", "requests"]


def test_whoever_is_signed_out_meanwhile_is_led_to_the_sign_in(
    app: Flask, cast: Cast, server: RunningServer
) -> None:
    client = browser_of(app, cast.bob)
    held = Viewer(client, cast.bob.workspace_slug).catch_up(server)
    client.post("/sign-out")
    answer = response(held)
    assert answer.status == 204
    assert answer.headers["HX-Redirect"].startswith("/sign-in")


def test_whoever_is_shut_out_meanwhile_learns_nothing_more(
    app: Flask, cast: Cast, server: RunningServer
) -> None:
    held = viewer_of(app, cast.bob).catch_up(server)
    with app.app_context(), writing():
        alice = db.session.get_one(User, cast.alice.id)
        principal: Principal = principal_in(cast.alice.workspace_slug, alice)
        deactivate_member(principal, cast.bob.id)
    answer: HTTPResponse = response(held)
    assert answer.status in {204, 404}
    assert b"waiting" not in answer.read()


def test_many_who_wait_take_no_thread(app: Flask, cast: Cast, server: RunningServer) -> None:
    viewer = viewer_of(app, cast.alice)
    viewer.catch_up(server).close()
    held = [viewer.ask(server) for _ in range(100)]
    wait_until(lambda: server.server.held_count >= 100)
    Api(app, cast.alice.headers).read("/agents")
    assert response(server.send("/healthz", {})).status == 200
    change(app, cast.alice)
    assert all(is_answered(connection) for connection in held)


def test_whoever_may_do_less_from_now_on_learns_so(
    app: Flask, cast: Cast, server: RunningServer
) -> None:
    bob = viewer_of(app, cast.bob)
    held = bob.catch_up(server)
    with app.app_context(), writing():
        alice = db.session.get_one(User, cast.alice.id)
        change_role(principal_in(cast.alice.workspace_slug, alice), cast.bob.id, Role.VIEWER)
    assert bob.answer(held)["areas"] == ["members"]


def test_a_server_that_holds_no_more_answers_at_once_that_nothing_is_new(
    app: Flask, cast: Cast
) -> None:
    with running(app, replace(LIMITS, connections=4)) as small:
        viewer = viewer_of(app, cast.alice)
        held = [viewer.catch_up(small), viewer.catch_up(small)]
        assert viewer.answer(viewer.ask(small))["areas"] == []
        assert not any(is_answered(each, seconds=0.1) for each in held)


def test_without_redis_pages_look_by_themselves(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "BLIND_SECONDS", 1.0)
    alone = create_app(replace(settings, redis_url="unix:///nowhere.sock"))
    viewer = viewer_of(alone, cast.alice)
    with running(alone, LIMITS) as server:
        for _ in range(3):
            assert viewer.answer(viewer.ask(server))["areas"] == ["members", "requests"]


def test_a_page_says_up_to_when_it_knows_before_it_reads(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "page_moment", lambda: 1234)
    text = browser_of(app, cast.alice).get(f"/w/{cast.alice.workspace_slug}/inbox").text
    assert 'data-since="1234"' in text


def test_the_count_is_read_once_for_all_who_look(
    app: Flask, cast: Cast, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[Workspace] = []

    def count(workspace: Workspace) -> int:
        counted.append(workspace)
        return count_waiting(workspace)

    monkeypatch.setattr(page, "count_waiting", count)
    viewer = viewer_of(app, cast.alice)
    held = [viewer.catch_up(server) for _ in range(30)]
    counted.clear()
    change(app, cast.alice)
    assert all(is_answered(connection) for connection in held)
    assert len(counted) <= LIMITS.threads


def test_members_of_every_role_may_ask(app: Flask, cast: Cast, server: RunningServer) -> None:
    with app.app_context(), writing():
        user = db.session.get_one(User, cast.bob.id)
        user.memberships[0].role = Role.VIEWER
    viewer = viewer_of(app, cast.bob)
    assert viewer.answer(viewer.ask(server))["waiting"] == ""
