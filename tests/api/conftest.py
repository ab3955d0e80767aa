"""The API as a client sees it: JSON over HTTP, with somebody's key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from opensink_web import json_value
from opensink_web.models import Delivery, db
from opensink_web.models.transaction import reading
from tests.conftest import Cast, Person

APPROVAL = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}, "limit": {"type": "integer", "minimum": 1}},
    "required": ["approved"],
}
NOWHERE = "019a0000-0000-7000-8000-000000000000"
"""An id that nothing has."""


class Api:
    """Calls /api/v1 as one person."""

    def __init__(self, app: Flask, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = dict(headers)

    def __call__(
        self, method: str, path: str, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        return self.at("/api/v1" + path, method, json, headers)

    def at(
        self, address: str, method: str, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        """Call an address outside /api/v1 too."""
        all_headers = {**self._headers, **(headers or {})}
        if json is not None:
            all_headers["Content-Type"] = "application/json"
        # not the client's `json`, which sorts keys; and a client of its own, for threads
        return self._app.test_client().open(
            address,
            method=method,
            data=None if json is None else json_value.dump(json),
            headers=all_headers,
        )

    def get(self, path: str) -> TestResponse:
        return self("GET", path)

    def read(self, path: str) -> Any:
        """Return what is there."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        return response.json

    def post(self, path: str, json: Any, headers: Mapping[str, str] | None = None) -> TestResponse:
        return self("POST", path, json, headers)

    def put(self, path: str, json: Any) -> TestResponse:
        return self("PUT", path, json)

    def patch(self, path: str, json: Any) -> TestResponse:
        return self("PATCH", path, json)

    def delete(self, path: str) -> TestResponse:
        return self("DELETE", path)


@dataclass(frozen=True)
class Apis:
    """The cast's keys, and nobody's."""

    alice: Api
    bob: Api
    charlie: Api
    nobody: Api


@pytest.fixture
def apis(app: Flask, cast: Cast) -> Apis:
    return Apis(
        alice=Api(app, cast.alice.headers),
        bob=Api(app, cast.bob.headers),
        charlie=Api(app, cast.charlie.headers),
        nobody=Api(app, {}),
    )


@pytest.fixture
def alice(apis: Apis) -> Api:
    return apis.alice


def made(response: TestResponse) -> Any:
    """Return what was made, or fail with what was answered instead."""
    assert response.status_code == 201, response.text
    return response.json


def make_agent(api: Api, name: str = "Trader", **fields: Any) -> Any:
    return made(api.post("/agents", {"name": name, **fields}))


PYTHON = {"kind": "python", "entry_point": "resize"}


def make_function(api: Api, name: str = "resize", **fields: Any) -> Any:
    body = {"namespace": "images", "name": name, "target": PYTHON, **fields}
    return made(api.post("/functions", body))


def start_session(api: Api, agent_id: str, **fields: Any) -> Any:
    return made(api.post("/agent-sessions", {"agent_id": agent_id, **fields}))


def question(session: Any, **fields: Any) -> dict[str, Any]:
    """The body of a request in a session."""
    return {
        "session_id": session["id"],
        "agent_id": session["agent_id"],
        "key": "buy",
        "title": "Buy?",
        "message": "Ten of them.",
        "schema": APPROVAL,
        **fields,
    }


def ask(api: Api, **fields: Any) -> Any:
    """Make an agent, begin a session, ask in it."""
    session = start_session(api, make_agent(api)["id"])
    return made(api.post("/agent-session-input-requests", question(session, **fields)))


def key_with(api: Api, app: Flask, *scopes: str) -> Api:
    """Make a key that reaches this far, and call with it."""
    key = made(api.post("/api-keys", {"name": "narrow", "scopes": list(scopes)}))["key"]
    return Api(app, {"X-API-Key": key})


def assert_problem(response: TestResponse, status: int, code: str) -> Any:
    """Check that this is the one error body, and return it."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/json"
    problem: Any = response.json
    assert set(problem) <= {"error", "detail", "code", "errors"}
    assert problem["error"] == problem["detail"]
    assert problem["error"]
    assert problem["code"] == code
    for each in problem.get("errors", []):
        assert set(each) == {"path", "message"}
        assert each["message"].endswith(".")
    return problem


def wrong_paths(response: TestResponse, code: str = "invalid_request") -> list[str]:
    """Check that this is a validation failure and return where."""
    return [each["path"] for each in assert_problem(response, 400, code)["errors"]]


def delivery_of(app: Flask, person: Person) -> UUID:
    """Return the id of the newest delivery in somebody's workspace."""
    with app.app_context(), reading():
        query = (
            select(Delivery.id)
            .where(Delivery.workspace_id == person.workspace_id)
            .order_by(Delivery.id.desc())
            .limit(1)
        )
        return db.session.scalars(query).one()
