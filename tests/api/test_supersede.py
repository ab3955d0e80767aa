"""POST /agent-session-input-requests/{id}/supersede: an agent asks something else instead."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web import clock
from opensink_web.models import Delivery, InputRequest, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.decisions.expiry import expire
from tests.api.conftest import (
    APPROVAL,
    NOWHERE,
    Api,
    Apis,
    ask,
    assert_problem,
    key_with,
    made,
    wrong_paths,
)
from tests.conftest import Cast
from tests.support.executions import claim_some, execution
from tests.support.pause_scenarios import approval_in, paused_in
from tests.support.scenarios import ENDPOINT, ask_in

PATH = "/agent-session-input-requests"
OPTIONS: dict[str, Any] = {
    "priority": 7,
    "tags": ["refund"],
    "reference": "ORDER-7",
    "context": [{"text": "The order", "href": "https://shop.example/7", "type": "link"}],
    "allow_decline": False,
    "expires_at": "2090-01-01T00:00:00Z",
    "on_expire": "default",
    "default_response": {"approved": False},
}
STAMPED = {"id", "created_at", "digest", "revision", "supersedes_id", "superseded_by", "status"}
"""What differs between a request and a revision in which nothing else was changed."""

pytestmark = pytest.mark.usefixtures("on_each_database")


def supersede(api: Api, request: Any, **changes: Any) -> Any:
    return made(api.post(f"{PATH}/{request['id']}/supersede", changes))


def test_asks_something_else_instead(alice: Api) -> None:
    old = ask(alice)
    new = supersede(alice, old, title="Buy five?", message="Five of them.")

    assert (new["title"], new["message"], new["status"]) == (
        "Buy five?",
        "Five of them.",
        "pending",
    )
    assert (new["revision"], new["supersedes_id"], new["superseded_by"]) == (2, old["id"], None)
    left = alice.read(f"{PATH}/{old['id']}?wait=60")
    assert (left["status"], left["superseded_by"]) == ("superseded", new["id"])
    assert (left["response"], left["resolved_by"]) == (None, None)
    assert [each["id"] for each in alice.read(f"{PATH}?status=pending")["items"]] == [new["id"]]
    assert [each["id"] for each in alice.read(f"{PATH}?status=superseded")["items"]] == [old["id"]]


def test_what_is_left_out_carries_over(alice: Api) -> None:
    old = ask(alice, **OPTIONS)
    new = supersede(alice, old)
    assert {name: new[name] for name in new.keys() - STAMPED} == {
        name: old[name] for name in old.keys() - STAMPED
    }
    assert new["digest"] != old["digest"], "the revision is part of what is decided on"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key", "sell"),
        ("schema", {"type": "object"}),
        ("priority", 0),
        ("tags", []),
        ("reference", None),
        ("context", []),
        ("allow_decline", True),
        ("expires_at", "2091-01-01T00:00:00Z"),
        ("default_response", {"approved": True}),
    ],
)
def test_what_is_given_counts_alone(alice: Api, name: str, value: Any) -> None:
    old = ask(alice, **OPTIONS)
    new = supersede(alice, old, **{name: value})
    changed = {each for each in new.keys() - STAMPED if new[each] != old[each]}
    assert (new[name], changed) == (value, {name})


def test_a_deadline_can_be_taken_away(alice: Api) -> None:
    none: dict[str, Any] = {"expires_at": None, "on_expire": "none", "default_response": None}
    assert supersede(alice, ask(alice, **OPTIONS), **none).items() >= none.items()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"schema": {"type": "objekt"}}, "/schema/type"),
        ({"schema": None}, "/schema"),
        ({"title": ""}, "/title"),
        ({"titel": "x"}, "/titel"),
        ({"message": None}, "/message"),
        ({"priority": None}, "/priority"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": None}, "/on_expire"),
        ({"on_expire": "none"}, "/default_response"),
        ({"schema": {**APPROVAL, "required": ["limit"]}}, "/default_response/limit"),
    ],
)
def test_points_at_what_is_wrong(alice: Api, changes: dict[str, Any], path: str) -> None:
    old = ask(alice, **OPTIONS)
    response = alice.post(f"{PATH}/{old['id']}/supersede", changes)
    problem: Any = response.json
    assert response.status_code == 400, response.text
    assert path in [each["path"] for each in problem["errors"]]
    assert alice.read(f"{PATH}/{old['id']}") == old, "it waits as before"
    assert wrong_paths(response, problem["code"])


def test_the_session_waits_and_nobody_is_called(app: Flask, cast: Cast, alice: Api) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
    new = supersede(alice, {"id": waiting.request_id}, title="Sell?")
    assert alice.read(f"/agent-sessions/{waiting.session_id}")["status"] == "waiting_for_input"
    query = f"session_id={waiting.session_id}&type=input_request_created"
    said = alice.read(f"/agent-session-activities?{query}")["items"][0]
    assert (said["message"], said["related_entity_id"]) == ("Sell?", new["id"])
    assert said["payload"] == {"supersedes_id": str(waiting.request_id), "revision": 2}
    with app.app_context(), reading():
        assert db.session.scalar(select(func.count()).select_from(Delivery)) == 0


def test_the_new_one_is_answered_as_any(alice: Api) -> None:
    new = supersede(alice, ask(alice), title="Sell?")
    response = alice.post(f"{PATH}/{new['id']}/resolve", {"response": {"approved": True}})
    assert response.status_code == 200


def test_the_old_one_takes_nothing_any_more(alice: Api) -> None:
    old = ask(alice)
    new = supersede(alice, old)
    answer, why = {"response": {"approved": True}}, {"reason": "No."}
    for verb, body in (("resolve", answer), ("decline", why), ("cancel", {}), ("supersede", {})):
        problem = assert_problem(alice.post(f"{PATH}/{old['id']}/{verb}", body), 409, "conflict")
        assert "asked something else" in problem["error"], verb
    assert alice.read(f"{PATH}/{new['id']}") == new


def test_one_that_expired_says_so_and_not_that_its_deadline_is_over(app: Flask, alice: Api) -> None:
    request = ask(alice, expires_at="2090-01-01T00:00:00Z")
    with app.app_context(), writing():
        row = db.session.get_one(InputRequest, UUID(request["id"]))
        row.expires_at = clock.now()
        expire(row.id)
    response = alice.post(f"{PATH}/{request['id']}/supersede", {"title": "Sell?"})
    assert_problem(response, 409, "conflict")


def test_what_was_answered_is_not_superseded(alice: Api) -> None:
    request = ask(alice)
    alice.post(f"{PATH}/{request['id']}/resolve", {"response": {"approved": True}})
    response = alice.post(f"{PATH}/{request['id']}/supersede", {"title": "Sell?"})
    assert_problem(response, 409, "already_resolved")


def test_of_many_at_once_one_wins(alice: Api) -> None:
    old = ask(alice)
    path = f"{PATH}/{old['id']}/supersede"
    with ThreadPoolExecutor(4) as pool:
        statuses = list(
            pool.map(lambda n: alice.post(path, {"title": f"{n}"}).status_code, range(4))
        )
    assert sorted(statuses) == [201, 409, 409, 409]
    assert len(alice.read(f"{PATH}?status=pending")["items"]) == 1


def test_a_chain_of_ten_leads_from_each_to_the_next(alice: Api) -> None:
    chain = [ask(alice)]
    for number in range(2, 11):
        chain.append(supersede(alice, chain[-1], title=f"Revision {number}"))
    assert [each["revision"] for each in chain] == list(range(1, 11))
    listed = alice.read(f"{PATH}?status=superseded")["items"]
    led = {each["id"]: each["superseded_by"] for each in listed}
    assert led == {old["id"]: new["id"] for old, new in pairwise(chain)}
    assert alice.read(f"{PATH}/{chain[-1]['id']}")["status"] == "pending"


class TestOfExecutions:
    def test_what_one_waits_for_can_be_asked_otherwise(
        self, app: Flask, cast: Cast, apis: Apis
    ) -> None:
        with app.app_context():
            paused = paused_in(cast.alice)
        new = supersede(apis.alice, {"id": paused.request_id}, title="Sell?")
        assert (new["execution_id"], new["revision"]) == (str(paused.execution_id), 2)
        path = f"{PATH}/{new['id']}/resolve"
        assert apis.bob.post(path, {"response": {"approved": True}}).status_code == 200
        with app.app_context():
            (claim,) = claim_some(execution(paused.execution_id).group_id)
        assert str(claim.answer.input_request_id) == new["id"]  # type: ignore[union-attr]

    def test_the_approval_of_a_call_is_not_its_own_question(
        self, app: Flask, cast: Cast, alice: Api
    ) -> None:
        with app.app_context():
            approval, *_ = approval_in(cast.alice)
        response = alice.post(f"{PATH}/{approval.request_id}/supersede", {"title": "x"})
        assert_problem(response, 409, "conflict")


def test_a_repeated_call_hears_the_same(alice: Api) -> None:
    old, key = ask(alice), {"Idempotency-Key": "once"}
    path = f"{PATH}/{old['id']}/supersede"
    first, second = (alice.post(path, {"title": "x"}, key) for _ in range(2))
    assert (second.status_code, second.json) == (201, first.json)
    assert second.headers["Idempotent-Replayed"] == "true"


def test_only_by_post(alice: Api) -> None:
    response = alice.get(f"{PATH}/{ask(alice)['id']}/supersede")
    assert_problem(response, 405, "method_not_allowed")


def test_there_is_no_such_request(alice: Api, apis: Apis) -> None:
    assert_problem(alice.post(f"{PATH}/{NOWHERE}/supersede", {}), 404, "not_found")
    path = f"{PATH}/{ask(alice)['id']}/supersede"
    assert_problem(apis.charlie.post(path, {}), 404, "not_found")


def test_needs_the_scope_to_write(app: Flask, alice: Api) -> None:
    reader = key_with(alice, app, "agent_session_input_requests:read")
    path = f"{PATH}/{ask(alice)['id']}/supersede"
    assert_problem(reader.post(path, {}), 403, "permission_missing")
