"""How many keys may be guessed from one address, and how often one key may call."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from opensink_web import clock
from opensink_web.contract.gate import WRONG_KEY_RATE
from tests.api.conftest import Api, assert_problem
from tests.conftest import Cast

WRONG = {"Authorization": "Bearer osk_wrong"}


def get(client: FlaskClient, headers: dict[str, str], address: str = "192.0.2.1") -> TestResponse:
    environ = {"REMOTE_ADDR": address}
    return client.get("/api/v1/agents", headers=headers, environ_base=environ)


@pytest.fixture
def client(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client at an address from which all tries at keys are used up, but for Alice's."""
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    client = app.test_client()
    assert get(client, cast.alice.headers).status_code == 200
    statuses = [get(client, WRONG).status_code for _ in range(WRONG_KEY_RATE.count)]
    assert set(statuses) == {401}
    return client


def test_wrong_keys_are_refused_and_it_is_said_for_how_long(client: FlaskClient) -> None:
    answer = get(client, WRONG)
    assert_problem(answer, 429, "rate_limited")
    assert answer.headers["Retry-After"] == "1"


def test_so_is_a_key_that_was_never_used_from_there(client: FlaskClient, cast: Cast) -> None:
    assert get(client, cast.bob.headers).status_code == 429
    assert get(client, cast.bob.headers, "192.0.2.2").status_code == 200


def test_a_neighbour_whose_key_was_right_before_goes_on(client: FlaskClient, cast: Cast) -> None:
    assert get(client, cast.alice.headers).status_code == 200


def test_tries_come_back(client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = clock.now() + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert get(client, WRONG).status_code == 401
    assert get(client, WRONG).status_code == 429


def test_a_call_without_a_key_is_no_guess(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    statuses = {get(client, {}).status_code for _ in range(WRONG_KEY_RATE.count + 1)}
    assert statuses == {401}


class TestOneKey:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"API_REQUESTS_PER_MINUTE": "3"}

    def test_calls_only_so_often(
        self, app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        moment = clock.now()
        monkeypatch.setattr(clock, "now", lambda: moment)
        alice, bob = Api(app, cast.alice.headers), Api(app, cast.bob.headers)
        assert [alice.get("/agents").status_code for _ in range(3)] == [200] * 3
        answer = alice.get("/agents")
        assert_problem(answer, 429, "rate_limited")
        assert answer.headers["Retry-After"] == "20"
        assert bob.get("/agents").status_code == 200, "others' keys are theirs"
