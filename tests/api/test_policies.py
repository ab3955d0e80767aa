"""Rules by the API: making, trying, changing and ordering them."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask

from opensink_web.json_value import JSONValue
from opensink_web.models import User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.team import create_team
from opensink_web.operations.decisions.decision import resolve
from opensink_web.operations.requests import queries
from opensink_web.operations.requests.answer import check_answer
from opensink_web.operations.requests.digest import CHANGED
from tests.api.conftest import Api, Apis, made, make_agent, question, start_session
from tests.conftest import Cast
from tests.support.bulk_cases import Inside
from tests.support.scenarios import admin_of

PATH = "/policies"
REQUESTS = "/agent-session-input-requests"
LARGE = {"properties": {"amount": {"type": "number", "minimum": 10000}}, "required": ["amount"]}
BOB = "bob@example.com"


@pytest.fixture
def finance(app: Flask, cast: Cast) -> str:
    with app.app_context(), writing():
        workspace = admin_of(cast.alice.workspace_id).workspace
        ids = {cast.alice.id, cast.bob.id}
        return str(create_team(workspace, name="Finance", description="", user_ids=ids).id)


def rule(name: str = "Large", **more: Any) -> dict[str, Any]:
    steps = [{"assignees": [{"team": "Finance"}], "required_responses": 2}, {"name": "Second"}]
    return {"name": name, "condition": LARGE, "steps": steps, **more}


def test_a_rule_is_made_with_its_first_revision(alice: Api, finance: str) -> None:
    body = made(alice.post(PATH, rule(key="payment")))
    assert (body["name"], body["key"], body["position"]) == ("Large", "payment", 1)
    assert body["revision"]["number"] == 1
    assert body["revision"]["condition"] == LARGE
    first, second = body["revision"]["steps"]
    assert (first["name"], first["required_responses"]) == ("Finance", 2)
    assert first["assignees"] == [{"team": finance}]
    assert (second["name"], second["assignees"]) == ("Second", [])
    assert alice.read(f"{PATH}/{body['id']}") == body
    assert [each["id"] for each in alice.read(PATH)["items"]] == [body["id"]]


@pytest.mark.usefixtures("finance")
def test_each_change_is_a_revision_and_all_are_kept(alice: Api) -> None:
    body = made(alice.post(PATH, rule()))
    changed = alice.patch(f"{PATH}/{body['id']}", {"condition": {}, "is_active": False}).get_json()
    assert (changed["revision"]["number"], changed["is_active"]) == (2, False)
    assert len(changed["revision"]["steps"]) == 2
    kept = alice.read(f"{PATH}/{body['id']}/revisions")["items"]
    assert [(each["number"], each["condition"]) for each in kept] == [(2, {}), (1, LARGE)]
    assert kept[0]["made_by"]["email"] == "alice@example.com"


@pytest.mark.usefixtures("finance")
def test_rules_stand_in_an_order(alice: Api) -> None:
    ids = [made(alice.post(PATH, rule(name)))["id"] for name in ("A", "B", "C")]
    alice.patch(f"{PATH}/{ids[2]}", {"place": 1})
    by_place = sorted(alice.read(PATH)["items"], key=lambda each: each["position"])
    assert [each["name"] for each in by_place] == ["C", "A", "B"]
    assert all(each["revision"]["number"] == 1 for each in by_place)
    assert alice.delete(f"{PATH}/{ids[0]}").status_code == 204
    assert alice.get(f"{PATH}/{ids[0]}").status_code == 404
    assert made(alice.post(PATH, rule("A")))["position"] == 4


@pytest.mark.usefixtures("finance")
@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": " "}, "/name"),
        ({"condition": {"type": "string"}}, "/condition"),
        ({"condition": {"properties": {"n": {"$ref": "https://example.com/s"}}}}, "/condition"),
        ({"condition": {"properties": {"n": {"pattern": "(a{900}){900}"}}}}, "/condition"),
        ({"condition": {"properties": {"n": {"enum": ["x" * 70_000]}}}}, "/condition"),
        ({"steps": []}, "/steps"),
        ({"steps": [{}] * 6}, "/steps"),
        ({"steps": [{"assignees": ["nobody@example.com"]}]}, "/assignees/0"),
        ({"steps": [{"assignees": ["charlie@example.com"]}]}, "/assignees/0"),
        ({"steps": [{"assignees": [BOB], "required_responses": 2}]}, "/steps/0"),
        ({"steps": [{"required_responses": 0}]}, "/steps/0"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_stored(
    alice: Api, changes: dict[str, Any], place: str
) -> None:
    answer = alice.post(PATH, {**rule(), **changes})
    assert answer.status_code == 400, answer.text
    assert any(place in each["path"] for each in answer.get_json()["errors"]), answer.text
    assert alice.read(PATH)["items"] == []


@pytest.mark.usefixtures("finance")
def test_who_asks_has_to_be_there(alice: Api) -> None:
    nowhere = str(uuid4())
    assert alice.post(PATH, rule(agent_id=nowhere)).status_code == 404
    assert alice.post(PATH, rule(function_id=nowhere)).status_code == 404
    assert alice.post(PATH, rule(agent_id=nowhere, function_id=nowhere)).status_code == 409
    assert alice.read(PATH)["items"] == []


@pytest.mark.usefixtures("finance")
def test_a_name_like_anothers_is_refused(alice: Api) -> None:
    made(alice.post(PATH, rule("Large")))
    assert alice.post(PATH, rule("LARGE")).status_code == 409


@pytest.mark.usefixtures("finance")
@pytest.mark.parametrize(
    ("sample", "is_concerned"),
    [
        ({"amount": 10_000}, True),
        ({"amount": 10**40}, True),
        ({"amount": 9_999.99}, False),
        ({"amount": "10000"}, False),
        ({}, False),
    ],
)
def test_it_is_tried_on_a_sample_and_on_what_was_asked(
    app: Flask, cast: Cast, alice: Api, sample: dict[str, Any], is_concerned: bool
) -> None:
    schema: JSONValue = {"type": "object", "properties": {"amount": {"default": 12000}}}
    small: JSONValue = {"type": "object", "properties": {"amount": {"default": 12}}}
    (first,) = Inside(app).ask(cast.alice, 1, schema)
    (second,) = Inside(app).ask(cast.alice, 1, small)
    body = alice.post(f"{PATH}/try", {**rule(), "sample": sample}).get_json()
    assert body["is_sample_concerned"] is is_concerned
    assert bool(body["errors"]) is not is_concerned
    tried = {each["request_id"]: each["is_concerned"] for each in body["requests"]}
    assert tried == {str(first): True, str(second): False}
    assert alice.read(PATH)["items"] == []


@pytest.mark.usefixtures("finance")
def test_reviewers_read_rules_and_others_find_none(apis: Apis) -> None:
    alice, bob, charlie = apis.alice, apis.bob, apis.charlie
    body = made(alice.post(PATH, rule()))
    assert bob.read(f"{PATH}/{body['id']}")["name"] == "Large"
    assert bob.post(PATH, rule("Mine")).status_code == 403
    assert bob.post(f"{PATH}/try", rule("Mine")).status_code == 403
    assert bob.patch(f"{PATH}/{body['id']}", {"name": "x"}).status_code == 403
    assert bob.delete(f"{PATH}/{body['id']}").status_code == 403
    for answer in (
        charlie.get(f"{PATH}/{body['id']}"),
        charlie.get(f"{PATH}/{body['id']}/revisions"),
        charlie.patch(f"{PATH}/{body['id']}", {"name": "x"}),
        charlie.delete(f"{PATH}/{body['id']}"),
    ):
        assert answer.status_code == 404
    assert charlie.read(PATH)["items"] == []


@pytest.mark.usefixtures("finance")
def test_what_is_asked_says_in_which_step_it_waits_and_who_else_decides(apis: Apis) -> None:
    steps = [{"assignees": [{"team": "Finance"}]}, {"assignees": [BOB], "name": "Bob"}]
    made(apis.alice.post(PATH, rule(condition={}, steps=steps)))
    agent = make_agent(apis.alice)
    body = question(start_session(apis.alice, agent["id"]))
    asked = made(apis.alice.post("/agent-session-input-requests", body))
    assert asked["step"] == {"number": 1, "count": 2, "name": "Finance"}
    resolve = f"/agent-session-input-requests/{asked['id']}/resolve"
    answer = {"response": {"approved": True}}
    after = apis.alice.post(resolve, answer).get_json()
    assert (after["status"], after["response"]) == ("pending", None)
    assert after["step"] == {"number": 2, "count": 2, "name": "Bob"}
    refused = apis.alice.post(resolve, answer)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "not_in_step")
    decided = apis.bob.post(resolve, answer).get_json()
    assert (decided["status"], decided["resolved_by"]["email"]) == ("resolved", BOB)


@pytest.mark.usefixtures("finance")
def test_an_answer_goes_on_to_the_people_of_the_rule_that_holds_for_it(apis: Apis) -> None:
    condition = {"properties": {"approved": {"const": True}}, "required": ["approved"]}
    steps = [{"assignees": [BOB], "name": "Bob"}, {"name": "Second"}]
    made(apis.alice.post(PATH, rule("Every yes", condition=condition, steps=steps)))
    agent = make_agent(apis.alice)
    body = question(start_session(apis.alice, agent["id"]))
    asked = made(apis.alice.post("/agent-session-input-requests", body))
    assert asked["step"] is None
    resolve = f"/agent-session-input-requests/{asked['id']}/resolve"
    answer = {"response": {"approved": True}}
    passed_on = apis.alice.post(resolve, answer)
    after = passed_on.get_json()
    assert (passed_on.status_code, after["status"], after["response"]) == (200, "pending", None)
    assert after["step"] == {"number": 2, "count": 3, "name": "Bob"}
    assert [each["by"]["email"] for each in after["responses"]] == ["alice@example.com"]
    assert after["digest"] != asked["digest"]
    refused = apis.alice.post(resolve, answer)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "not_in_step")
    apis.bob.post(resolve, answer)
    assert apis.alice.post(resolve, answer).get_json()["response"] == {"approved": True}


@pytest.mark.usefixtures("finance")
def test_a_decline_is_of_the_step_in_which_it_was_made(
    apis: Apis, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alice answers what Bob is declining in that moment, and he never saw her answer."""
    condition = {"properties": {"approved": {"const": True}}, "required": ["approved"]}
    made(apis.alice.post(PATH, rule("Every yes", condition=condition, steps=[{"name": "Any"}] * 2)))
    agent = make_agent(apis.alice)
    asked = made(apis.alice.post(REQUESTS, question(start_session(apis.alice, agent["id"]))))
    path = f"{REQUESTS}/{asked['id']}"
    find_step = queries.step_of

    def and_then_another_answers(workspace: Workspace, request_id: UUID) -> int:
        step = find_step(workspace, request_id)
        answer = check_answer(workspace, request_id, {"approved": True})
        with writing():
            resolve(workspace, answer, by=db.session.get_one(User, cast.alice.id))
        return step

    monkeypatch.setattr(queries, "step_of", and_then_another_answers)
    refused = apis.bob.post(f"{path}/decline", {"reason": "No."})
    assert (refused.status_code, refused.get_json()["error"]) == (409, CHANGED)
    assert apis.alice.read(path)["status"] == "pending"
    monkeypatch.undo()
    declined = apis.bob.post(f"{path}/decline", {"reason": "No."}).get_json()
    assert declined["status"] == "declined"
