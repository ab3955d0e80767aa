"""Programs in which people sign in, the cast's keys, functions to execute and who executes them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from opensink_web import clock
from opensink_web.models import Role
from opensink_web.models.transaction import Wakeup, work_committed
from opensink_web.operations.accounts.bearer import mint_execution_token
from opensink_web.operations.accounts.permission import ROLE_PATTERNS
from opensink_web.operations.accounts.permission_pattern import read_pattern
from opensink_web.operations.executions import queueing, staging
from opensink_web.services import EXTENSION, Services
from opensink_web.settings import Settings
from opensink_web.work.capacity import Capacity
from opensink_web.work.dispatcher import Dispatcher
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits
from opensink_web.work.tools import Tools
from tests.api.conftest import Api, alice, apis, key_with
from tests.api.conftest import make_function as make_function_as
from tests.conftest import PASSWORD, Cast, Person
from tests.outbound.conftest import authority
from tests.support.executions import INPUT_SCHEMA, execution
from tests.support.large_batches import Between
from tests.support.real_servers import AgentEndpoint

__all__ = ["alice", "apis", "authority"]

Later: TypeAlias = Callable[[float], None]


@dataclass(frozen=True)
class Program:
    """Calls /auth, and what else there is, with the tokens that it got."""

    app: Flask
    tokens: Any

    @property
    def refresh_token(self) -> str:
        return str(self.tokens["refresh_token"])

    @property
    def api(self) -> Api:
        return bearing(self.app, self.tokens["access_token"])

    def me(self) -> TestResponse:
        return self.api.at("/auth/me", "GET")

    def refresh(self, **more: Any) -> TestResponse:
        return post(self.app, "/auth/refresh", refresh_token=self.refresh_token, **more)

    def refreshed(self) -> "Program":
        return Program(self.app, ok(self.refresh()))

    def rotated(self) -> "Program":
        return Program(self.app, ok(self.refresh(rotate=True)))

    def logout(self) -> TestResponse:
        return post(self.app, "/auth/logout", refresh_token=self.refresh_token)


def bearing(app: Flask, token: str) -> Api:
    return Api(app, {"Authorization": f"Bearer {token}"})


def post(app: Flask, path: str, **body: Any) -> TestResponse:
    return app.test_client().post(path, json=body)


def login(app: Flask, person: Person, **more: Any) -> TestResponse:
    return post(app, "/auth/login", **{"email": person.email, "password": PASSWORD, **more})


def signed_in(app: Flask, person: Person, **more: Any) -> Program:
    return Program(app, ok(login(app, person, **more)))


def ok(response: TestResponse) -> Any:
    assert response.status_code == 200, response.text
    return response.json


def services_of(app: Flask) -> Services:
    wired: Services = app.extensions[EXTENSION]
    return wired


@pytest.fixture
def program(app: Flask, cast: Cast) -> Program:
    """A program in which Bob is signed in."""
    return signed_in(app, cast.bob)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Stop the clock, and let that many seconds pass when it is called."""
    moments = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moments[-1])

    def let_pass(seconds: float) -> None:
        moments.append(moments[-1] + timedelta(seconds=seconds))

    return let_pass


@pytest.fixture
def endpoint() -> Iterator[AgentEndpoint]:
    """What carries a function out."""
    with AgentEndpoint(body=b'{"done": true}') as endpoint:
        yield endpoint


@pytest.fixture
def worker(app: Flask, settings: Settings) -> Iterator[None]:
    """A worker's dispatcher in this process, woken at the commit without a Redis."""
    with Tools(settings, services_of(app).signer) as tools:
        dispatcher = Dispatcher(
            kinds_within(Limits.of(settings)),
            tools,
            Capacity(settings.calls_per_worker, settings.slow_calls_per_worker),
            app.app_context,
            lambda _: None,
        )

        def wake(_sender: object, wakeups: Sequence[Wakeup]) -> None:
            for each in wakeups:
                dispatcher.wake(each)

        dispatcher.start()
        with work_committed.connected_to(wake):
            yield
            dispatcher.stop()
            dispatcher.join()


def make_function(api: Api, endpoint: AgentEndpoint | None = None, **fields: Any) -> Any:
    """Make tests/work, which takes an integer `n`."""
    if endpoint is not None:
        fields["target"] = {"kind": "http", "url": endpoint.url}
    given = {"namespace": "tests", "name": "work", "input_schema": INPUT_SCHEMA, **fields}
    return make_function_as(api, **given)


def executor_key(alice: Api, app: Flask) -> Api:
    """Return a key that can execute functions and do nothing else."""
    return key_with(alice, app, "functions:write")


def own_token(app: Flask, execution_id: UUID) -> Api:
    """Call as an execution does, with its own token."""
    with app.app_context():
        row = execution(execution_id)
    return bearing(app, mint_execution_token(services_of(app).signer, row))


@pytest.fixture
def only_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reviewers see and do what is their own, and nothing else."""
    verbs = ("executions.read", "executions.cancel", "batches.read", "batches.cancel")
    patterns = frozenset(read_pattern(f"sinas.{verb}:own") for verb in verbs)
    monkeypatch.setitem(ROLE_PATTERNS, Role.REVIEWER, patterns)


CALLBACKS_ON_LOOPBACK = {"CALLBACK_URL_HOSTS": "127.0.0.1", "CALLBACK_ALLOW_CIDRS": "127.0.0.0/8"}
REFUSED_CALLBACKS = [
    ("http://127.0.0.1/hook", "https"),
    ("https://elsewhere.example.com/hook", "CALLBACK_URL_HOSTS"),
    ("https://", "host"),
    ("nonsense", "https://"),
]
"""URLs that results may not be sent to with CALLBACKS_ON_LOOPBACK, and a word of the reason."""


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a dozen of a batch be many."""
    monkeypatch.setattr(staging, "ROWS_AT_ONCE", 5)
    monkeypatch.setattr(staging, "_FIRST_SLICE", 5)
    monkeypatch.setattr(queueing, "QUEUED_AT_ONCE", 5)


@pytest.fixture
def between_slices(monkeypatch: pytest.MonkeyPatch) -> Between:
    """Return what has something done once, when the first slice has been written."""

    def install(act: Callable[[], Any]) -> None:
        original = staging._Pace.keep
        slices = 0

        def keep(pace: staging._Pace, seconds: float) -> None:
            nonlocal slices
            slices += 1
            original(pace, seconds)
            if slices == 1:
                act()

        monkeypatch.setattr(staging._Pace, "keep", keep)

    return install
