"""/api/v1/roles: making, giving and taking the roles of a workspace's own."""

import logging

import pytest
from flask import Flask

from tests.api.conftest import Api, Apis, assert_problem, key_with, made, wrong_paths
from tests.conftest import Cast
from tests.runtime.conftest import ok

BODY = {"name": "Billing", "permissions": ["sinas.agents.write:all", "acme.invoices.read:all"]}


def test_a_role_is_made_and_read(alice: Api, cast: Cast) -> None:
    role = made(alice.post("/roles", BODY))
    assert role["permissions"] == BODY["permissions"]
    assert (role["description"], role["workspace_id"]) == ("", str(cast.alice.workspace_id))
    assert alice.read(f"/roles/{role['id']}") == role
    assert alice.read("/roles")["items"] == [role]


def test_every_permission_that_is_none_is_named(alice: Api) -> None:
    body = {"name": "x", "permissions": ["sinas.*:all", "", "**", "sinas.agents:all", "x" * 601]}
    assert wrong_paths(alice.post("/roles", body)) == [
        "/permissions/1",
        "/permissions/2",
        "/permissions/3",
        "/permissions/4",
    ]
    assert wrong_paths(alice.post("/roles", {"name": "x", "permissions": []})) == ["/permissions"]


def test_a_name_is_there_once(alice: Api) -> None:
    made(alice.post("/roles", BODY))
    assert_problem(alice.post("/roles", BODY), 409, "conflict")
    assert_problem(alice.post("/roles", BODY | {"name": "REVIEWER"}), 409, "conflict")
    assert alice.post("/roles", BODY | {"name": "Other"}).status_code == 201


def test_what_is_left_out_stays(alice: Api) -> None:
    role = made(alice.post("/roles", BODY))
    changed = ok(alice.patch(f"/roles/{role['id']}", {"description": "Charges."}))
    assert changed == role | {"description": "Charges.", "updated_at": changed["updated_at"]}
    assert_problem(
        alice.patch(f"/roles/{role['id']}", {"permissions": ["x"]}), 400, "invalid_request"
    )


def test_a_member_who_gets_it_may_do_more_at_once(apis: Apis, cast: Cast) -> None:
    role = made(apis.alice.post("/roles", BODY))
    members = f"/roles/{role['id']}/members"
    assert_problem(apis.bob.post("/agents", {"name": "A"}), 403, "permission_missing")

    given = made(apis.alice.post(members, {"member": cast.bob.email}))
    assert given == {"id": str(cast.bob.id), "email": cast.bob.email}
    made(apis.alice.post(members, {"member": str(cast.bob.id)}))
    assert apis.alice.read(members)["items"] == [given]
    assert apis.bob.post("/agents", {"name": "A"}).status_code == 201
    me = ok(apis.bob.at("/auth/me", "GET"))
    assert me["roles"] == ["reviewer", "Billing"]
    assert {*BODY["permissions"]} <= {*me["permissions"]}

    assert apis.alice.delete(f"{members}/{cast.bob.id}").status_code == 204
    assert_problem(apis.alice.delete(f"{members}/{cast.bob.id}"), 404, "not_found")
    assert_problem(apis.bob.post("/agents", {"name": "B"}), 403, "permission_missing")


def test_a_deleted_role_allows_nothing(apis: Apis, cast: Cast) -> None:
    role = made(apis.alice.post("/roles", BODY))
    made(apis.alice.post(f"/roles/{role['id']}/members", {"member": cast.bob.email}))
    assert apis.alice.delete(f"/roles/{role['id']}").status_code == 204
    assert_problem(apis.bob.post("/agents", {"name": "A"}), 403, "permission_missing")


@pytest.mark.parametrize("member", ["charlie@example.com", "nobody@example.com", "x"])
def test_only_members_get_roles(alice: Api, cast: Cast, member: str) -> None:
    role = made(alice.post("/roles", BODY))
    answers = [
        alice.post(f"/roles/{role['id']}/members", {"member": each})
        for each in (member, str(cast.charlie.id))
    ]
    for answer in answers:
        assert_problem(answer, 404, "not_found")


def test_a_key_gives_out_no_more_than_its_scopes(app: Flask, alice: Api) -> None:
    key = key_with(alice, app, "roles:all", "agents:read")
    assert_problem(key.post("/roles", BODY), 403, "permission_missing")
    assert key.post("/roles", {"name": "r", "permissions": ["sinas.agents.read:all"]}).json


def test_who_may_not_look_after_roles_may_not_read_them(apis: Apis) -> None:
    assert_problem(apis.bob.get("/roles"), 403, "permission_missing")


def test_what_is_done_to_roles_is_in_the_audit_log(
    alice: Api, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "opensink.audit")
    role = made(alice.post("/roles", BODY))
    made(alice.post(f"/roles/{role['id']}/members", {"member": cast.bob.email}))
    alice.post(f"/roles/{role['id']}/members", {"member": "nobody@example.com"})
    alice.delete(f"/roles/{role['id']}")
    lines = [record.getMessage() for record in caplog.records if record.name == "opensink.audit"]
    assert [line.split(" ", 1)[0] for line in lines] == [
        "role_created",
        "role_given",
        "role_deleted",
    ]
    assert f'role="Billing" by="{cast.alice.id}"' in lines[1]
    assert f'person="{cast.bob.id}"' in lines[1]
