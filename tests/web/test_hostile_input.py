"""Every form and every body with what nobody means to send: refused or taken, never a failure.

What reaches a database is tried on both: PostgreSQL refuses NUL and texts too long, SQLite numbers
of more than 64 bits.
"""

import re
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from opensink_web.contract.route import Route
from opensink_web.factory import ROUTES
from tests.api.conftest import Api
from tests.conftest import Cast
from tests.support.scenarios import ENDPOINT, Waiting, ask_in
from tests.support.valid_bodies import valid_body

pytestmark = pytest.mark.server

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
    "/w/main/admin/roles/new": {"name": "r", "description": "", "permissions": "sinas.*:all"},
    "/w/main/admin/workspace": {"name": "Main"},
    "/w/main/requests/{request}": {"answer": "", "answer-0": "on", "_add": "", "_remove": ""},
}
WRITING = [route for route in ROUTES if not route.reads_only]


# one test for all forms and one for all bodies: a new database for each would cost more than these
def newly_waiting(app: Flask, cast: Cast) -> Waiting:
    """Have Alice asked something, so that what is tried now finds nothing spoilt."""
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    return newly_waiting(app, cast)


def filled_in(text: str, waiting: Waiting) -> str:
    for name, its_id in (
        ("agent", waiting.agent_id),
        ("session", waiting.session_id),
        ("request", waiting.request_id),
    ):
        text = text.replace(f"{{{name}}}", str(its_id)).replace(f"{{{name}_id}}", str(its_id))
    # whatever else there is has an id or a name that nothing has
    text = re.sub(r"{\w+_id}", str(waiting.agent_id), text)
    return re.sub(r"{\w+}", "nowhere", text)


@pytest.mark.usefixtures("on_each_database")
def test_no_text_in_a_form_is_a_failure(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    for path, fields in FORMS.items():
        place = filled_in(path, newly_waiting(app, cast))
        changed = [fields | {name: text} for name in fields for text in TEXTS]
        missing = [{other: fields[other] for other in fields if other != name} for name in fields]
        for data in [*changed, *missing, {}]:
            answer = alice.post(place, data=data)
            assert answer.status_code in {200, 201, 303, 400, 409, 422}, (path, data)


@pytest.mark.usefixtures("on_each_database")
def test_no_file_and_no_json_in_place_of_a_form_is_a_failure(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    for path, fields in FORMS.items():
        place = filled_in(path, newly_waiting(app, cast))
        for name in fields:
            data = fields | {name: (BytesIO(b"x"), "x.txt")}
            assert alice.post(place, data=data).status_code < 500, (path, name)
            assert alice.post(place, json={name: 1}).status_code < 500, (path, name)
        assert alice.post(place, json=[]).status_code < 500, path


@pytest.mark.usefixtures("on_each_database")
def test_no_value_in_a_body_is_a_failure(app: Flask, cast: Cast) -> None:
    api = Api(app, cast.alice.headers)
    for route in WRITING:
        waiting = newly_waiting(app, cast)
        for body in bodies_for(route, waiting):
            answer = api.at(filled_in(route.address, waiting), route.method, body)
            assert answer.status_code < 500, (route.name, body, answer.text)
            if answer.status_code >= 400:
                assert answer.json is not None
                assert answer.json["code"], (route.name, body)


def bodies_for(route: Route, waiting: Waiting) -> list[Any]:
    """Return a route's body with each value in the place of each field, and what is no body."""
    ids = {"agent_id": str(waiting.agent_id), "session_id": str(waiting.session_id)}
    body = valid_body(route, ids) if route.takes_body else {}
    bodies = [body | {key: value} for key in body for value in VALUES]
    return [*bodies, body, [], 1, "a", {"unknown": 1}]


RAW_BODIES = {
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
    "1e400": b'{"name": 1e400}',
    "5,000 digits": b'{"name": ' + b"9" * 5_000 + b"}",
    "a key twice": b'{"name": "a", "name": "b"}',
    "no UTF-8": b'{"name": "\xff"}',
    "a byte order mark": b'\xef\xbb\xbf{"name": "a"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "half a surrogate pair": b'{"name": "\\ud800"}',
    "NUL in a text": b'{"name": "a\\u0000"}',
    "NUL in a key": b'{"a\\u0000": 1}',
    "NUL": b"\0",
    "nothing": b"",
    "a space": b" ",
    "a list": b"[]",
    "a text": b'"a"',
    "NaN": b'{"name": NaN}',
    "something after the end": b'{"name": "a"}x',
    "gzip": b"\x1f\x8b\x08\x00\x00\x00",
}
QUERIES = ("%00=1", "%ff=1", "a=1&" * 2_000, "=", "[]=1")
"""What no route takes, or any."""
NUMBERS = ("%ff", "9" * 5_000, "-1", "1e3", "1.5", "99999999999999999999", "%D9%A1")
VALUES_OF_PARAMETERS = {
    **dict.fromkeys(("$limit", "limit", "skip", "offset", "wait"), NUMBERS),
    "$trail": ("%ff", "_" * 22),
}
"""Besides those for every parameter that a route takes."""
PARAMETER_VALUES = ("%00", "%ED%A0%80", "%F0%9F%98%80", "x", "")
IDS = ("x", "%00", "..", "a%2fb", "%ff", "{{{0}}}", "urn:uuid:{0}", "-" * 36, "{0}%0a", " ")
IDEMPOTENCY_KEYS = ("", " ", "a" * 256, "é", "a\tb", "\x7f")


def assert_refused(answer: TestResponse) -> None:
    assert answer.status_code in {400, 404, 405, 413, 415, 422}, answer.text
    assert answer.json is not None
    assert answer.json["code"]


def test_no_bytes_for_a_body_are_a_failure(app: Flask, cast: Cast, waiting: Waiting) -> None:
    headers = cast.alice.headers | {"Content-Type": "application/json"}
    routes = [route for route in ROUTES if route.takes_body]
    for route in routes:
        path = filled_in(route.address, waiting)
        for name, body in (RAW_BODIES | {"too much": b" " * (1024 * 1024 + 1)}).items():
            answer = app.test_client().open(path, method=route.method, data=body, headers=headers)
            assert_refused(answer)
            too_much = name == "too much" and not route.takes_batch
            assert (answer.status_code == 413) == too_much, name


def queries_for(route: Route) -> list[str]:
    names = [field.alias or name for name, field in route.query.model_fields.items()]
    return [
        *QUERIES,
        *(
            f"{name}={value}"
            for name in names
            for value in (*PARAMETER_VALUES, *VALUES_OF_PARAMETERS.get(name, ()))
        ),
    ]


@pytest.mark.usefixtures("on_each_database")
def test_no_query_id_or_header_is_a_failure(app: Flask, cast: Cast, waiting: Waiting) -> None:
    api = Api(app, cast.alice.headers)
    for route in ROUTES:
        body: Any = None if route.reads_only else {}
        for query in queries_for(route):
            address = f"{filled_in(route.address, waiting)}?{query}"
            answer = api.at(address, route.method, body)
            assert answer.status_code < 500, (route.name, query)
        if route.id_names:
            for text in IDS:
                address = re.sub(r"{\w+}", text.format(waiting.agent_id), route.address)
                assert_refused(api.at(address, route.method, body))
    for key in IDEMPOTENCY_KEYS:
        assert_refused(api("POST", "/agents", {"name": "A"}, {"Idempotency-Key": key}))
