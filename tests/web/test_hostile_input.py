"""Every form and every body with what nobody means to send: refused or taken, never a failure.

On both databases, because PostgreSQL refuses what SQLite keeps: NUL, and texts too long.
"""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.api.openapi import ROUTES
from tests.api.conftest import Api
from tests.conftest import Cast
from tests.scenarios import ENDPOINT, Waiting, ask_in

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]

TEXTS = ("\0", "a\0b", "😀" * 256, "a" * 5000, "²", "9" * 5000, "nan", "1e400", "9999-12-31", "[")
VALUES: tuple[Any, ...] = (None, True, -1, 10**300, 1e308, "", "😀" * 256, "a" * 5000, [], {}, [[]])
FORMS = {
    "/w/main/admin/agents/new": {
        "name": "A",
        "namespace": "default",
        "description": "",
        "slug": "",
    },
    "/w/main/admin/agents/{agent}/edit": {"name": "A", "namespace": "default", "slug": "a"},
    "/w/main/admin/agents/{agent}/endpoint": {
        "method": "POST",
        "url": "http://127.0.0.1:9/",
        "headers-0-name": "X-A",
        "headers-0-value": "1",
        "body": "{}",
        "timeout_seconds": "3",
        "max_attempts": "1",
        "initial_seconds": "10",
        "max_seconds": "3600",
    },
    "/w/main/admin/api-keys/new": {
        "name": "k",
        "reach": "chosen",
        "scopes": "agents:read",
        "expiry": "date",
        "expires_at": "2090-01-01",
    },
    "/w/main/admin/members": {"role": "viewer", "email": "new@example.com"},
    "/w/main/admin/workspace": {"name": "Main"},
    "/w/main/requests/{request}": {"answer": "", "answer-0": "on", "_add": "", "_remove": ""},
}
BODIES: dict[str, dict[str, Any]] = {
    "create_agent": {"name": "A", "description": "", "namespace": "default", "slug": "new"}
    | {"execution_endpoint": {"url": "http://127.0.0.1:9/"}},
    "update_agent": {"name": "A", "description": "", "namespace": "default", "slug": "new"},
    "start_session": {"agent_id": "{agent}", "status": "running", "state": {}, "metadata": {}},
    "update_session": {"status": "running", "state": {}, "metadata": {}, "error_message": ""},
    "ask": {"session_id": "{session}", "agent_id": "{agent}", "key": "k", "title": "t"}
    | {"message": "", "schema": {}},
    "resolve": {"response": {"approved": 1}},
    "add_activity": {"session_id": "{session}", "agent_id": "{agent}", "type": "message"}
    | {"source": "agent", "message": "", "related_entity_id": "", "links": []},
    "create_key": {"name": "k", "scopes": ["all:all"], "expires_at": "2090-01-01T00:00:00Z"},
    "redeliver": {},
}


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


def filled_in(text: str, waiting: Waiting) -> str:
    for name, its_id in (
        ("agent", waiting.agent_id),
        ("session", waiting.session_id),
        ("request", waiting.request_id),
    ):
        text = text.replace(f"{{{name}}}", str(its_id)).replace(f"{{{name}_id}}", str(its_id))
    return text


@pytest.mark.parametrize("path", FORMS)
def test_no_text_in_a_form_is_a_failure(alice: FlaskClient, waiting: Waiting, path: str) -> None:
    fields = FORMS[path]
    place = filled_in(path, waiting)
    changed = [fields | {name: text} for name in fields for text in TEXTS]
    missing = [{other: fields[other] for other in fields if other != name} for name in fields]
    answers = [alice.post(place, data=data) for data in [*changed, *missing, {}]]
    assert {answer.status_code for answer in answers} <= {200, 201, 303, 400, 409, 422}


@pytest.mark.parametrize("path", FORMS)
def test_no_file_and_no_json_in_place_of_a_form_is_a_failure(
    alice: FlaskClient, waiting: Waiting, path: str
) -> None:
    place = filled_in(path, waiting)
    for name in FORMS[path]:
        data = FORMS[path] | {name: (BytesIO(b"x"), "x.txt")}
        assert alice.post(place, data=data).status_code < 500
        assert alice.post(place, json={name: 1}).status_code < 500
    assert alice.post(place, json=[]).status_code < 500


@pytest.mark.parametrize("name", BODIES)
def test_no_value_in_a_body_is_a_failure(
    app: Flask, cast: Cast, waiting: Waiting, name: str
) -> None:
    api = Api(app, cast.alice.headers)
    route = next(route for route in ROUTES if route.name == name)
    path = filled_in(route.path, waiting).replace("{delivery_id}", str(waiting.agent_id))
    body = {
        key: filled_in(value, waiting) if isinstance(value, str) else value
        for key, value in BODIES[name].items()
    }
    bodies: list[Any] = [body | {key: value} for key in body for value in VALUES]
    for each in [*bodies, [], 1, "a", {"unknown": 1}]:
        answer = api(route.method, path, each)
        assert answer.status_code < 500, (each, answer.text)
        if answer.status_code >= 400:
            assert answer.json is not None
            assert answer.json["code"], each


def test_every_body_is_tried() -> None:
    with_body = {route.name for route in ROUTES if route.method in {"POST", "PATCH"}}
    assert with_body == set(BODIES)
