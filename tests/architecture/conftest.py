"""The cast's keys, as the API's own tests have them, and something for every path to lead to."""

import re
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.contract.route import Route
from tests.api.conftest import (
    NOWHERE,
    Api,
    alice,
    apis,
    delivery_of,
    made,
    make_agent,
    make_function,
    question,
    start_session,
)
from tests.conftest import Cast
from tests.support.chats import chat_input, submit_some
from tests.support.executions import submit_many
from tests.support.standing_cases import granted_on

__all__ = ["alice", "apis"]

CHAIN = {
    "name": "c",
    "time_zone": "UTC",
    "working_hours": {"monday": "09:00-17:00"},
    "steps": [{"after_minutes": 60, "to": "admins"}],
}

JOB = {"name": "j", "interval_minutes": 15, "url": "http://127.0.0.1:9/"}
TOPIC = {"kind": "ntfy", "config": {"topic": "t"}}


def address_of(route: Route, part: str | None = None) -> str:
    """Return an address with this id or name in it, or one that leads nowhere."""
    address = re.sub(r"{\w+_id}", part or NOWHERE, route.address)
    return re.sub(r"{\w+}", part or "nowhere", address)


@pytest.fixture
def ids(app: Flask, cast: Cast, alice: Api) -> dict[str, str]:
    """Something of Alice's for each name that stands in a path."""
    agent = make_agent(alice, execution_endpoint={"url": "http://127.0.0.1:9/"})
    session = start_session(alice, agent["id"])
    request = made(alice.post("/agent-session-input-requests", question(session)))
    body = {"response": {"approved": True}}
    alice.post(f"/agent-session-input-requests/{request['id']}/resolve", body)
    key = made(alice.post("/api-keys", {"name": "k", "scopes": ["all:all"]}))
    role = made(alice.post("/roles", {"name": "r", "permissions": ["sinas.*:all"]}))
    team = made(alice.post("/teams", {"name": "t"}))
    chain = made(alice.post("/escalation-chains", CHAIN))
    away = {"begins_at": "2090-01-01T00:00:00Z", "ends_at": "2090-02-01T00:00:00Z"}
    absence = made(alice.post("/absences", away))
    channel = made(alice.post("/notification-channels", TOPIC))
    tried = alice.post(f"/notification-channels/{channel['id']}/test", {}).json or {}
    function = make_function(alice, namespace="own", name="own")
    with app.app_context():
        submitted = submit_many(cast.alice, UUID(function["id"]), 1)
        approval_id = granted_on(cast.alice, UUID(request["id"]))
        chats = submit_some(cast.alice, UUID(agent["id"]), [chat_input()])
    sink = made(alice.post("/sinks", {"name": "s"}))
    item = made(alice.post(f"/sinks/{sink['id']}/items", {"title": "i"}))
    activities = alice.read("/agent-session-activities")
    return {
        "agent_id": agent["id"],
        "configuration_id": agent["config_id"],
        "session_id": session["id"],
        "request_id": request["id"],
        "activity_id": activities["items"][0]["id"],
        "delivery_id": str(delivery_of(app, cast.alice)),
        "key_id": key["id"],
        "role_id": role["id"],
        "team_id": team["id"],
        "policy_id": made(alice.post("/policies", {"name": "r", "steps": [{}]}))["id"],
        "chain_id": chain["id"],
        "job_id": made(alice.post("/background-jobs", JOB))["id"],
        "absence_id": absence["id"],
        "approval_id": str(approval_id),
        "channel_id": channel["id"],
        "rule_id": channel["rules"][0]["id"],
        "message_id": tried["id"],
        "sink_id": sink["id"],
        "item_id": item["id"],
        "namespace": "own",
        "execution_id": str(submitted.execution_ids[0]),
        "batch_id": str(submitted.id),
        "chat_id": str(chats.chat_ids[0]),
    }
