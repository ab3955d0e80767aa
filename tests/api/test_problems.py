"""The one error body, whatever went wrong, with no value in it that was sent."""

import logging

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from opensink_web.models import db
from tests.api.conftest import Api, Apis, assert_problem, make_agent, wrong_paths
from tests.conftest import Cast


def send(
    app: Flask, cast: Cast, data: bytes | str, content_type: str | None = "application/json"
) -> TestResponse:
    return app.test_client().post(
        "/api/v1/agents", data=data, content_type=content_type, headers=cast.alice.headers
    )


@pytest.mark.parametrize("path", ["", "/nothing", "/agents/", "/agents/a/b", "/%00", "/../.."])
def test_there_is_nothing_at_an_unrouted_path(alice: Api, path: str) -> None:
    assert_problem(alice.get(path), 404, "not_found")


def test_other_paths_under_the_prefix_answer_json_too(app: Flask) -> None:
    assert_problem(app.test_client().get("/api/v2"), 404, "not_found")


def test_a_wrong_method_says_which_are_right(apis: Apis) -> None:
    response = apis.nobody("PUT", "/agents")

    assert_problem(response, 405, "method_not_allowed")
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_has_to_be_declared_as_json(
    app: Flask, cast: Cast, content_type: str | None
) -> None:
    assert_problem(send(app, cast, '{"name": "x"}', content_type), 415, "not_json")


def test_a_kind_of_json_is_json(app: Flask, cast: Cast) -> None:
    assert send(app, cast, '{"name": "x"}', "application/merge-patch+json").status_code == 201


def test_a_missing_body_is_not_json(app: Flask, cast: Cast) -> None:
    assert_problem(send(app, cast, "", None), 415, "not_json")


def test_a_body_has_a_size_limit(app: Flask, cast: Cast) -> None:
    data = '{"name": "x", "description": "%s"}' % ("x" * 1024 * 1024)
    assert_problem(send(app, cast, data), 413, "body_too_large")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"name": NaN}',
        b'{"name": 1e999}',
        b'{"name": "a", "name": "b"}',
        b'{"name": "\\u0000"}',
        b'{"name": "\\ud800"}',
        b'{"name": "x", "description": ' + b"[" * 65 + b"]" * 65 + b"}",
        b"[" * 100_000,
    ],
    ids=lambda data: data[:20].decode("latin-1"),
)
def test_doubtful_json_is_refused(app: Flask, cast: Cast, data: bytes) -> None:
    assert_problem(send(app, cast, data), 400, "invalid_request")


@pytest.mark.parametrize("data", ["[]", "5", "null", '"text"'])
def test_a_body_is_an_object(app: Flask, cast: Cast, data: str) -> None:
    assert wrong_paths(send(app, cast, data)) == [""]


def test_says_everything_that_is_wrong_at_once(alice: Api) -> None:
    body = {
        "naem": "x",
        "description": 5,
        "execution_endpoint": {"method": "FETCH", "timeout_seconds": "5", "a/b~c": 1},
    }

    assert set(wrong_paths(alice.post("/agents", body))) == {
        "/name",
        "/naem",
        "/description",
        "/execution_endpoint/url",
        "/execution_endpoint/method",
        "/execution_endpoint/timeout_seconds",
        "/execution_endpoint/a~1b~0c",
    }


def test_speaks_in_friendly_sentences(alice: Api) -> None:
    problem = assert_problem(alice.post("/agents", {"nmae": 1}), 400, "invalid_request")

    assert problem["errors"] == [
        {"path": "/name", "message": "This field is required."},
        {"path": "/nmae", "message": "Unknown field."},
    ]


def test_repeats_no_value_that_was_sent(alice: Api) -> None:
    secret = "hunter2-hunter2"
    responses = [
        alice.post("/agents", {"name": [secret], "description": {"a": secret}}),
        alice.post("/agents", {"name": "x", "execution_endpoint": {"url": secret}}),
        alice.post("/agents", {"name": "x", "slug": f"{secret} {secret}"}),
        alice.post("/agent-sessions", {"agent_id": secret, "status": secret}),
        alice.get(f"/agent-sessions?agent_id={secret}&status={secret}&$limit={secret}"),
        alice.get(f"/agents?$trail={secret}"),
        alice.get(f"/agents/{secret}"),
    ]

    for response in responses:
        assert response.status_code in {400, 404}
        assert secret not in response.text


@pytest.mark.parametrize("verb", ["DELETE", "POST"])
def test_an_unasked_for_body_is_refused_unless_it_is_empty(alice: Api, verb: str) -> None:
    path = f"/agents/{make_agent(alice)['id']}"
    path, status = (
        (path, 204) if verb == "DELETE" else ("/deliveries/" + path[8:] + "/redeliver", 404)
    )

    assert wrong_paths(alice(verb, path, json={"force": True})) == ["/force"]
    assert alice(verb, path, json={}).status_code == status


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=5", "/limit"),
        ("$limit=0", "/$limit"),
        ("$limit=101", "/$limit"),
        ("$limit=1_0", "/$limit"),
        ("$limit=ten", "/$limit"),
        ("$limit=", "/$limit"),
        ("$limit=5&$limit=6", "/$limit"),
        ("$trail=nonsense", "/$trail"),
        ("$trail=%00", "/$trail"),
        ("$trail=%C3%A9", "/$trail"),
    ],
)
def test_a_bad_parameter_is_named(alice: Api, query: str, path: str) -> None:
    assert wrong_paths(alice.get(f"/agents?{query}")) == [path]


def test_what_nobody_expected_is_logged_and_not_told(
    alice: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(db.session, "scalars", lambda *_: 1 / 0)

    with caplog.at_level(logging.ERROR, "opensink.api"):
        response = alice.get("/agents")

    assert_problem(response, 500, "internal_error")
    assert "ZeroDivisionError" in caplog.text
    assert "division" not in response.text


def test_a_database_that_is_away_is_worth_another_try(
    alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("statement", {}, Exception("database is locked"))

    monkeypatch.setattr(db.session, "flush", fail)
    response = alice.post("/agents", {"name": "x"})

    assert_problem(response, 503, "unavailable")
    assert response.headers["Retry-After"] == "1"
