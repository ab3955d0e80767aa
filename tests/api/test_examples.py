"""The examples of the document work: every one is sent, and its answer is as the document says.

Each route declares a request (`example=`, opensink_web/contract/example.py); what that names, such
as `{agent_id}`, tests/support/example_cast.py makes beforehand. What is answered stands in
opensink_web/contract/recorded/, written by `python -m tests.examples`.
"""

import os
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from sqlalchemy import func
from werkzeug.test import TestResponse

from opensink_web import clock
from opensink_web.contract.call import IDEMPOTENCY_HEADER, REPLAYED_HEADER
from opensink_web.contract.example import recorded
from opensink_web.contract.openapi import openapi_document, sent_headers
from opensink_web.contract.route import Route
from opensink_web.factory import ROUTES
from opensink_web.models import db
from opensink_web.models.transaction import reading
from opensink_web.operations.sinks.secret import SECRET_HEADER
from tests.api.conftest import Api, Apis
from tests.conftest import Cast
from tests.support import recorded_examples
from tests.support.cases import for_each
from tests.support.example_cast import Stage

RECORD = os.environ.get("RECORD_EXAMPLES", "").split(",")


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Let codes be sent to addresses."""
    return environment | {"SMTP_HOST": "127.0.0.1", "SMTP_FROM": "sink@example.com"}


@cache
def document() -> Any:
    return openapi_document(ROUTES)


def operation_of(route: Route) -> Any:
    return document()["paths"][route.address][route.method.lower()]


def errors_in(value: Any, schema: Any) -> list[str]:
    """Tell where a value is not as a schema of the document says."""
    whole = {**schema, "components": document()["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [
        f"/{'/'.join(map(str, e.instance_path))}: {e.message}" for e in validator.iter_errors(value)
    ]


def send(stage: Stage, route: Route) -> TestResponse:
    """Send an example; a POST twice, of which the second does nothing and is answered the same."""
    path, body = stage.prepared(route)
    headers = {name: stage.filled(value) for name, value in sent_headers(route).items()}
    api = Api(stage.app, {}) if SECRET_HEADER in headers else stage.api
    first = api.at(path, route.method, body, headers)
    if IDEMPOTENCY_HEADER not in headers:
        return first
    rows = rows_of(stage.app)
    again = api.at(path, route.method, body, headers)
    assert (again.status_code, again.headers.get(REPLAYED_HEADER)) == (route.status, "true")
    shown_once = route.answer.shown_once if route.answer is not None else frozenset()
    answer: Any = first.json
    assert again.json == (answer | dict.fromkeys(shown_once) if shown_once else answer)
    assert rows_of(stage.app) == rows
    return first


def rows_of(app: Flask) -> dict[str, int]:
    """Count the rows of each table."""
    count = func.count().select()
    with app.app_context(), reading():
        tables = db.metadata.tables
        return {name: db.session.scalar(count.select_from(tables[name])) or 0 for name in tables}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_an_example_works_and_is_answered_as_the_document_shows(
    app: Flask, cast: Cast, apis: Apis, monkeypatch: pytest.MonkeyPatch, route: Route
) -> None:
    stage = Stage(app, cast, apis.alice, monkeypatch)
    began = clock.now()
    response = send(stage, route)
    assert response.status_code == route.status, response.text
    if route.answer is None:
        assert not response.data
        return
    success = operation_of(route)["responses"][str(route.status)]
    schema = success["content"]["application/json"]["schema"]
    assert errors_in(response.json, schema) == []
    kept = recorded(route.resource).get(route.name)
    differs = kept is None or has_another_shape(kept, response.json, schema)
    if route.name in RECORD or (differs and "changed" in RECORD):
        recorded_examples.record(route, response.json, stage, began)
    else:
        assert not differs, f"Record it: python -m tests.examples {route.name}"


def test_every_example_is_valid_in_the_document() -> None:
    def check(route: Route) -> None:
        operation = operation_of(route)
        places = list(operation["parameters"])
        if route.takes_body:
            places.append(operation["requestBody"]["content"]["application/json"])
        places += operation["responses"][str(route.status)].get("content", {}).values()
        examples = [each for each in places if "example" in each]
        assert examples
        for each in examples:
            assert errors_in(each["example"], each["schema"]) == []

    for_each(ROUTES, check)


def test_nothing_is_recorded_of_a_route_that_is_gone() -> None:
    kept = {
        (file.stem, name)
        for file in recorded_examples.FOLDER.iterdir()
        for name in recorded(file.stem)
    }
    assert kept - {(route.resource, route.name) for route in ROUTES} == set()


def has_another_shape(kept: Any, answer: Any, schema: Any) -> bool:
    """Return True if one has fields that the other has not, where the document names them."""
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema or "oneOf" in schema:
        branches = schema.get("anyOf", schema.get("oneOf"))
        fitting = [each for each in branches if not errors_in(answer, each)]
        return all(has_another_shape(kept, answer, each) for each in fitting)
    if isinstance(kept, dict) and isinstance(answer, dict) and "properties" in schema:
        return kept.keys() != answer.keys() or any(
            has_another_shape(kept[name], answer[name], each)
            for name, each in schema["properties"].items()
            if name in kept
        )
    if isinstance(kept, list) and isinstance(answer, list) and kept and answer:
        return has_another_shape(kept[0], answer[0], schema.get("items", {}))
    return False
