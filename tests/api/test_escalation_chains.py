"""/api/v1/escalation-chains: making, changing and deleting them."""

from typing import Any

import pytest
from flask import Flask

from opensink_web.models import AuditAction
from tests.api.conftest import Api, Apis, ask, assert_problem, made, wrong_paths
from tests.conftest import Cast
from tests.runtime.conftest import ok
from tests.support.audit import entries_of

CHAINS = "/escalation-chains"
BODY: dict[str, Any] = {
    "name": "Office",
    "time_zone": "Europe/Berlin",
    "working_hours": {"monday": "9:00 - 17:00", "tuesday": "22:00-06:00"},
    "holidays": ["2026-12-25", "2026-12-24"],
    "steps": [{"after_minutes": 120, "to": "admins"}, {"after_minutes": 60, "to": "assignees"}],
}


def test_a_chain_is_made_and_read(app: Flask, alice: Api, cast: Cast) -> None:
    team = made(alice.post("/teams", {"name": "Finance", "members": [cast.bob.email]}))
    steps = [
        *BODY["steps"],
        {"after_minutes": 180, "to": {"team": "finance"}, "also_assign": True},
        {"after_minutes": 240, "to": {"user": cast.bob.email}},
    ]
    chain = made(alice.post(CHAINS, BODY | {"steps": steps}))
    assert chain["working_hours"] == {"monday": "09:00-17:00", "tuesday": "22:00-06:00"}
    assert chain["holidays"] == ["2026-12-24", "2026-12-25"]
    assert [
        (each["after_minutes"], each["to"], each["also_assign"]) for each in chain["steps"]
    ] == [
        (60, "assignees", False),
        (120, "admins", False),
        (180, {"team": team["id"]}, True),
        (240, {"user": str(cast.bob.id)}, False),
    ]
    assert (chain["revision"], chain["agent_id"], chain["function_id"]) == (1, None, None)
    assert alice.read(f"{CHAINS}/{chain['id']}") == chain
    assert alice.read(CHAINS)["items"] == [chain]
    assert ok(alice.patch(f"{CHAINS}/{chain['id']}", chain))["revision"] == 1, "it may be echoed"
    with app.app_context():
        (entry,) = entries_of(cast.alice.workspace_id, AuditAction.ESCALATION_CREATED)
    assert str(entry.subject_id) == chain["id"]


def test_what_is_left_out_stays_and_what_it_says_is_a_revision(alice: Api) -> None:
    chain = made(alice.post(CHAINS, BODY))
    there = f"{CHAINS}/{chain['id']}"
    renamed = ok(alice.patch(there, {"name": "Desk"}))
    assert renamed == chain | {"name": "Desk", "updated_at": renamed["updated_at"]}
    steps = [{"after_minutes": 0, "to": "admins", "also_assign": False}]
    changed = ok(alice.patch(there, {"steps": steps}))
    assert (changed["revision"], changed["steps"]) == (2, steps)
    assert ok(alice.patch(there, {"is_active": False}))["is_active"] is False


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"name": ""}, ["/name"]),
        ({"time_zone": "Berlin"}, ["/time_zone"]),
        ({"time_zone": "../etc/passwd"}, ["/time_zone"]),
        ({"working_hours": {}}, ["/working_hours"]),
        ({"working_hours": {"monday": "9 to 5"}}, ["/working_hours/monday"]),
        ({"working_hours": {"monday": "09:00-25:00"}}, ["/working_hours/monday"]),
        ({"working_hours": {"mondey": "09:00-17:00"}}, ["/working_hours/mondey"]),
        ({"holidays": ["2026-02-30"]}, ["/holidays/0"]),
        ({"steps": []}, ["/steps"]),
        ({"steps": [{"after_minutes": 1, "to": {"user": "charlie@example.com"}}]}, ["/steps/0/to"]),
        (
            {"steps": [{"after_minutes": 1, "to": "admins", "also_assign": True}]},
            ["/steps/0/also_assign"],
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(
    alice: Api, changes: dict[str, Any], paths: list[str]
) -> None:
    assert wrong_paths(alice.post(CHAINS, BODY | changes)) == paths
    assert alice.read(CHAINS)["items"] == []


def test_one_for_each_agent_and_one_for_all_the_others(alice: Api) -> None:
    agent_id = ask(alice)["agent_id"]
    made(alice.post(CHAINS, BODY))
    assert_problem(alice.post(CHAINS, BODY | {"name": "Other"}), 409, "conflict")
    own = made(alice.post(CHAINS, BODY | {"agent_id": agent_id}))
    assert_problem(alice.post(CHAINS, BODY | {"agent_id": agent_id}), 409, "conflict")
    assert_problem(alice.patch(f"{CHAINS}/{own['id']}", {"agent_id": None}), 409, "conflict")
    assert alice.delete(f"/agents/{agent_id}").status_code == 204
    assert [each["name"] for each in alice.read(CHAINS)["items"]] == ["Office"]


def test_one_is_deleted(alice: Api) -> None:
    chain = made(alice.post(CHAINS, BODY))
    assert alice.delete(f"{CHAINS}/{chain['id']}").status_code == 204
    assert_problem(alice.get(f"{CHAINS}/{chain['id']}"), 404, "not_found")
    assert_problem(alice.delete(f"{CHAINS}/{chain['id']}"), 404, "not_found")


def test_everybody_sees_them_and_admins_change_them(apis: Apis) -> None:
    chain = made(apis.alice.post(CHAINS, BODY))
    there = f"{CHAINS}/{chain['id']}"
    assert apis.bob.read(CHAINS)["items"] == [chain]
    assert_problem(apis.bob.post(CHAINS, BODY), 403, "permission_missing")
    assert_problem(apis.bob.patch(there, {"name": "x"}), 403, "permission_missing")
    assert_problem(apis.bob.delete(there), 403, "permission_missing")


def test_another_workspace_sees_nothing_of_them(apis: Apis) -> None:
    agent_id = ask(apis.alice)["agent_id"]
    chain = made(apis.alice.post(CHAINS, BODY))
    there = f"{CHAINS}/{chain['id']}"
    assert apis.charlie.read(CHAINS)["items"] == []
    assert_problem(apis.charlie.get(there), 404, "not_found")
    assert_problem(apis.charlie.patch(there, {"name": "x"}), 404, "not_found")
    assert_problem(apis.charlie.delete(there), 404, "not_found")
    assert_problem(apis.charlie.post(CHAINS, BODY | {"agent_id": agent_id}), 404, "not_found")
