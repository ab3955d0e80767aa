"""The cast, each before a browser of their own and signed in.

Their forms need no token: that every form wants one is tested in tests/architecture. What they send
to the page of a request says what they have seen, as if they had just opened it, unless the test
says something else.
"""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web import clock
from opensink_web.models import InputRequest, db
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.web.requests.input_request import SEEN
from tests.conftest import PASSWORD, Cast, Person
from tests.support.second_factor_cases import Later, Phone, phone_of

_REQUEST = re.compile(r"/w/[^/]+/requests/([0-9a-f-]{36})(\?|$)")


class Reviewer(FlaskClient):
    """Sends with a form the digest that the page has in it."""

    def post(self, *args: Any, **kwargs: Any) -> Any:
        page, data = _REQUEST.match(str(args[0])), kwargs.get("data") or {}
        if page is not None and "json" not in kwargs and SEEN not in data:
            with self.application.app_context():
                request = db.session.get(InputRequest, UUID(page[1]))
                seen = digest_of_request(request) if request is not None else ""
            kwargs["data"] = {**data, SEEN: seen}
        return super().post(*args, **kwargs)


def browser_of(app: Flask, person: Person, client: FlaskClient | None = None) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    app.test_client_class = Reviewer
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
