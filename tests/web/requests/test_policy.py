"""The pages of rules: their list and order, the editor, trying one, and its revisions."""

import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.json_value import JSONValue
from opensink_web.models import AuditAction, AuditEntry, Policy, PolicyRevision, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.team import create_team
from opensink_web.operations.requests.policy_step import steps_of
from tests.conftest import Cast
from tests.support.bulk_cases import Inside
from tests.support.scenarios import admin_of

PAGE = "/w/main/admin/rules"
LARGE = '{"properties": {"amount": {"minimum": 10000}}, "required": ["amount"]}'


def sent(name: str = "Large payments", **more: str) -> dict[str, str]:
    return {
        "name": name,
        "agent": "",
        "function": "",
        "key": "",
        "condition": LARGE,
        "is_active": "y",
        "steps": "2",
        "step-0-assignees": "Finance\nbob@example.com",
        "step-0-name": "",
        "step-0-required_responses": "1",
        "step-0-quorum": "first_decline",
        "step-1-assignees": "",
        "step-1-name": "Second person",
        "step-1-required_responses": "2",
        "step-1-quorum": "majority",
        "step-1-forbid_requester": "y",
        **more,
    }


@pytest.fixture(autouse=True)
def finance(app: Flask, cast: Cast) -> None:
    with app.app_context(), writing():
        workspace = admin_of(cast.alice.workspace_id).workspace
        ids = {cast.alice.id}
        create_team(workspace, name="Finance", description="", user_ids=ids)


def rules(app: Flask) -> list[str]:
    with app.app_context(), reading():
        query = select(Policy.name).where(Policy.deleted_at.is_(None)).order_by(Policy.position)
        return list(db.session.scalars(query))


def id_of(app: Flask, name: str = "Large payments") -> UUID:
    with app.app_context(), reading():
        return db.session.scalars(select(Policy.id).where(Policy.name == name)).one()


def revisions(app: Flask) -> list[Any]:
    with app.app_context(), reading():
        return list(
            db.session.scalars(select(PolicyRevision.steps).order_by(PolicyRevision.number))
        )


def test_without_any_the_page_says_what_they_are_for(alice: FlaskClient) -> None:
    page = alice.get(PAGE).text
    assert "No rules yet" in page
    assert f'href="{PAGE}/new"' in page


def test_a_rule_is_made_listed_and_noted(app: Flask, alice: FlaskClient) -> None:
    answer = alice.post(f"{PAGE}/new", data=sent())
    assert (answer.status_code, answer.location) == (303, PAGE)
    page = alice.get(PAGE).text
    assert all(text in page for text in ("Large payments", "Finance, bob@", "Second person"))
    (stored,) = revisions(app)
    first, second = steps_of(stored)
    assert (len(first.assignees), first.required_responses) == (2, 1)
    assert (second.quorum, second.forbid_requester) == ("majority", True)
    with app.app_context(), reading():
        actions = db.session.scalars(select(AuditEntry.action)).all()
    assert AuditAction.RULE_CREATED in actions


def test_the_list_says_when_each_holds(alice: FlaskClient) -> None:
    alice.post(f"{PAGE}/new", data=sent())
    alice.post(f"{PAGE}/new", data=sent("Rest", condition=""))
    alice.post(f"{PAGE}/new", data=sent("Odd", condition='{"not": {"required": ["a"]}}'))
    page = alice.get(PAGE).text
    assert "<span>amount ≥ 10,000 (or not a number)</span>" in page
    assert "<span>Always</span>" in page
    assert "{&#34;not&#34;:{&#34;required&#34;:[&#34;a&#34;]}}</span>" in page
    assert "Rule created" in alice.get("/w/main/admin/audit").text or "rule" in page.lower()


def test_steps_come_and_go_and_what_was_typed_stays(app: Flask, alice: FlaskClient) -> None:
    more = alice.post(f"{PAGE}/new", data=sent(add_step="1"))
    assert more.status_code == 200
    assert "Step 3 of 3" in more.text
    less = alice.post(f"{PAGE}/new", data=sent(remove_step="0"))
    assert less.status_code == 200
    assert "Step 1 of 2" not in less.text
    for page in (more.text, less.text):
        assert "Second person" in page
        assert "Large payments" in page
    assert rules(app) == []


def test_it_is_tried_without_being_stored(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    schema: JSONValue = {"type": "object", "properties": {"amount": {"default": 12000}}}
    Inside(app).ask(cast.alice, 2, schema)
    Inside(app).ask(cast.alice, 1)
    page = alice.post(f"{PAGE}/new", data=sent(**{"try": "1", "sample": '{"amount": 3}'}))
    assert page.status_code == 200
    assert "The sample does not meet the condition" in page.text
    words = re.sub(r"<[^>]+>", "", page.text)
    assert "Of the last 3 requests that it is asked of, it would have held for 2" in words
    assert "/amount" in page.text
    page = alice.post(f"{PAGE}/new", data=sent(**{"try": "1", "sample": '{"amount": 10000}'}))
    assert "The sample meets the condition" in page.text
    assert rules(app) == []


def test_it_is_tried_before_it_has_a_name_or_anybody_who_decides(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    Inside(app).ask(cast.alice, 1)
    begun = {"name": "", "step-0-assignees": "Nobody yet", "try": "1", "condition": ""}
    page = alice.post(f"{PAGE}/new", data=sent(**begun))
    assert page.status_code == 200
    words = re.sub(r"<[^>]+>", "", page.text)
    assert "Of the last 1 requests that it is asked of, it would have held for 1" in words
    assert "Nobody yet" in page.text


def test_a_new_rule_has_no_condition_until_somebody_wants_one(
    app: Flask, alice: FlaskClient
) -> None:
    page = alice.get(f"{PAGE}/new").text
    assert "10000" not in page, "whoever skips it would save it"
    assert "Without a condition the rule holds for everything above." in page
    nothing = {"name": "All", "condition": " "}
    filled = alice.post(f"{PAGE}/new", data=sent(**nothing, example="1"))
    assert filled.status_code == 200
    assert "&#34;minimum&#34;: 10000" in filled.text
    kept = alice.post(f"{PAGE}/new", data=sent(condition='{"title": "Mine"}', example="1"))
    assert "&#34;minimum&#34;: 10000" not in kept.text
    assert rules(app) == []
    assert alice.post(f"{PAGE}/new", data=sent(**nothing)).status_code == 303
    with app.app_context(), reading():
        assert db.session.scalars(select(PolicyRevision.condition)).one() == {}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Enter a name."),
        ({"condition": "{"}, "This is not valid JSON"),
        ({"condition": '{"type": "string"}'}, "must allow an object"),
        ({"sample": "[1]", "try": "1"}, "This is no object."),
        ({"step-0-assignees": "Nobody"}, "There is no active member or team “Nobody”."),
        ({"step-0-required_responses": "3"}, "3 have to decide, and of these only 2 may."),
        ({"step-0-required_responses": "many"}, "Not a valid integer value."),
        ({"step-1-required_responses": "21"}, "From 1 to 20 people decide."),
        ({"agent": "nonsense"}, "Not a valid choice."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_kept(
    app: Flask, alice: FlaskClient, changes: dict[str, str], sentence: str
) -> None:
    answer = alice.post(f"{PAGE}/new", data=sent(**changes))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Second person" in answer.text
    assert rules(app) == []


def test_a_change_is_a_revision_that_says_what_changed(app: Flask, alice: FlaskClient) -> None:
    alice.post(f"{PAGE}/new", data=sent())
    edit = f"{PAGE}/{id_of(app)}/edit"
    page = alice.get(edit).text
    assert "Finance\nbob@example.com" in page
    data = sent("Huge payments", revision="1", **{"step-1-name": "Third person"})
    assert alice.post(edit, data=data).status_code == 303
    page = alice.get(edit).text
    assert "Large payments</del>" in page
    assert "Huge payments</ins>" in page
    assert "Third person: anybody who may decide; 2 people, more than half" in page
    for seen in ("1", "", "²", "9" * 5000):
        late = alice.post(edit, data=sent("Other", revision=seen))
        assert late.status_code == 422
        assert "Somebody else has changed this rule meanwhile." in late.text
    assert len(revisions(app)) == 2


def test_rules_are_ordered_and_deleted(app: Flask, alice: FlaskClient) -> None:
    for name in ("A", "B", "C"):
        alice.post(f"{PAGE}/new", data=sent(name))
    move = f"{PAGE}/{id_of(app, 'C')}/move"
    assert alice.post(move, data={"to": "up"}).status_code == 303
    assert rules(app) == ["A", "C", "B"]
    alice.post(move, data={"to": "down"})
    alice.post(move, data={"to": "down"})  # it is the last already
    assert rules(app) == ["A", "B", "C"]
    assert alice.post(move, data={"to": "aside"}).status_code == 400
    assert alice.post(f"{PAGE}/{id_of(app, 'B')}/delete").status_code == 303
    assert rules(app) == ["A", "C"]


def test_only_who_may_sees_them(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, charlie: FlaskClient
) -> None:
    alice.post(f"{PAGE}/new", data=sent())
    policy_id = id_of(app)
    assert bob.get(PAGE).status_code == 403
    assert bob.post(f"{PAGE}/{policy_id}/delete").status_code == 403
    elsewhere = f"/w/{cast.charlie.workspace_slug}/admin/rules/{policy_id}"
    assert charlie.get(f"{elsewhere}/edit").status_code == 404
    assert charlie.post(f"{elsewhere}/move", data={"to": "up"}).status_code == 404
    assert charlie.post(f"{elsewhere}/delete").status_code == 404
    assert rules(app) == ["Large payments"]
