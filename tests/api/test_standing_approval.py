"""/standing-approvals: granted on what was approved, read, revoked; and what is refused."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask

from opensink_web import clock
from opensink_web.models import InputRequest, db
from tests.api.conftest import Api, Apis, assert_problem, made, wrong_paths
from tests.conftest import Cast
from tests.runtime.conftest import ok
from tests.support.review_cases import make_viewer
from tests.support.standing_cases import (
    affirm,
    asked_by,
    granted_on,
    held_against,
    new_agent,
    put_to_use,
)

PATH = "/standing-approvals"


@pytest.fixture
def decided(app: Flask, cast: Cast) -> UUID:
    with app.app_context():
        request_id = asked_by(cast.alice, new_agent(cast.alice))
        affirm(cast.bob, request_id)
        return request_id


def body(request_id: UUID, **changed: Any) -> dict[str, Any]:
    until = (clock.now() + timedelta(days=7)).isoformat()
    return {"request_id": str(request_id), "uses_max": 3, "expires_at": until, **changed}


def approved_again(cast: Cast, decided: UUID) -> UUID:
    """Ask the same again, and have it approved without a person."""
    agent_id = db.session.get_one(InputRequest, decided).agent_id
    assert agent_id is not None
    request_id = asked_by(cast.alice, agent_id)
    use = held_against(request_id)
    assert use is not None
    put_to_use(use)
    return request_id


def test_one_is_granted_used_and_revoked(app: Flask, apis: Apis, cast: Cast, decided: UUID) -> None:
    alice = apis.alice
    granted = made(apis.bob.post(PATH, body(decided, note="Weekly")))
    assert granted["granted_by"]["email"] == cast.bob.email
    assert granted["condition"]["additionalProperties"] is False
    assert (granted["same_words"], granted["state"]) == (True, "in_force")
    with app.app_context():
        again = approved_again(cast, decided)
    request = alice.read(f"/agent-session-input-requests/{again}")
    assert (request["status"], request["resolved_by"]) == ("resolved", None)
    assert request["resolved_by_system"] is True
    assert request["standing_approval_id"] == granted["id"]
    read = alice.read(f"{PATH}/{granted['id']}")
    assert read == granted | {"uses_count": 1}
    for _ in range(2):
        revoked = ok(alice.post(f"{PATH}/{granted['id']}/revoke", {}))
    assert revoked["state"] == "revoked"
    assert revoked["revoked_by"]["email"] == cast.alice.email
    assert alice.read(PATH)["items"] == [revoked]


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"uses_max": 0}, "/uses_max"),
        ({"uses_max": 1001}, "/uses_max"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "/expires_at"),
        ({"note": "n" * 501}, "/note"),
        ({"condition": {}}, "/condition"),
        ({"condition": {"additionalProperties": False, "type": "strange"}}, "/condition/type"),
        ({"condition": {"additionalProperties": False}}, "/condition"),
        ({"condition": {"additionalProperties": False, "title": "t" * 70_000}}, "/condition"),
        (
            {"condition": {"patternProperties": {"": {}}, "additionalProperties": False}},
            "/condition",
        ),
        (
            {
                "condition": {
                    "properties": {"to": {"properties": {"iban": {}}}},
                    "additionalProperties": False,
                }
            },
            "/condition/properties/to",
        ),
    ],
)
def test_what_is_wrong_is_named(
    alice: Api, decided: UUID, changed: dict[str, Any], path: str
) -> None:
    assert wrong_paths(alice.post(PATH, body(decided, **changed))) == [path]
    assert alice.read(PATH)["items"] == []


def test_what_no_person_approved_is_not_allowed_again(
    app: Flask, alice: Api, cast: Cast, decided: UUID
) -> None:
    with app.app_context():
        agent_id = db.session.get_one(InputRequest, decided).agent_id
        assert agent_id is not None
        waiting = asked_by(cast.alice, agent_id)
        granted_on(cast.alice, decided)
        by_itself = approved_again(cast, decided)
    for request_id in (waiting, by_itself):
        assert_problem(alice.post(PATH, body(request_id)), 409, "conflict")


def test_who_may_not(app: Flask, apis: Apis, cast: Cast, decided: UUID) -> None:
    with app.app_context():
        approval_id = granted_on(cast.alice, decided)
    make_viewer(app, cast.bob)
    assert len(apis.bob.read(PATH)["items"]) == 1
    assert_problem(apis.bob.post(PATH, body(decided)), 403, "permission_missing")
    assert_problem(apis.bob.post(f"{PATH}/{approval_id}/revoke", {}), 403, "permission_missing")
    assert apis.nobody.get(PATH).status_code == 401


def test_neither_elsewhere_nor_of_nothing(
    app: Flask, apis: Apis, cast: Cast, decided: UUID
) -> None:
    with app.app_context():
        approval_id = granted_on(cast.alice, decided)
    assert apis.charlie.read(PATH)["items"] == []
    for answer in (
        apis.charlie.get(f"{PATH}/{approval_id}"),
        apis.charlie.post(f"{PATH}/{approval_id}/revoke", {}),
        apis.charlie.post(PATH, body(decided)),
        apis.alice.post(PATH, body(uuid4())),
    ):
        assert_problem(answer, 404, "not_found")
