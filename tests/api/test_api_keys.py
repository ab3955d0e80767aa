"""/api-keys: made, shown once, revoked."""

from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import Api, Apis, assert_problem, key_with, made, wrong_paths
from tests.conftest import Cast

BODY = {"name": "Trader", "scopes": ["agents:read", "agents:read"]}


def test_shows_the_key_once(cast: Cast, alice: Api) -> None:
    row = made(alice.post("/api-keys", BODY))
    key = row.pop("key")

    assert key.startswith(row["prefix"])
    assert row["user_id"] == str(cast.alice.id)
    assert row["scopes"] == ["agents:read"]
    assert row["expires_at"] is row["last_used_at"] is None
    assert alice.read(f"/api-keys/{row['id']}") == row
    assert key not in alice.get("/api-keys").text


def test_keeps_an_expiry_in_utc(alice: Api) -> None:
    row = made(alice.post("/api-keys", {**BODY, "expires_at": "2999-01-01T01:00:00+01:00"}))
    assert row["expires_at"] == "2999-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": ""}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["agents:read", "everything"]}, "/scopes/1"),
        ({"scopes": "all:all"}, "/scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2999-01-01T00:00:00"}, "/expires_at"),
        ({"expires_at": 32503680000}, "/expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-01:00"}, "/expires_at"),
        ({"expires_at": "soon"}, "/expires_at"),
        ({"scope": "all:all"}, "/scope"),
    ],
)
def test_refuses_a_bad_body(alice: Api, fields: dict[str, Any], path: str) -> None:
    assert wrong_paths(alice.post("/api-keys", BODY | fields)) == [path]


@pytest.mark.parametrize("scope", ["all:all", "agents:write", "agents:all", "sinks:read"])
def test_a_key_makes_none_that_reaches_further(app: Flask, alice: Api, scope: str) -> None:
    narrow = key_with(alice, app, "api_keys:write", "agents:read")
    response = narrow.post("/api-keys", {"name": "wide", "scopes": [scope]})

    assert_problem(response, 403, "permission_missing")
    assert narrow.post("/api-keys", BODY).status_code == 201


MAKER = {"scopes": ["api_keys:write", "agents:read"], "expires_at": "2999-01-01T00:00:00Z"}


def make_key(app: Flask, api: Api, **fields: Any) -> tuple[Any, Api]:
    """Make a key; return what is known of it, and the API called with it."""
    row = made(api.post("/api-keys", BODY | fields))
    return row, Api(app, {"X-API-Key": row["key"]})


@pytest.mark.parametrize(
    "fields", [{}, {"expires_at": None}, {"expires_at": "2999-01-01T01:00:00+01:00"}]
)
def test_a_key_made_with_another_expires_with_it(
    app: Flask, alice: Api, fields: dict[str, Any]
) -> None:
    _, maker = make_key(app, alice, **MAKER)
    assert make_key(app, maker, **fields)[0]["expires_at"] == MAKER["expires_at"]


def test_a_key_made_with_another_may_expire_sooner_and_not_later(app: Flask, alice: Api) -> None:
    _, maker = make_key(app, alice, **MAKER)
    sooner, later = "2998-12-31T23:59:59Z", "2999-01-01T00:00:01Z"

    assert make_key(app, maker, expires_at=sooner)[0]["expires_at"] == sooner
    assert wrong_paths(maker.post("/api-keys", BODY | {"expires_at": later})) == ["/expires_at"]


def test_a_key_is_revoked_with_the_one_it_was_made_with(app: Flask, alice: Api) -> None:
    first, maker = make_key(app, alice, **MAKER)
    _, child = make_key(app, maker, scopes=MAKER["scopes"])
    last, grandchild = make_key(app, child)
    _, other = make_key(app, alice)
    assert grandchild.get("/agents").status_code == 200

    assert alice.delete(f"/api-keys/{first['id']}").status_code == 204

    for api in (maker, child, grandchild):
        assert_problem(api.get("/agents"), 401, "not_authenticated")
    assert_problem(alice.get(f"/api-keys/{last['id']}"), 404, "not_found")
    assert other.get("/agents").status_code == 200


def test_lists_keys_that_open_something(alice: Api) -> None:
    row = made(alice.post("/api-keys", BODY))
    before = alice.read("/api-keys")
    alice.delete(f"/api-keys/{row['id']}")
    after = alice.read("/api-keys")

    assert [item["id"] for item in before["items"][1:]] == [item["id"] for item in after["items"]]
    assert before["items"][0]["id"] == row["id"]
    assert_problem(alice.get(f"/api-keys/{row['id']}"), 404, "not_found")


def test_another_workspace_sees_and_revokes_nothing(app: Flask, alice: Api, apis: Apis) -> None:
    row = made(alice.post("/api-keys", BODY))
    path = f"/api-keys/{row['id']}"

    assert_problem(apis.charlie.get(path), 404, "not_found")
    assert_problem(apis.charlie.delete(path), 404, "not_found")
    assert Api(app, {"X-API-Key": row["key"]}).get("/agents").status_code == 200
