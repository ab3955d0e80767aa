"""/api/v1/notification-channels: one's own, and nobody else's; secrets go in and never come out."""

from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from opensink_web.models import AuditAction
from tests.api.conftest import Api, Apis, made, wrong_paths
from tests.conftest import Cast
from tests.runtime.conftest import ok
from tests.support.audit import entries_of
from tests.support.review_cases import make_viewer

CHANNELS = "/notification-channels"
NONE: dict[str, Any] = {}
TOPIC: dict[str, Any] = {"kind": "ntfy", "config": {"topic": "bob-7Hk2", "token": "tk_secret"}}


@pytest.fixture
def bob(apis: Apis) -> Api:
    return apis.bob


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"SMTP_HOST": "127.0.0.1", "SMTP_FROM": "sink@example.com"}


def tried(api: Api, channel: str) -> Any:
    """Send a test; return the message."""
    answer = api.post(f"{channel}/test", NONE)
    assert answer.status_code == 202, answer.text
    return answer.json


def test_a_channel_is_set_up_changed_and_removed(app: Flask, bob: Api, cast: Cast) -> None:
    channel = made(bob.post(CHANNELS, TOPIC))
    assert channel["config"] == {"topic": "bob-7Hk2", "server": "https://ntfy.sh"}
    assert (channel["name"], channel["place"]) == ("ntfy", "ntfy.sh/bob…")
    assert (channel["is_active"], channel["is_confirmed"]) == (True, True)
    assert [each["scope"] for each in channel["rules"]] == ["all"]
    there = f"{CHANNELS}/{channel['id']}"
    assert bob.read(there) == channel
    assert bob.read(CHANNELS)["items"] == [channel]
    renamed = ok(bob.patch(there, {"name": "Phone", "config": {"topic": "bob-other"}}))
    assert (renamed["name"], renamed["config"]["topic"]) == ("Phone", "bob-other")
    secret = {"username": "bob", "password": "hunter2"}
    refused = bob.patch(there, {"config": secret})
    assert refused.status_code == 400, "the token is there still"
    changed = ok(bob.patch(there, {"config": {**secret, "token": None}, "is_active": False}))
    assert changed["config"] == renamed["config"] | {"username": "bob"}
    assert changed["is_active"] is False
    assert "secret" not in bob.get(CHANNELS).text
    assert "hunter2" not in bob.get(there).text
    assert bob.post(f"{there}/test", NONE).status_code == 409
    ok(bob.patch(there, {"is_active": True}))
    message = tried(bob, there)
    assert (message["kind"], message["status"]) == ("test", "due")
    assert bob.read(f"/notification-messages/{message['id']}") == message
    assert bob.read("/notification-messages")["items"] == [message]
    assert bob.delete(there).status_code == 204
    assert bob.get(there).status_code == 404
    with app.app_context():
        assert len(entries_of(cast.bob.workspace_id, AuditAction.CHANNEL_REMOVED)) == 1


def test_its_rules_are_added_replaced_and_removed(bob: Api) -> None:
    channel = made(bob.post(CHANNELS, TOPIC))
    there = f"{CHANNELS}/{channel['id']}"
    body = {"scope": "mine", "key": "pay", "mode": "digest", "digest_minutes": 30}
    rule = made(bob.post(f"{there}/rules", body))
    assert body.items() <= rule.items()
    assert (rule["with_details"], rule["channel_id"]) == (True, channel["id"])
    place = f"/notification-rules/{rule['id']}"
    replaced = ok(bob.put(place, {"scope": "mentions", "with_details": False}))
    assert (replaced["scope"], replaced["key"], replaced["with_details"]) == (
        "mentions",
        None,
        False,
    )
    assert replaced in bob.read(there)["rules"]
    for wrong in ({"agent_id": str(uuid4())}, {"min_priority": 101}, {"digest_minutes": 0}):
        assert bob.put(place, wrong).status_code == 400, wrong
    assert bob.delete(place).status_code == 204
    assert bob.delete(place).status_code == 404
    assert len(bob.read(there)["rules"]) == 1


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"kind": "pigeon", "config": {}}, "/kind"),
        ({"kind": "web_push", "config": {}}, "/kind"),
        ({"kind": "ntfy", "config": {}}, "/config/topic"),
        ({"kind": "ntfy", "config": {"topic": "a", "server": "http://10.0.0.1"}}, "/config/server"),
        ({"kind": "slack", "config": {"webhook_url": "https://127.0.0.1/"}}, "/config/webhook_url"),
        ({"kind": "email", "config": {"address": "nobody"}}, "/config/address"),
        ({"kind": "ntfy", "name": "\u200b", "config": {"topic": "a"}}, "/name"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(
    bob: Api, body: dict[str, Any], path: str
) -> None:
    refused = bob.post(CHANNELS, body)
    assert refused.status_code == 400
    assert wrong_paths(refused) == [path]
    assert bob.read(CHANNELS)["items"] == []


def test_another_s_address_is_confirmed_first(bob: Api) -> None:
    body = {"kind": "email", "config": {"address": "team@example.com"}}
    channel = made(bob.post(CHANNELS, body))
    there = f"{CHANNELS}/{channel['id']}"
    assert channel["is_confirmed"] is False
    assert bob.post(f"{there}/test", NONE).status_code == 409
    refused = bob.post(f"{there}/confirm", {"code": "000000x"})
    assert refused.status_code == 400
    assert bob.read(there)["is_confirmed"] is False
    answers = [bob.post(CHANNELS, body).status_code for _ in range(10)]
    assert answers == [201] * 9 + [429], "the address may be a stranger's"


def test_they_are_nobody_else_s_and_a_viewer_has_their_own(
    app: Flask, apis: Apis, bob: Api, cast: Cast
) -> None:
    channel = made(bob.post(CHANNELS, TOPIC))
    there = f"{CHANNELS}/{channel['id']}"
    rule = f"/notification-rules/{channel['rules'][0]['id']}"
    message = f"/notification-messages/{tried(bob, there)['id']}"
    for other in (apis.alice, apis.charlie):
        assert other.read(CHANNELS)["items"] == []
        answers = [
            other.get(there),
            other.get(message),
            other.patch(there, {"name": "x"}),
            other.delete(there),
            other.post(f"{there}/test", NONE),
            other.post(f"{there}/confirm", {"code": "1"}),
            other.post(f"{there}/rules", NONE),
            other.put(rule, {}),
            other.delete(rule),
        ]
        assert [each.status_code for each in answers] == [404] * 9
    make_viewer(app, cast.bob)
    assert bob.read(there) == channel
    assert made(bob.post(CHANNELS, TOPIC))["is_active"] is True
