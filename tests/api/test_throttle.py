"""How many keys may be guessed from one address, and how often one key may call."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from opensink_web import clock
from opensink_web.contract.throttle import WRONG_BEARER_RATE
from tests.api.conftest import Api, assert_problem
from tests.conftest import Cast
from tests.runtime.conftest import signed_in
from tests.support.statements import statements

WRONG = {"Authorization": "Bearer osk_wrong"}


def get(client: FlaskClient, headers: dict[str, str], address: str = "192.0.2.1") -> TestResponse:
    environ = {"REMOTE_ADDR": address}
    return client.get("/api/v1/agents", headers=headers, environ_base=environ)


def wrong(number: int) -> dict[str, str]:
    return {"Authorization": f"Bearer osk_{number}"}


@pytest.fixture
def client(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client at an address from which all tries at keys are used up."""
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    client = app.test_client()
    statuses = [get(client, wrong(n)).status_code for n in range(WRONG_BEARER_RATE.count)]
    assert set(statuses) == {401}
    return client


def test_wrong_keys_are_refused_and_it_is_said_for_how_long(client: FlaskClient) -> None:
    for bearer in (WRONG, WRONG, wrong(0), {"X-API-Key": "a.b.c"}):
        answer = get(client, bearer)
        assert_problem(answer, 429, "rate_limited")
        assert answer.headers["Retry-After"] == "1"


def test_a_key_that_exists_is_not_though_it_was_never_used_from_there(
    client: FlaskClient, cast: Cast
) -> None:
    for _ in range(3):
        assert get(client, cast.bob.headers).status_code == 200
        assert get(client, WRONG).status_code == 429


def test_nor_is_a_key_that_is_made_meanwhile(client: FlaskClient, alice: Api) -> None:
    made = alice.post("/api-keys", {"name": "k", "scopes": ["agents:read"]}).json or {}
    assert get(client, {"X-API-Key": made["key"]}).status_code == 200


def test_nor_a_token_that_we_have_signed(app: Flask, client: FlaskClient, cast: Cast) -> None:
    program = signed_in(app, cast.bob)
    token = {"Authorization": f"Bearer {program.tokens['access_token']}"}
    assert get(client, token).status_code == 200
    assert (
        client.post(
            "/auth/refresh",
            json={"refresh_token": program.refresh_token},
            environ_base={"REMOTE_ADDR": "192.0.2.1"},
        ).status_code
        == 200
    )


def test_what_was_right_once_hears_that_it_is_over(
    app: Flask, client: FlaskClient, cast: Cast, alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that is told to wait would not get itself another token."""
    made = alice.post("/api-keys", {"name": "k", "scopes": ["agents:read"]}).json or {}
    alice.delete(f"/api-keys/{made['id']}")
    ended, expired = signed_in(app, cast.bob), signed_in(app, cast.bob)
    ended.logout()
    later = clock.now() + timedelta(minutes=16)
    monkeypatch.setattr(clock, "now", lambda: later)
    for number in range(WRONG_BEARER_RATE.count):
        get(client, wrong(1000 + number))
    for bearer in (made["key"], ended.tokens["access_token"], expired.tokens["access_token"]):
        answer = get(client, {"Authorization": f"Bearer {bearer}"})
        assert_problem(answer, 401, "not_authenticated")


def test_what_was_right_once_is_no_guess(app: Flask, cast: Cast) -> None:
    program, client = signed_in(app, cast.bob), app.test_client()
    program.logout()
    token = {"Authorization": f"Bearer {program.tokens['access_token']}"}
    statuses = [get(client, token).status_code for _ in range(WRONG_BEARER_RATE.count + 1)]
    assert set(statuses) == {401}
    assert get(client, WRONG).status_code == 401


def test_a_guess_that_comes_again_costs_no_look_up(client: FlaskClient, app: Flask) -> None:
    get(client, WRONG)
    with statements(app) as said:
        assert get(client, WRONG).status_code == 429
        assert get(client, {"Authorization": "Bearer a.b.c"}).status_code == 429
    assert said == []


def test_tries_come_back(client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = clock.now() + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert get(client, WRONG).status_code == 401
    assert get(client, WRONG).status_code == 429


def test_a_call_without_a_key_is_no_guess(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    statuses = {get(client, {}).status_code for _ in range(WRONG_BEARER_RATE.count + 1)}
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
