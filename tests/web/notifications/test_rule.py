"""Rules of a channel: made, tried without being stored, changed, removed; by their owner alone."""

import re
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import (
    AuditAction,
    AuditEntry,
    NotificationMode,
    NotificationRule,
    NotificationScope,
    db,
)
from opensink_web.settings import Settings
from tests.conftest import Cast
from tests.support.executions import make_function
from tests.support.notifications import add_mail, ask_for

MAIL = {"SMTP_HOST": "mail.example.com", "SMTP_FROM": "sink@example.com"}
PAGES = "/w/main/notifications"
TERMS = {"scope": "mine", "mode": "digest", "digest_minutes": "30", "with_details": "y"}


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | MAIL


@pytest.fixture
def channel_id(app: Flask, cast: Cast, settings: Settings) -> UUID:
    with app.app_context():
        return add_mail(cast.bob, settings)


def rules(app: Flask) -> list[NotificationRule]:
    with app.app_context():
        found = db.session.scalars(select(NotificationRule).order_by(NotificationRule.id)).all()
        db.session.expunge_all()
        return list(found)


def new(channel_id: UUID) -> str:
    return f"{PAGES}/channels/{channel_id}/rules/new"


def test_a_rule_is_added_and_is_in_the_audit(
    app: Flask, cast: Cast, bob: FlaskClient, channel_id: UUID
) -> None:
    with app.app_context():
        waiting = ask_for(cast.alice)
        function_id = make_function(cast.alice, namespace="billing", name="refund")
    assert bob.get(new(channel_id)).status_code == 200
    sent = {"agent": "Trader", "key": "k", "tag": "money", "min_priority": "50"}
    assert bob.post(new(channel_id), data={**TERMS, **sent}).status_code == 303
    _, rule = rules(app)
    assert (rule.scope, rule.mode) == (NotificationScope.MINE, NotificationMode.DIGEST)
    assert (rule.agent_id, rule.key, rule.tag) == (waiting.agent_id, "k", "money")
    assert (rule.min_priority, rule.digest_minutes, rule.with_details) == (50, 30, True)
    assert bob.post(new(channel_id), data={**TERMS, "function": "billing/refund"}).location
    assert rules(app)[-1].function_id == function_id
    with app.app_context():
        added = AuditEntry.action == AuditAction.NOTIFICATION_RULE_ADDED
        assert len(db.session.scalars(select(AuditEntry).where(added)).all()) == 2


def test_it_is_tried_on_what_waits_and_not_stored(
    app: Flask, cast: Cast, bob: FlaskClient, channel_id: UUID
) -> None:
    with app.app_context():
        ask_for(cast.alice, priority=80)
        ask_for(cast.alice, priority=10)
    tried = {**TERMS, "scope": "all", "min_priority": "50", "try": "1"}
    answer = bob.post(new(channel_id), data=tried)
    assert answer.status_code == 200
    assert "1 request of the newest 100" in " ".join(answer.text.split())
    nothing = bob.post(new(channel_id), data={**tried, "min_priority": "90"})
    assert "Nothing that waits now" in nothing.text
    assert len(rules(app)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scope", "everything"),
        ("mode", "never"),
        ("agent", "Nobody"),
        ("function", "billing/none"),
        ("min_priority", "101"),
        ("min_priority", "high"),
        ("digest_minutes", "0"),
        ("digest_minutes", ""),
        ("key", "k" * 256),
        ("tag", "t" * 65),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_stored(
    app: Flask, bob: FlaskClient, channel_id: UUID, field: str, value: str
) -> None:
    answer = bob.post(new(channel_id), data={**TERMS, "key": "kept", field: value})
    assert answer.status_code == 422
    assert "Please check what you entered" in answer.text
    assert f'id="{field}-error"' in answer.text
    assert field == "key" or "kept" in answer.text
    assert len(rules(app)) == 1


def test_it_is_changed_and_removed(app: Flask, bob: FlaskClient, channel_id: UUID) -> None:
    [rule] = rules(app)
    address = f"{PAGES}/rules/{rule.id}"
    assert re.search(r'checked[^>]* value="all"', bob.get(address).text)
    terms = {name: text for name, text in TERMS.items() if name != "with_details"}
    assert bob.post(address, data=terms).status_code == 303
    [changed] = rules(app)
    assert (changed.scope, changed.with_details) == (NotificationScope.MINE, False)
    assert bob.post(f"{address}/remove").status_code == 303
    assert rules(app) == []
    assert bob.get(address).status_code == 404


def test_nobody_else_sees_or_changes_it(
    app: Flask, alice: FlaskClient, charlie: FlaskClient, channel_id: UUID
) -> None:
    [rule] = rules(app)
    for stranger in (alice, charlie):
        for address in (f"{PAGES}/rules/{rule.id}", new(channel_id)):
            assert stranger.get(address).status_code == 404
            assert stranger.post(address, data=TERMS).status_code == 404
        assert stranger.post(f"{PAGES}/rules/{rule.id}/remove").status_code == 404
    assert len(rules(app)) == 1
