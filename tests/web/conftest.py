"""The cast, each before a browser of their own and signed in.

Their forms need no token: that every form wants one is tested in tests/architecture.
"""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web import clock
from tests.conftest import PASSWORD, Cast, Person
from tests.support.second_factor_cases import Later, Phone, phone_of


def browser_of(app: Flask, person: Person, client: FlaskClient | None = None) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    client = client or app.test_client()
    answer = client.post("/sign-in", data={"email": person.email, "password": PASSWORD})
    assert answer.status_code == 303
    return client


@pytest.fixture
def alice(app: Flask, cast: Cast) -> FlaskClient:
    return browser_of(app, cast.alice)


@pytest.fixture
def bob(app: Flask, cast: Cast) -> FlaskClient:
    return browser_of(app, cast.bob)


@pytest.fixture
def charlie(app: Flask, cast: Cast) -> FlaskClient:
    return browser_of(app, cast.charlie)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Set the clock so many seconds later than it is."""

    def shift(seconds: float) -> None:
        moment = clock.now() + timedelta(seconds=seconds)
        monkeypatch.setattr(clock, "now", lambda: moment)

    shift(0)  # no step ends in the middle of a test
    return shift


@pytest.fixture
def phone(app: Flask, cast: Cast, later: Later) -> Phone:
    made = phone_of(app, cast.bob)
    later(60)  # the code that confirmed it counts no more
    return made
