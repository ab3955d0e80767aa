"""The demo's tests: the real program against the real API, each at a port of this process."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from opensink_web import clock
from opensink_web.demo.settings_file import free_port
from opensink_web.demo.trading_agent import AgentSettings, server_of
from opensink_web.models import Role, User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.demo import SUPERVISED, prepare_demo
from opensink_web.outbound.endpoint_call import signature_headers
from opensink_web.outbound.policy import EndpointPolicy
from tests.conftest import Cast, Person

LOOPBACK = EndpointPolicy.from_entries(("127.0.0.0/8",))


class Desk:
    """The running program, and Alice, who answers it over the API."""

    def __init__(self, settings: AgentSettings, alice: Person) -> None:
        self.settings = settings
        self._alice = alice

    def post(
        self, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        """Call the program as OpenSink does, unless other headers are given."""
        data = b"" if body is None else json.dumps(body).encode()
        if headers is None:
            headers = dict(signature_headers("once", (self.settings.secret,), clock.now(), data))
        url = f"http://127.0.0.1:{self.settings.port}{path}"
        return requests.post(url, data=data, headers=headers, timeout=60)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.settings.base_url}/api/v1/{path}"
        answer = requests.request(method, url, json=body, headers=self._alice.headers, timeout=60)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def messages(self, session_id: str) -> list[str]:
        """Return what the agent logged, oldest first."""
        path = f"agent-session-activities?session_id={session_id}&type=message"
        return [each["message"] for each in reversed(self.api("GET", path)["items"])]


@pytest.fixture
def base_url(app: Flask) -> Iterator[str]:
    """Where the application answers over HTTP."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    with _serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def desk(app: Flask, cast: Cast, base_url: str) -> Iterator[Desk]:
    with app.app_context(), writing():
        owner = principal_of(cast.alice)
        settings = prepare_demo(owner, LOOPBACK, SUPERVISED, base_url=base_url, port=free_port())
    with _serving(server_of(settings)):
        yield Desk(settings, cast.alice)


def principal_of(person: Person) -> Principal:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    return Principal(workspace, db.session.get_one(User, person.id), Role.ADMIN)


@contextmanager
def _serving(server: Any) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
