"""Programs in which people sign in, and the cast's keys as the API's own tests have them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from opensink_web import clock
from opensink_web.services import EXTENSION, Services
from tests.api.conftest import Api, alice, apis
from tests.conftest import PASSWORD, Cast, Person

__all__ = ["alice", "apis"]

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

    def refresh(self) -> TestResponse:
        return post(self.app, "/auth/refresh", refresh_token=self.refresh_token)

    def refreshed(self) -> "Program":
        return Program(self.app, ok(self.refresh()))

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
