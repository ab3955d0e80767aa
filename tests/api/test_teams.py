"""/api/v1/teams: making, changing and deleting teams, and who is in them."""

import logging

import pytest
from flask import Flask

from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.ending import remove_member
from tests.api.conftest import Api, Apis, assert_problem, made, wrong_paths
from tests.conftest import Cast
from tests.runtime.conftest import ok
from tests.support.scenarios import admin_of

BODY = {"name": "Finance", "description": "Money."}


def test_a_team_is_made_and_read(alice: Api, cast: Cast) -> None:
    people = [{"id": str(each.id), "email": each.email} for each in (cast.alice, cast.bob)]
    named = [cast.bob.email.upper(), str(cast.alice.id)]
    team = made(alice.post("/teams", BODY | {"members": named}))
    assert (team["name"], team["description"]) == ("Finance", "Money.")
    assert team["members"] == people
    assert alice.read(f"/teams/{team['id']}") == team
    assert alice.read("/teams")["items"] == [team]


def test_what_is_left_out_stays(alice: Api, cast: Cast) -> None:
    team = made(alice.post("/teams", BODY | {"members": [cast.bob.email]}))
    changed = ok(alice.patch(f"/teams/{team['id']}", {"description": "Cash."}))
    assert changed == team | {"description": "Cash.", "updated_at": changed["updated_at"]}
    changed = ok(alice.patch(f"/teams/{team['id']}", {"members": [cast.alice.email]}))
    assert [each["email"] for each in changed["members"]] == [cast.alice.email]
    changed = ok(alice.patch(f"/teams/{team['id']}", {"members": []}))
    assert changed["members"] == []


def test_only_members_of_the_workspace_can_be_in_it(alice: Api, cast: Cast) -> None:
    named = [cast.bob.email, "charlie@example.com", "nobody", str(cast.charlie.id)]
    answer = alice.post("/teams", BODY | {"members": named})
    assert wrong_paths(answer) == ["/members/1", "/members/2", "/members/3"]
    assert alice.read("/teams")["items"] == []


@pytest.mark.parametrize("name", ["Finance", "finance", " FINANCE ", "F\u0456nance"])
def test_no_two_names_look_alike(alice: Api, name: str) -> None:
    made(alice.post("/teams", BODY))
    other = made(alice.post("/teams", {"name": "Support"}))
    assert_problem(alice.post("/teams", {"name": name}), 409, "conflict")
    assert_problem(alice.patch(f"/teams/{other['id']}", {"name": name}), 409, "conflict")


@pytest.mark.parametrize("name", ["", "  ", "n" * 65, "Fin\u200bance"])
def test_a_name_that_is_none_is_refused(alice: Api, name: str) -> None:
    assert wrong_paths(alice.post("/teams", {"name": name})) == ["/name"]


def test_a_name_keeps_its_case_when_it_is_written_anew(alice: Api) -> None:
    team = made(alice.post("/teams", BODY))
    assert ok(alice.patch(f"/teams/{team['id']}", {"name": "FINANCE"}))["name"] == "FINANCE"


def test_who_leaves_the_workspace_leaves_its_teams(app: Flask, alice: Api, cast: Cast) -> None:
    team = made(alice.post("/teams", BODY | {"members": [cast.bob.email, cast.alice.email]}))
    with app.app_context(), writing():
        remove_member(admin_of(cast.alice.workspace_id), cast.bob.id)
    left = alice.read(f"/teams/{team['id']}")["members"]
    assert [each["email"] for each in left] == [cast.alice.email]


def test_everybody_sees_teams_and_admins_change_them(apis: Apis) -> None:
    team = made(apis.alice.post("/teams", BODY))
    assert apis.bob.read("/teams")["items"] == [team]
    assert_problem(apis.bob.post("/teams", BODY), 403, "permission_missing")
    there = f"/teams/{team['id']}"
    assert_problem(apis.bob.patch(there, {"name": "x"}), 403, "permission_missing")
    assert_problem(apis.bob.delete(there), 403, "permission_missing")


def test_another_workspace_sees_nothing_of_them(apis: Apis) -> None:
    team = made(apis.alice.post("/teams", BODY))
    there = f"/teams/{team['id']}"
    assert apis.charlie.read("/teams")["items"] == []
    for answer in (
        apis.charlie.get(there),
        apis.charlie.patch(there, {"name": "x"}),
        apis.charlie.delete(there),
    ):
        assert_problem(answer, 404, "not_found")
    made(apis.charlie.post("/teams", BODY))


def test_a_deleted_team_is_gone(alice: Api, cast: Cast) -> None:
    team = made(alice.post("/teams", BODY | {"members": [cast.bob.email]}))
    assert alice.delete(f"/teams/{team['id']}").status_code == 204
    assert_problem(alice.get(f"/teams/{team['id']}"), 404, "not_found")
    made(alice.post("/teams", BODY))


def test_changes_are_in_the_audit_log(alice: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "opensink.audit"):
        team = made(alice.post("/teams", BODY))
        alice.patch(f"/teams/{team['id']}", {"name": "Cash"})
        alice.delete(f"/teams/{team['id']}")
    events = [line.split(" by=")[0] for line in caplog.messages if "team" in line]
    assert events == [
        'team_created team="Finance"',
        'team_changed team="Cash"',
        'team_deleted team="Cash"',
    ]
