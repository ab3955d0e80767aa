"""What the audit says of a request: who did what to it, by what and from where."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web import clock
from opensink_web.models import ActorKind, AuditAction, AuditEntry
from opensink_web.models.transaction import writing
from opensink_web.operations.audit.record import digest_of
from opensink_web.operations.decisions.expiry import expire
from tests.api.conftest import Api, ask
from tests.conftest import Cast, Person
from tests.support.audit import entries_of
from tests.support.review_cases import YES

FROM = {"REMOTE_ADDR": "192.0.2.7", "HTTP_USER_AGENT": "Firefox"}
PATH = "/agent-session-input-requests"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"UNDO_SECONDS": "5"}


@pytest.fixture
def agent(app: Flask, cast: Cast) -> Api:
    return Api(app, cast.alice.headers)


def happened(app: Flask, person: Person, request_id: str) -> list[AuditEntry]:
    with app.app_context():
        return [
            entry
            for entry in entries_of(person.workspace_id)
            if entry.subject_id == UUID(request_id)
        ]


def said(app: Flask, entry: AuditEntry) -> tuple[object, object]:
    """Return where an entry came from, and what it says, without the salts."""
    with app.app_context():
        origin, details = entry.origin, entry.details
    return origin and origin[1], details and details[1]


def test_asked_with_a_key_decided_in_a_browser_and_undone(
    app: Flask, cast: Cast, agent: Api, bob: FlaskClient
) -> None:
    request = ask(agent)
    page = f"/w/main/requests/{request['id']}"
    assert bob.post(page, data=YES, environ_overrides=FROM).status_code == 303
    assert bob.post(f"{page}/undo", environ_overrides=FROM).status_code == 303

    created, answered, undone = happened(app, cast.alice, request["id"])

    assert created.action is AuditAction.REQUEST_CREATED
    assert (created.actor, created.user_id) == (ActorKind.API_KEY, cast.alice.id)
    origin, details = said(app, created)
    assert isinstance(origin, dict)
    assert (origin["email"], origin["key"]) == (cast.alice.email, "tests")
    assert details == {
        "request_digest": request["digest"],
        "agent": request["agent_id"],
        "session": request["session_id"],
    }
    assert answered.action is AuditAction.REQUEST_ANSWERED
    assert (answered.actor, answered.user_id) == (ActorKind.PERSON, cast.bob.id)
    assert said(app, answered) == (
        {"email": cast.bob.email, "address": "192.0.2.7", "user_agent": "Firefox"},
        {"request_digest": request["digest"], "answer_digest": digest_of({"approved": True})},
    )
    assert undone.action is AuditAction.DECISION_UNDONE
    assert undone.via_id == answered.via_id


def test_who_has_looked_and_begun_to_write_is_noted_once(
    app: Flask, cast: Cast, agent: Api, bob: FlaskClient, charlie: FlaskClient
) -> None:
    request = ask(agent)
    page = f"/w/main/requests/{request['id']}"
    for _ in range(2):
        assert bob.get(page).status_code == 200
        draft = [["approved", "true"]]
        assert bob.post(f"{page}/draft", json={"fields": draft}).status_code < 400
    assert charlie.get(page).status_code == 404
    actions = [(each.action, each.user_id) for each in happened(app, cast.alice, request["id"])]
    assert actions[1:] == [
        (AuditAction.REQUEST_VIEWED, cast.bob.id),
        (AuditAction.DRAFT_BEGUN, cast.bob.id),
    ]


def test_declined_extended_superseded_and_withdrawn(app: Flask, cast: Cast, agent: Api) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    request = ask(agent, expires_at=tomorrow.isoformat())
    path = f"{PATH}/{request['id']}"
    until = (tomorrow + timedelta(days=1)).isoformat()
    assert agent.post(f"{path}/extend", {"expires_at": until}).status_code == 200
    second = agent.post(f"{path}/supersede", {"title": "Sell?"}).json
    assert second is not None
    assert agent.post(f"{PATH}/{second['id']}/cancel", {}).status_code == 200
    third = ask(agent)
    assert agent.post(f"{PATH}/{third['id']}/decline", {"reason": "No."}).status_code == 200

    assert [each.action for each in happened(app, cast.alice, request["id"])] == [
        AuditAction.REQUEST_CREATED,
        AuditAction.REQUEST_EXTENDED,
        AuditAction.REQUEST_SUPERSEDED,
    ]
    created, withdrawn = happened(app, cast.alice, second["id"])
    assert withdrawn.action is AuditAction.REQUEST_WITHDRAWN
    details = said(app, created)[1]
    assert isinstance(details, dict)
    assert details["supersedes"] == request["id"]
    assert happened(app, cast.alice, third["id"])[-1].action is AuditAction.REQUEST_DECLINED


def test_one_that_expires_is_the_systems_doing(app: Flask, cast: Cast, agent: Api) -> None:
    tomorrow = (clock.now() + timedelta(days=1)).isoformat()
    request = ask(agent, expires_at=tomorrow)
    with app.app_context(), writing():
        expire(UUID(request["id"]))
    expired = happened(app, cast.alice, request["id"])[-1]
    assert (expired.action, expired.actor) == (AuditAction.REQUEST_EXPIRED, ActorKind.SYSTEM)
    assert said(app, expired) == (None, {"outcome": "expired"})


def test_a_decision_that_was_refused_is_not_in_it(app: Flask, cast: Cast, agent: Api) -> None:
    request = ask(agent)
    path = f"{PATH}/{request['id']}/resolve"
    answer = {"response": {"approved": True}}
    assert [agent.post(path, answer).status_code for _ in range(2)] == [200, 409]
    assert len(happened(app, cast.alice, request["id"])) == 2


def test_nothing_of_what_is_asked_or_answered_stands_in_it(
    app: Flask, cast: Cast, agent: Api
) -> None:
    request = ask(agent, message="c4nary")
    answer = {"response": {"approved": True, "limit": 4711}}
    assert agent.post(f"{PATH}/{request['id']}/resolve", answer).status_code == 200
    texts = [repr(said(app, each)) for each in happened(app, cast.alice, request["id"])]
    assert len(texts) == 2
    assert not any("c4nary" in text or "4711" in text for text in texts)
