"""What the examples of the API name of people and of how they are told, made on a stage."""

from typing import TYPE_CHECKING
from uuid import UUID

from opensink_web.models import NotificationChannel, db
from tests.conftest import PASSWORD

if TYPE_CHECKING:  # whose stage has these as well
    from tests.support.example_cast import Stage


def a_key(stage: "Stage") -> str:
    return str(stage.make("/api-keys", {"name": "Nightly run", "scopes": ["agents:read"]})["id"])


def a_role(stage: "Stage") -> str:
    permissions = ["sinas.agents.read:all", "sinas.functions/billing/*.execute:own"]
    return str(stage.make("/roles", {"name": "Buyer", "permissions": permissions})["id"])


def a_member_with_it(stage: "Stage") -> str:
    member = {"member": stage.cast.bob.email}
    return str(stage.make(f"/roles/{stage['role_id']}/members", member)["id"])


def a_team(stage: "Stage") -> str:
    team = {"name": "Purchasing", "members": [stage.cast.alice.email, stage.cast.bob.email]}
    return str(stage.make("/teams", team)["id"])


def an_absence(stage: "Stage") -> str:
    away = {"begins_at": "{+1d}", "ends_at": "{+15d}", "deputy": stage.cast.bob.email}
    return str(stage.make("/absences", away)["id"])


def a_policy(stage: "Stage") -> str:
    condition = {"properties": {"amount": {"minimum": 10000}}, "required": ["amount"]}
    steps = [{"name": "Finance", "assignees": [{"team": stage["team_id"]}]}]
    body = {"name": "Large amounts", "condition": condition, "steps": steps}
    return str(stage.make("/policies", body)["id"])


def a_chain(stage: "Stage") -> str:
    body = {
        "name": "Purchasing",
        "time_zone": "Europe/Berlin",
        "working_hours": {"monday": "09:00-17:00", "tuesday": "09:00-17:00"},
        "steps": [{"after_minutes": 60, "to": {"user": stage.cast.bob.email}}],
    }
    return str(stage.make("/escalation-chains", body)["id"])


def a_channel(stage: "Stage") -> str:
    body = {"kind": "ntfy", "name": "Phone", "config": {"topic": "purchasing-7Hk2"}}
    channel = stage.make("/notification-channels", body)
    stage.names["rule_id"] = channel["rules"][0]["id"]
    return str(channel["id"])


def an_unconfirmed_channel(stage: "Stage") -> None:
    """Let a code be sent to an address that is not Alice's own."""
    body = {"kind": "email", "config": {"address": "purchasing@example.com"}}
    channel = stage.make("/notification-channels", body)
    stage.names["channel_id"] = channel["id"]
    with stage.app.app_context():
        row = db.session.get_one(NotificationChannel, UUID(channel["id"]))
        stage.names["code"] = str(row.code)


def a_rule(stage: "Stage") -> str:
    stage["channel_id"]
    return stage["rule_id"]


def a_message(stage: "Stage") -> str:
    there = f"/api/v1/notification-channels/{stage['channel_id']}/test"
    return str(stage.do(there, {})["id"])


def a_refresh_token(stage: "Stage") -> str:
    body = {"email": stage.cast.alice.email, "password": PASSWORD}
    return str(stage.do("/auth/login", body)["refresh_token"])
