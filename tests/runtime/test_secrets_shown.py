"""Secrets over the API and on pages: told to the programs that work with them, and to no person."""

import base64
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.json_value import JSONObject, dump
from opensink_web.models import Function, db
from opensink_web.models.transaction import writing
from opensink_web.operations.executions.outcome import checked
from opensink_web.operations.executions.rerun import RerunOrder, check_execution, rerun_execution
from opensink_web.operations.executions.submission import Options, check_input, submit
from opensink_web.outbound.outcome import Failure, Output
from opensink_web.schema.secrets import HIDDEN
from tests.api.conftest import Api, Apis, ask, key_with, make_agent, question, start_session
from tests.conftest import Cast
from tests.runtime.conftest import ok, own_token, signed_in
from tests.support.executions import claim_some, execution, finish_all, make_function, principal_of
from tests.support.pause_scenarios import approval_in
from tests.web.conftest import browser_of

IN, OUT, TOKEN = "s3cr3t-input", "s3cr3t-output", "t0k3n"
INPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"card": {"type": "string", "writeOnly": True}, "n": {"type": "integer"}},
}
OUTPUT_SCHEMA: dict[str, Any] = {"properties": {"pin": {"format": "password"}}}
INPUT: JSONObject = {"card": IN, "n": 1}
URL = f"https://user:{TOKEN}@app.example.com/done?job={TOKEN}&{TOKEN}"
SHOWN_URL = "https://••••@app.example.com/done?job=••••&••••"
PAGES = "/w/main/executions"


@dataclass(frozen=True)
class Ended:
    """Executions that have ended, one well and one badly, and their function."""

    function_id: UUID
    completed: UUID
    failed: UUID


@pytest.fixture
def ended(app: Flask, cast: Cast) -> Ended:
    with app.app_context():
        function_id = make_function(
            cast.alice, input_schema=INPUT_SCHEMA, output_schema=OUTPUT_SCHEMA
        )
        with writing():
            function = db.session.get_one(Function, function_id)
            options = Options(callback_url=URL)
            checked_input = check_input(function, INPUT)
            completed = submit(principal_of(cast.alice), function, checked_input, options)
        for claim in claim_some(function_id):
            finish_all([claim], checked(claim, Output({"pin": OUT, "ok": True})))
        with writing():
            function = db.session.get_one(Function, function_id)
            failed = submit(principal_of(cast.alice), function, checked_input, options)
        finish_all(claim_some(function_id), Failure(f"The card {IN} is not valid."))
        return Ended(function_id, completed, failed)


def forget_schema(app: Flask, ended: Ended) -> None:
    with app.app_context(), writing():
        function = db.session.get_one(Function, ended.function_id)
        function.input_schema, function.output_schema = {"type": "object"}, None


def keep(_app: Flask, _ended: Ended) -> None:
    """Leave the function as it was."""


def delete_function(app: Flask, ended: Ended) -> None:
    with app.app_context(), writing():
        db.session.delete(db.session.get_one(Function, ended.function_id))


CHANGES = pytest.mark.parametrize("change", [keep, forget_schema, delete_function])


def texts_of(api: Api, ended: Ended) -> str:
    """Return everything that the API says of both executions."""
    found = [api.at("/executions", "GET")]
    for each in (ended.completed, ended.failed):
        found.append(api.at(f"/executions/{each}", "GET"))
        found.append(api.at(f"/executions/{each}/steps", "GET"))
    assert {each.status_code for each in found} == {200}
    return "".join(each.text for each in found)


def is_hidden(text: str) -> bool:
    return not any(secret in text for secret in (IN, OUT, TOKEN))


@CHANGES
@pytest.mark.parametrize("caller", ["sign-in", "viewer's key", "key that only reads"])
def test_people_are_not_told(
    app: Flask, cast: Cast, apis: Apis, ended: Ended, change: Any, caller: str
) -> None:
    change(app, ended)
    api = {
        "sign-in": lambda: signed_in(app, cast.alice).api,
        "viewer's key": lambda: apis.bob,
        "key that only reads": lambda: key_with(apis.alice, app, "executions:read"),
    }[caller]()

    assert is_hidden(texts_of(api, ended))
    completed = ok(api.at(f"/executions/{ended.completed}", "GET"))
    assert completed["input_data"] == {"card": HIDDEN, "n": 1}
    assert completed["output_data"] == {"pin": HIDDEN, "ok": True}
    assert completed["callback_url"] == SHOWN_URL
    failed = ok(api.at(f"/executions/{ended.failed}", "GET"))
    assert failed["error"] == f"The card {HIDDEN} is not valid."


@CHANGES
def test_no_page_shows_them(app: Flask, cast: Cast, ended: Ended, change: Any) -> None:
    change(app, ended)
    for browser in (browser_of(app, cast.alice), browser_of(app, cast.bob)):
        for each in (ended.completed, ended.failed):
            for ending in ("", "/input.json", "/output.json"):
                page = browser.get(f"{PAGES}/{each}{ending}")
                assert page.status_code in {200, 404}
                assert is_hidden(page.text), ending
        assert is_hidden(browser.get(PAGES).text)


def test_the_key_that_may_execute_the_function_is_told(
    app: Flask, apis: Apis, ended: Ended
) -> None:
    key = key_with(apis.alice, app, "functions:write", "executions:read")
    for api in (apis.alice, key):
        completed = ok(api.at(f"/executions/{ended.completed}", "GET"))
        assert completed["input_data"] == INPUT
        assert completed["output_data"] == {"pin": OUT, "ok": True}
        assert completed["callback_url"] == URL
        failed = ok(api.at(f"/executions/{ended.failed}", "GET"))
        assert failed["error"] == f"The card {IN} is not valid."


def test_an_error_tells_no_secret_however_it_spells_it(app: Flask, cast: Cast, apis: Apis) -> None:
    secret = 'pä"ss/wörd\\ 1'
    spellings = (
        json.dumps({"card": secret}),
        dump({"card": secret}),
        repr({"card": secret}),
        quote(secret),
        quote_plus(secret),
        base64.b64encode(secret.encode()).decode(),
    )
    with app.app_context():
        function_id = make_function(cast.alice, input_schema=INPUT_SCHEMA)
        with writing():
            function = db.session.get_one(Function, function_id)
            checked_input = check_input(function, {"card": secret})
            failed = submit(principal_of(cast.alice), function, checked_input, Options())
        finish_all(claim_some(function_id), Failure("Not valid: " + " or ".join(spellings)))

    error = ok(apis.bob.at(f"/executions/{failed}", "GET"))["error"]
    assert error == (
        f'Not valid: {{"card": "{HIDDEN}"}} or {{"card":"{HIDDEN}"}} or {{\'card\': \'{HIDDEN}\'}}'
        f" or {HIDDEN} or {HIDDEN} or {HIDDEN}"
    )


def test_the_executions_own_token_is_told(app: Flask, ended: Ended) -> None:
    told = ok(own_token(app, ended.completed).at(f"/executions/{ended.completed}", "GET"))
    assert told["input_data"] == INPUT


def test_run_again_under_another_schema_they_stay_hidden(
    app: Flask, cast: Cast, apis: Apis, ended: Ended
) -> None:
    forget_schema(app, ended)
    with app.app_context(), writing():
        order = RerunOrder(known_count=0, with_callbacks=False, size_max=10)
        alice = principal_of(cast.alice)
        checked_input = check_execution(alice, ended.failed, order)
        again = rerun_execution(alice, ended.failed, checked_input, order)

    assert ok(apis.bob.at(f"/executions/{again}", "GET"))["input_data"]["card"] == HIDDEN
    with app.app_context():
        assert execution(again).input_data == INPUT, "the function gets it"


def test_an_input_that_was_edited_before_it_was_approved_hides_its_own(
    app: Flask, cast: Cast, apis: Apis
) -> None:
    with app.app_context():
        (asked,) = approval_in(cast.alice)
    path = f"/agent-session-input-requests/{asked.request_id}"
    answer = {"response": {"amount": 7, "token": IN}}

    resolved = ok(apis.bob.post(f"{path}/resolve", answer))

    assert resolved["response"] == {"amount": 7, "token": HIDDEN}
    told = ok(apis.bob.at(f"/executions/{asked.execution_id}", "GET"))
    assert told["input_data"] == {"amount": 7, "token": HIDDEN}
    assert apis.alice.read(path)["response"] == {"amount": 7, "token": IN}


class TestWhatAnAgentAsked:
    """The answer to a question with a secret in it, and what its schema proposes."""

    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"pin": {"type": "string", "writeOnly": True, "default": TOKEN}},
    }

    @pytest.fixture
    def path(self, apis: Apis) -> str:
        asked = ask(apis.alice, schema=self.schema)
        path = f"/agent-session-input-requests/{asked['id']}"
        ok(apis.bob.post(f"{path}/resolve", {"response": {"pin": IN}}))
        return path

    def test_is_told_to_the_agents_key(self, app: Flask, apis: Apis, path: str) -> None:
        key = key_with(apis.alice, app, "agent_sessions:write", "agent_session_input_requests:read")
        for api in (apis.alice, key):
            assert api.read(path)["response"] == {"pin": IN}
            assert api.read(path)["schema"] == self.schema

    def test_is_told_to_no_person(self, app: Flask, cast: Cast, apis: Apis, path: str) -> None:
        narrow = key_with(apis.alice, app, "agent_session_input_requests:all")
        for api in (apis.bob, narrow, signed_in(app, cast.alice).api):
            told = api.read(path)
            assert told["response"] == {"pin": HIDDEN}
            assert told["schema"]["properties"]["pin"]["default"] == HIDDEN
            assert is_hidden(api.get("/agent-session-input-requests").text)

    def test_is_not_heard_by_repeating_what_a_key_has_sent(
        self, app: Flask, cast: Cast, apis: Apis
    ) -> None:
        session = start_session(apis.alice, make_agent(apis.alice)["id"])
        body = question(session, schema=self.schema)
        for api in (apis.alice, signed_in(app, cast.alice).api):
            once = {"Idempotency-Key": "once"}
            answer = api.post("/agent-session-input-requests", body, once)
            assert "Idempotent-Replayed" not in answer.headers


def test_a_functions_schema_is_shown_without_what_it_proposes(apis: Apis, app: Flask) -> None:
    schema = {"type": "object", "properties": {"a": {"format": "password", "default": IN}}}
    body = {"namespace": "a", "name": "b", "input_schema": schema}
    body["target"] = {"kind": "python", "entry_point": "x"}
    apis.alice.post("/functions", body)

    assert is_hidden(apis.bob.get("/functions/a/b").text)
    assert apis.alice.read("/functions/a/b")["input_schema"] == schema


def test_an_execution_that_is_waited_for_hides_its_output_from_a_person(
    app: Flask, cast: Cast, apis: Apis, worker: None, endpoint: Any
) -> None:
    endpoint.body = b'{"pin": "s3cr3t-output"}'
    body = {"namespace": "a", "name": "b", "output_schema": OUTPUT_SCHEMA}
    body["target"] = {"kind": "http", "url": endpoint.url, "method": "POST"}
    apis.alice.post("/functions", body)
    path = "/functions/a/b/execute"

    person = ok(signed_in(app, cast.alice).api.at(path, "POST", {"input": {}}))
    assert person["result"] == {"pin": HIDDEN}
    assert ok(apis.alice.at(path, "POST", {"input": {}}))["result"] == {"pin": OUT}
