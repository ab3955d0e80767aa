"""The web server with our application: how much of a body it reads, and what it says of more."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from socket import socket
from typing import Any

import pytest
from flask import Flask

from opensink_web.cli import web_server
from opensink_web.cli.web_server import body_limit, is_patient
from opensink_web.contract import live
from opensink_web.factory import ROUTES
from opensink_web.http_server.limits import Limits
from opensink_web.models.transaction import Area
from opensink_web.services import EXTENSION
from opensink_web.settings import Settings
from tests.api.conftest import NOWHERE
from tests.conftest import Cast
from tests.support.running_server import RunningServer, response, running

MAX_BYTES = 2000
BATCH_BYTES = 9000
BATCH = "/functions/tests/work/execute/batch"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    limits = {"MAX_BODY_BYTES": str(MAX_BYTES), "MAX_BATCH_BODY_BYTES": str(BATCH_BYTES)}
    return environment | limits


@pytest.fixture
def server(app: Flask, settings: Settings) -> Iterator[RunningServer]:
    limit = body_limit(ROUTES, settings)
    with running(app, Limits(threads=2), body_limit=limit) as started:
        yield started


def post(server: RunningServer, cast: Cast, path: str, size: int, *, chunked: bool) -> Any:
    """Send a JSON body of a size; return the status and the content type."""
    body = b'{"a": "' + b"x" * (size - 9) + b'"}'
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in cast.alice.headers.items())
    if not chunked:
        return server.connect(f"{head}Content-Length: {size}\r\n\r\n".encode() + body)
    parts = [body[begin : begin + 700] for begin in range(0, size, 700)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])
    return server.connect(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks)


@pytest.mark.parametrize("chunked", [False, True])
class TestABody:
    @pytest.mark.parametrize(
        ("path", "size", "status"),
        [
            ("/api/v1/agents", MAX_BYTES, 400),  # it says nothing of an agent
            ("/api/v1/agents", MAX_BYTES + 1, 413),
            ("/api/v1/agents", 100 * MAX_BYTES, 413),
            ("/functions/tests/work/execute", MAX_BYTES + 1, 413),
            (BATCH, MAX_BYTES + 1, 422),
            (BATCH, BATCH_BYTES, 422),
            (BATCH, BATCH_BYTES + 1, 413),
            (BATCH.replace("batch", "b%61tch"), BATCH_BYTES, 422),
            (f"/api/v1/agents/{NOWHERE}", MAX_BYTES + 1, 405),
        ],
    )
    def test_is_taken_up_to_the_limit_of_its_route(
        self, server: RunningServer, cast: Cast, path: str, size: int, status: int, chunked: bool
    ) -> None:
        answer = response(post(server, cast, path, size, chunked=chunked))
        assert answer.status == status
        assert answer.getheader("Content-Type") == "application/json"
        assert b'"code":' in answer.read()

    def test_of_a_form_is_refused_with_a_page(
        self, server: RunningServer, cast: Cast, chunked: bool
    ) -> None:
        answer = response(post(server, cast, "/sign-in", MAX_BYTES + 1, chunked=chunked))
        assert answer.status == 413
        assert "text/html" in (answer.getheader("Content-Type") or "")


def test_what_open_pages_ask_for_by_themselves_can_wait() -> None:
    by_themselves = (
        b"/w/main/live?since=1&area=requests",
        b"/below/w/main/live?since=1",
        b"/w/main/inbox?version=a&since=none",
        b"/w/main/executions/1?view=x&version=a",
    )
    clicked = (b"/w/main/inbox", b"/w/main/inbox?order=newest", b"/api/v1/agents?version=1", b"/")
    assert all(is_patient(target) for target in by_themselves)
    assert not any(is_patient(target) for target in clicked)


def test_it_listens_for_changes_before_the_first_page_is_drawn(
    app: Flask, cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the first page of each visitor would be told that everything may have changed."""
    followers: list[object] = []

    class Feed:
        def follow(self, listener: object) -> None:
            followers.append(listener)

    class NoServer:
        def __init__(self, *_given: object, **_named: object) -> None:
            pass

        def run(self) -> None:
            pass

    monkeypatch.setattr(web_server, "Server", NoServer)
    services = replace(app.extensions[EXTENSION], changes=Feed())
    monkeypatch.setitem(app.extensions, EXTENSION, services)
    known = live.Live(app)
    monkeypatch.setitem(app.extensions, "opensink-live", known)
    with socket() as listener:
        web_server.serve(app, ROUTES, settings, listener)
    drawn = time.time_ns() // 1_000_000 + 1
    assert known.news(cast.alice.workspace_id, set(Area), drawn).areas == frozenset()
    assert followers == [known]


def test_nothing_is_loaded_before_the_server_forks_whose_threads_would_not_come_with_it() -> None:
    """The minifier is Go: after a fork it answers one at a time at best, and then no more."""
    asked = "import sys, opensink_web.cli.web, opensink_web.factory; print('minify' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True, text=True)
    assert told.stdout == "False\n"
