"""Whoever writes keeps others waiting: what takes long is done before. Whoever reads does not."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.contract import call, last_use
from opensink_web.json_value import JSONValue, dump
from opensink_web.message_template.renderer import TemplateRenderer
from opensink_web.models import ApiKey, Execution, Function, Role, db, transaction
from opensink_web.models.transaction import end_reading, reading, writing
from opensink_web.operations.accounts import credential
from opensink_web.operations.accounts.invitation import invite
from opensink_web.operations.accounts.workspace import first_workspace
from opensink_web.operations.executions.submission import check_input
from opensink_web.outbound.outcome import Pending
from opensink_web.schema import limits, validation
from tests.api.conftest import (
    APPROVAL,
    Api,
    assert_problem,
    made,
    make_agent,
    make_function,
)
from tests.api.conftest import ask as ask_as
from tests.conftest import PASSWORD, Cast, Person
from tests.runtime.conftest import login, own_token
from tests.support.executions import INPUT_SCHEMA, claim_some, finish_all
from tests.support.executions import make_function as make_function_in
from tests.support.pause_scenarios import paused_in
from tests.support.statements import statements, writes_in
from tests.web.conftest import browser_of

EXECUTE = "/functions/images/resize/execute"
NEW_PASSWORD = "some other battery staple"


class Watch:
    """Counts what takes long by its name, and notes what was done while others could not write."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.done: Counter[str] = Counter()
        self.keeping_others_waiting: list[str] = []

    def over(self, place: Any, name: str) -> None:
        original = getattr(place, name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            self.done[name] += 1
            if transaction._writes.get():
                self.keeping_others_waiting.append(name)
            return original(*args, **kwargs)

        self._monkeypatch.setattr(place, name, watched)


@pytest.fixture
def watch(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Watch:
    del app, cast  # they are made before anybody watches
    watch = Watch(monkeypatch)
    watch.over(validation.Checker, "errors_of")
    watch.over(limits, "_check_patterns")
    watch.over(call, "canonical")
    watch.over(credential, "hash_password")
    watch.over(credential, "password_matches")
    watch.over(TemplateRenderer, "check")
    watch.over(TemplateRenderer, "render")
    return watch


def ok(answer: Any) -> Any:
    assert answer.status_code < 400, answer.text
    return answer.json


def test_functions_are_checked_before(alice: Api, watch: Watch) -> None:
    make_function(alice, input_schema=INPUT_SCHEMA, output_schema=APPROVAL)
    ok(alice.patch("/functions/images/resize", {"input_schema": APPROVAL}))
    whole = {"target": {"kind": "python", "entry_point": "x"}, "input_schema": APPROVAL}
    ok(alice.put("/functions/images/resize", whole))
    assert watch.done["_check_patterns"] == 4
    assert watch.keeping_others_waiting == []


def test_inputs_and_outputs_are_checked_before(app: Flask, alice: Api, watch: Watch) -> None:
    function = make_function(alice, input_schema=INPUT_SCHEMA, output_schema=APPROVAL)
    ok(alice.at(f"{EXECUTE}/async", "POST", {"input": {"n": 1}}, {"Idempotency-Key": "a"}))
    ok(alice.at(f"{EXECUTE}/batch", "POST", {"inputs": [{"n": 1}, {"n": 2}]}))
    with app.app_context():
        (claim, *_) = claims = claim_some(UUID(function["id"]))
        finish_all(claims, Pending())
    ok(own_token(app, claim.id).at(f"/executions/{claim.id}/complete", "POST", {"output": {}}))
    assert (watch.done["errors_of"], watch.done["canonical"]) == (4, 1)
    assert watch.keeping_others_waiting == []


def test_first_messages_are_checked_and_filled_in_before(
    app: Flask, cast: Cast, alice: Api, watch: Watch
) -> None:
    first: JSONValue = [{"role": "system", "content": "Speak {{ language }}."}]
    endpoint = {"url": "http://127.0.0.1:9/"}
    agent = make_agent(
        alice, namespace="desk", slug="clerk", initial_messages=first, execution_endpoint=endpoint
    )
    ok(alice.patch(f"/agents/{agent['id']}", {"initial_messages": first}))
    page = f"/w/{cast.alice.workspace_slug}/admin/agents"
    typed = {"name": "A", "namespace": "desk", "slug": "clerk", "first_messages": dump(first)}
    browser = browser_of(app, cast.alice)
    ok(browser.post(f"{page}/new", data=typed | {"slug": "other"}))
    ok(browser.post(f"{page}/{agent['id']}/edit", data=typed))
    inputs = [{"message": "Hello", "input_variables": {"language": "French"}}]
    ok(alice.at("/agents/desk/clerk/chats/batch", "POST", {"inputs": inputs}))
    assert (watch.done["check"], watch.done["render"]) == (4, 1)
    assert watch.keeping_others_waiting == []


def test_nothing_is_filled_in_where_others_wait_to_write(app: Flask, cast: Cast) -> None:
    del cast
    with app.app_context(), writing(), pytest.raises(RuntimeError, match="others would wait"):
        end_reading()


def test_questions_and_answers_are_checked_before(
    app: Flask, cast: Cast, alice: Api, watch: Watch
) -> None:
    asked = ask_as(alice)
    resolve = f"/agent-session-input-requests/{asked['id']}/resolve"
    ok(alice.post(resolve, {"response": {"approved": True}}))
    with app.app_context():
        waiting = paused_in(cast.alice)
    path = f"/executions/{waiting.execution_id}/continue"
    ok(alice.at(path, "POST", {"input": {"approved": True}}))
    assert watch.done["_check_patterns"] >= 1
    assert watch.done["errors_of"] >= 2
    assert watch.keeping_others_waiting == []


def test_what_is_answered_and_executed_on_pages_is_checked_before(
    app: Flask, cast: Cast, watch: Watch
) -> None:
    alice = browser_of(app, cast.alice)
    with app.app_context():
        waiting = paused_in(cast.alice)
        make_function_in(cast.alice)
    page = f"/w/{cast.alice.workspace_slug}"
    assert alice.post(f"{page}/requests/{waiting.request_id}", data={"f": "1"}).status_code in {
        303,
        422,
    }
    assert alice.post(f"{page}/functions/tests/work/try", data={}).status_code in {303, 422}
    assert watch.done["errors_of"] >= 2
    assert watch.keeping_others_waiting == []


def test_passwords_are_hashed_before(app: Flask, cast: Cast, watch: Watch) -> None:
    ok(login(app, cast.bob))
    alice = browser_of(app, cast.alice)
    change = {"current": PASSWORD, "password": NEW_PASSWORD, "repeated": NEW_PASSWORD}
    alice.post("/account/password", data=change)
    with app.app_context(), writing():
        token = invite(first_workspace(), role=Role.VIEWER, email=None, by=None)
    account = {"email": "dora@example.com", "password": NEW_PASSWORD, "repeated": NEW_PASSWORD}
    app.test_client().post(f"/sign-up/{token}", data=account)
    assert watch.done["hash_password"] == 2
    assert watch.keeping_others_waiting == []


def test_a_schema_that_changed_since_the_check_takes_nothing(
    app: Flask, alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_function(alice, input_schema=INPUT_SCHEMA)

    def check_and_lose(function: Function, value: Any) -> Any:
        checked = check_input(function, value)
        ok(alice.patch("/functions/images/resize", {"input_schema": APPROVAL}))
        return checked

    monkeypatch.setattr("opensink_web.operations.executions.submission.check_input", check_and_lose)
    answer = alice.at(f"{EXECUTE}/async", "POST", {"input": {"n": 1}})
    assert "was changed just now" in assert_problem(answer, 409, "conflict")["error"]
    with app.app_context():
        assert db.session.scalars(select(Execution)).all() == []


def test_a_refused_input_is_refused_again_under_the_same_key(alice: Api) -> None:
    make_function(alice, input_schema=INPUT_SCHEMA)
    once = {"Idempotency-Key": "once"}
    path = f"{EXECUTE}/async"
    assert_problem(alice.at(path, "POST", {"input": {}}, once), 422, "invalid_input")
    taken = ok(alice.at(path, "POST", {"input": {"n": 1}}, once))
    ok(alice.patch("/functions/images/resize", {"input_schema": APPROVAL}))
    assert ok(alice.at(path, "POST", {"input": {"n": 1}}, once)) == taken


@pytest.mark.usefixtures("on_each_database")
def test_a_call_that_reads_looks_its_key_up_once_and_writes_nothing(app: Flask, alice: Api) -> None:
    with statements(app) as said:
        ok(alice.get("/agents"))
    assert len([each for each in said if "FROM api_keys" in each.text]) == 1
    assert writes_in(said) == []


@pytest.mark.usefixtures("on_each_database")
def test_a_page_writes_nothing(app: Flask, cast: Cast) -> None:
    alice = browser_of(app, cast.alice)
    with statements(app) as said:
        assert alice.get("/account").status_code == 200
    assert said
    assert writes_in(said) == []


@pytest.mark.usefixtures("on_each_database")
def test_a_call_that_writes_looks_its_key_up_before_and_within(app: Flask, alice: Api) -> None:
    with statements(app) as said:
        made(alice.post("/agents", {"name": "Trader"}))
    lookups = [index for index, each in enumerate(said) if "FROM api_keys" in each.text]
    assert len(lookups) == 2


def test_what_was_used_is_noted_afterwards(app: Flask, cast: Cast, alice: Api) -> None:
    ok(alice.get("/agents"))
    assert _last_used(app, cast.alice) is None
    last_use.write_down(app)
    assert _last_used(app, cast.alice) is not None


def _last_used(app: Flask, person: Person) -> object:
    with app.app_context(), reading():
        return db.session.scalar(select(ApiKey.last_used_at).where(ApiKey.user_id == person.id))
