"""`forbid_requester`: somebody else decides than for whom it is asked, whichever way they come."""

from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import Api, Apis, ask, assert_problem, made
from tests.conftest import Cast
from tests.runtime.conftest import ok
from tests.support.pause_scenarios import paused_in
from tests.support.scenarios import SCHEMA

PATH = "/agent-session-input-requests"
YES, NO = {"response": {"approved": True}}, {"reason": "Too dear."}
MINE = {"forbid_requester": True}

pytestmark = pytest.mark.usefixtures("on_each_database")


def path_of(request: Any, what: str) -> str:
    return f"{PATH}/{request['id']}/{what}"


@pytest.mark.parametrize(("what", "body"), [("resolve", YES), ("decline", NO), ("claim", {})])
def test_whoever_asked_is_refused_and_others_are_not(
    apis: Apis, cast: Cast, what: str, body: Any
) -> None:
    request = ask(apis.alice, **MINE)
    assert request["forbid_requester"]
    assert request["requested_by"] == {"id": str(cast.alice.id), "email": cast.alice.email}
    refusal = assert_problem(apis.alice.post(path_of(request, what), body), 403, FORBIDDEN)
    assert "Somebody else has to" in refusal["error"]
    assert apis.bob.read(f"{PATH}/{request['id']}") == request
    taken = ok(apis.bob.post(path_of(request, what), body))
    assert taken["requested_by"] == request["requested_by"]


FORBIDDEN = "requester_forbidden"


def test_it_is_free_to_all_unless_that_is_said(alice: Api) -> None:
    request = ask(alice)
    assert request["forbid_requester"] is False
    assert ok(alice.post(path_of(request, "resolve"), YES))["status"] == "resolved"


def test_what_was_decided_already_says_that(apis: Apis) -> None:
    request = ask(apis.alice, **MINE)
    ok(apis.bob.post(path_of(request, "resolve"), YES))
    assert_problem(apis.alice.post(path_of(request, "resolve"), YES), 409, "already_resolved")


def test_a_revision_keeps_it_and_is_theirs_who_made_it(apis: Apis, cast: Cast) -> None:
    request = ask(apis.alice, **MINE)
    revised = made(apis.bob.post(path_of(request, "supersede"), {"title": "Sell?"}))
    assert (revised["forbid_requester"], revised["requested_by"]["id"]) == (True, str(cast.bob.id))
    assert_problem(apis.bob.post(path_of(revised, "resolve"), YES), 403, FORBIDDEN)
    again = made(apis.bob.post(path_of(revised, "supersede"), {"forbid_requester": False}))
    assert ok(apis.bob.post(path_of(again, "resolve"), YES))["status"] == "resolved"


def test_whoever_asked_an_earlier_revision_may_not_decide_on_a_later_one(apis: Apis) -> None:
    first = ask(apis.alice, **MINE)
    second = made(apis.bob.post(path_of(first, "supersede"), {"title": "Sell?"}))
    third = made(apis.bob.post(path_of(second, "supersede"), {"title": "Sell all?"}))
    for what, body in (("resolve", YES), ("decline", NO), ("claim", {})):
        refusal = assert_problem(apis.alice.post(path_of(third, what), body), 403, FORBIDDEN)
        assert "You asked for an earlier revision of this" in refusal["error"]
    voted = made(apis.bob.post(path_of(third, "supersede"), {"required_responses": 2}))
    assert_problem(apis.alice.post(path_of(voted, "resolve"), YES), 403, FORBIDDEN)
    free = made(apis.bob.post(path_of(voted, "supersede"), {"forbid_requester": False}))
    assert ok(apis.alice.post(path_of(free, "resolve"), YES))["responses"] != []


def test_what_a_function_asks_is_asked_for_its_caller(app: Flask, apis: Apis, cast: Cast) -> None:
    with app.app_context():
        paused = paused_in(cast.bob, "Go on?", SCHEMA, dict(MINE))
    request = apis.bob.read(f"{PATH}/{paused.request_id}")
    assert request["requested_by"] == {"id": str(cast.bob.id), "email": cast.bob.email}
    there = f"/executions/{paused.execution_id}/continue"
    body = {"input": {"approved": True}}
    assert_problem(apis.bob.at(there, "POST", body), 403, FORBIDDEN)
    assert_problem(apis.bob.post(path_of(request, "resolve"), YES), 403, FORBIDDEN)
    assert apis.alice.at(there, "POST", body).status_code == 200


def test_the_list_names_who_asked(apis: Apis) -> None:
    request = ask(apis.alice, **MINE)
    assert apis.bob.read(PATH)["items"] == [request]
