"""The cast, each before a browser of their own and signed in.

Their forms need no token: that every form wants one is tested in tests/architecture.
"""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import PASSWORD, Cast, Person


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
