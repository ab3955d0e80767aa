"""Who a call is from: a key in one of two headers, and nothing else."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from opensink_web import clock
from opensink_web.contract import last_use
from opensink_web.models import ApiKey, User, db
from opensink_web.models.transaction import reading, writing
from tests.api.conftest import Api, Apis, assert_problem, key_with, made, make_agent
from tests.conftest import Cast


def test_takes_a_bearer_key(app: Flask, cast: Cast) -> None:
    api = Api(app, {"Authorization": f"Bearer {cast.alice.api_key}"})
    assert api.get("/agents").status_code == 200


def test_takes_the_scheme_in_any_case(app: Flask, cast: Cast) -> None:
    api = Api(app, {"Authorization": f"bearer {cast.alice.api_key}"})
    assert api.get("/agents").status_code == 200


def test_takes_an_x_api_key(app: Flask, cast: Cast) -> None:
    assert Api(app, {"X-API-Key": cast.alice.api_key}).get("/agents").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer osk_unknown"},
        {"Authorization": "Basic YWxpY2U6cGFzcw=="},
        {"X-API-Key": "\xff"},
        {"Cookie": "session=1"},
    ],
)
def test_refuses_whoever_has_no_key(app: Flask, cast: Cast, headers: dict[str, str]) -> None:
    response = Api(app, headers).get("/agents")

    assert_problem(response, 401, "not_authenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_refuses_a_key_that_was_revoked(app: Flask, alice: Api) -> None:
    row = made(alice.post("/api-keys", {"name": "k", "scopes": ["all:all"]}))
    api = Api(app, {"X-API-Key": row["key"]})
    assert api.get("/agents").status_code == 200

    alice.delete(f"/api-keys/{row['id']}")

    assert_problem(api.get("/agents"), 401, "not_authenticated")


def test_refuses_a_key_that_has_expired(
    app: Flask, alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = clock.now()
    body = {
        "name": "k",
        "scopes": ["all:all"],
        "expires_at": f"{moment + timedelta(hours=1):%FT%TZ}",
    }
    api = Api(app, {"X-API-Key": made(alice.post("/api-keys", body))["key"]})
    assert api.get("/agents").status_code == 200

    monkeypatch.setattr(clock, "now", lambda: moment + timedelta(hours=2))

    assert_problem(api.get("/agents"), 401, "not_authenticated")


def test_refuses_the_key_of_somebody_who_was_deactivated(
    app: Flask, cast: Cast, apis: Apis
) -> None:
    with app.app_context(), writing():
        db.session.get_one(User, cast.bob.id).is_active = False

    assert_problem(apis.bob.get("/agents"), 401, "not_authenticated")


def test_a_key_reaches_no_further_than_its_scopes(app: Flask, alice: Api) -> None:
    reader = key_with(alice, app, "agents:read")

    assert reader.get("/agents").status_code == 200
    assert_problem(reader.post("/agents", {"name": "x"}), 403, "permission_missing")
    assert_problem(reader.get("/agent-sessions"), 403, "permission_missing")


def test_a_scope_for_all_is_read_and_write(app: Flask, alice: Api) -> None:
    api = key_with(alice, app, "agents:all")

    assert api.get(f"/agents/{make_agent(api)['id']}").status_code == 200


def test_a_key_reaches_no_further_than_its_owners_role(apis: Apis) -> None:
    assert_problem(apis.bob.post("/agents", {"name": "x"}), 403, "permission_missing")
    assert_problem(apis.bob.get("/api-keys"), 403, "permission_missing")


def test_permission_is_asked_before_existence(apis: Apis) -> None:
    assert_problem(apis.bob.delete("/agents/nonsense"), 403, "permission_missing")


def test_notes_when_a_key_was_used_once_a_minute(
    app: Flask, cast: Cast, alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert last_used_at(app, cast.alice.id) is None
    moment = clock.now()
    for seconds, expected in ((0, 0), (30, 0), (61, 61)):
        at = moment + timedelta(seconds=seconds)
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        assert alice.get("/agents").status_code == 200
        last_use.write_down(app)
        assert last_used_at(app, cast.alice.id) == moment + timedelta(seconds=expected)


def last_used_at(app: Flask, user_id: UUID) -> object:
    with app.app_context(), reading():
        return db.session.scalar(db.select(ApiKey.last_used_at).where(ApiKey.user_id == user_id))
