"""The page Roles, and who gets which on the page Members."""

import re
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import (
    CustomRole,
    Membership,
    Role,
    StandingApproval,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.role import create_role, set_roles
from opensink_web.operations.decisions.standing_approval import grant
from tests.conftest import Cast
from tests.support.scenarios import admin_of
from tests.support.standing_cases import affirm, asked_by, checked_on, new_agent

PAGE = "/w/main/admin/roles"
MEMBERS = "/w/main/admin/members"
FORM = {
    "name": "Billing",
    "description": "Charges customers.",
    "permissions": "sinas.functions/billing/*.execute:own\n\nacme.invoices.approve:all\n",
}
PATTERNS = ["sinas.functions/billing/*.execute:own", "acme.invoices.approve:all"]


def roles(app: Flask) -> dict[str, list[str]]:
    """Return each role's permissions by its name."""
    with app.app_context(), reading():
        return {role.name: role.permissions for role in db.session.scalars(select(CustomRole))}


def make_role(app: Flask, cast: Cast, *permissions: str, name: str = "Helper") -> UUID:
    with app.app_context(), writing():
        by = admin_of(cast.alice.workspace_id)
        return create_role(by, name=name, description="", permissions=permissions).id


def give(app: Flask, cast: Cast, *role_ids: UUID) -> None:
    """Let Bob have these roles."""
    with app.app_context(), writing():
        set_roles(admin_of(cast.alice.workspace_id), cast.bob.id, set(role_ids))


def roles_of_bob(app: Flask, cast: Cast) -> list[str]:
    with app.app_context(), reading():
        member = db.session.get_one(Membership, (cast.bob.id, cast.bob.workspace_id))
        return [role.name for role in member.custom_roles]


def test_without_any_the_page_says_what_they_are_for(alice: FlaskClient) -> None:
    page = alice.get(PAGE).text
    assert "No roles of your own yet" in page
    assert "sinas.*:all" in page, "the built-in ones are shown"


def test_a_role_is_made_with_a_pattern_in_each_line(app: Flask, alice: FlaskClient) -> None:
    answer = alice.post(f"{PAGE}/new", data=FORM)
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert roles(app) == {"Billing": PATTERNS}
    page = alice.get(PAGE).text
    assert all(text in page for text in (*PATTERNS, FORM["description"]))


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"name": ""}, "name", "Enter a name."),
        ({"name": "n" * 65}, "name", "A name has 1 to 64 characters."),
        ({"permissions": ""}, "permissions", "Choose at least one permission, or enter one."),
        ({"permissions": "\n \n"}, "permissions", "Choose at least one permission"),
        ({"permissions": "sinas.*:all\n\nnonsense"}, "permissions", "Line 3: This must end"),
        ({"permissions": "sinas.agents:all"}, "permissions", "Line 1: This has no action"),
        ({"permissions": "**:all"}, "permissions", "Line 1: Between dots"),
        ({"permissions": "a" * 700}, "permissions", "Line 1: This is longer than 600 characters."),
        (
            {"permissions": "\n".join(f"sinas.a{n}.read:own" for n in range(201))},
            "permissions",
            "A role has 1 to 200 permissions.",
        ),
    ],
)
def test_what_is_wrong_is_said_at_the_field(
    app: Flask, alice: FlaskClient, changes: dict[str, str], field: str, sentence: str
) -> None:
    answer = alice.post(f"{PAGE}/new", data=FORM | changes)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert answer.text.count(sentence) >= 2, "in the summary and at the field"
    assert roles(app) == {}


def test_every_line_that_is_wrong_is_named_at_once(alice: FlaskClient) -> None:
    page = alice.post(f"{PAGE}/new", data=FORM | {"permissions": "a\nsinas.*:all\nb"}).text
    assert "Line 1: " in page
    assert "Line 2: " not in page
    assert "Line 3: " in page


@pytest.mark.parametrize("name", ["Billing", "Admin", "viewer"])
def test_a_name_is_there_once(app: Flask, cast: Cast, alice: FlaskClient, name: str) -> None:
    make_role(app, cast, "sinas.agents.read:all", name="Billing")
    answer = alice.post(f"{PAGE}/new", data=FORM | {"name": name})
    assert answer.status_code == 422
    assert "error-summary" in answer.text
    assert len(roles(app)) == 1


def test_a_role_is_changed_for_everybody_who_has_it(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    role_id = make_role(app, cast, "sinas.agents.write:all")
    give(app, cast, role_id)
    assert bob.get("/w/main/admin/agents").status_code == 200
    assert "sinas.agents.write:all" in alice.get(f"{PAGE}/{role_id}/edit").text
    assert alice.post(f"{PAGE}/{role_id}/edit", data=FORM).status_code == 303
    assert bob.get("/w/main/admin/agents").status_code == 403
    assert "bob@example.com" in alice.get(PAGE).text


def test_a_role_is_deleted_after_a_question(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    role_id = make_role(app, cast, "sinas.agents.write:all")
    give(app, cast, role_id)
    page = alice.get(PAGE).text
    assert "Delete the role Helper?" in page
    assert "One member may no longer do what it allows." in page
    assert alice.post(f"{PAGE}/{role_id}/delete").status_code == 303
    assert roles(app) == {}
    assert bob.get("/w/main/admin/agents").status_code == 403


def test_a_role_that_is_not_there_is_not_found(cast: Cast, alice: FlaskClient) -> None:
    del cast
    assert alice.get(f"{PAGE}/{uuid4()}/edit").status_code == 404
    assert alice.post(f"{PAGE}/{uuid4()}/delete").status_code == 404


class TestMembers:
    def test_roles_are_ticked_for_each_member(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        first = make_role(app, cast, "sinas.agents.write:all", name="First")
        second = make_role(app, cast, "sinas.functions.write:all", name="Second")
        place = f"{MEMBERS}/{cast.bob.id}/roles"
        assert alice.post(place, data={"roles": [str(first), str(second)]}).status_code == 303
        assert roles_of_bob(app, cast) == ["First", "Second"]
        page = alice.get(MEMBERS).text
        assert len(re.findall(r'name="roles" value="[0-9a-f-]+" checked', page)) == 2
        alice.post(place, data={"roles": [str(second)]})
        assert roles_of_bob(app, cast) == ["Second"]
        alice.post(place)
        assert roles_of_bob(app, cast) == []

    def test_what_is_no_role_here_is_passed_over(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        data = {"roles": ["x", str(uuid4()), ""]}
        assert alice.post(f"{MEMBERS}/{cast.bob.id}/roles", data=data).status_code == 303
        assert roles_of_bob(app, cast) == []

    def test_who_leaves_the_workspace_loses_them(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        give(app, cast, make_role(app, cast, "sinas.agents.write:all"))
        alice.post(f"{MEMBERS}/{cast.bob.id}/remove")
        with app.app_context(), writing():
            ours = cast.bob.workspace_id
            db.session.add(Membership(user_id=cast.bob.id, workspace_id=ours, role=Role.VIEWER))
        assert roles_of_bob(app, cast) == []


class TestNobodyGivesOutMoreThanTheyHave:
    """Bob is a reviewer, and looks after members and roles besides."""

    @pytest.fixture
    def own(self, app: Flask, cast: Cast) -> UUID:
        role_id = make_role(
            app, cast, "sinas.members.write:all", "sinas.roles.*:all", "sinas.agents.read:all"
        )
        give(app, cast, role_id)
        return role_id

    def test_he_makes_roles_within_his_own(self, app: Flask, own: UUID, bob: FlaskClient) -> None:
        del own
        data = FORM | {"permissions": "sinas.agents.read:own"}
        assert bob.post(f"{PAGE}/new", data=data).status_code == 303
        assert len(roles(app)) == 2

    @pytest.mark.parametrize(
        "pattern",
        [
            "sinas.*:all",
            "sinas.*.read:all",
            "sinas.agents.write:own",
            "sinas.agents.*:all",
            "sinas.functions/billing/*.execute:own",
            "acme.invoices.approve:all",
        ],
    )
    def test_and_none_beyond_them(
        self, app: Flask, own: UUID, bob: FlaskClient, pattern: str
    ) -> None:
        answer = bob.post(f"{PAGE}/new", data=FORM | {"permissions": pattern})
        assert answer.status_code == 422
        assert f"This is about {pattern}, which goes beyond your own permissions." in answer.text
        answer = bob.post(f"{PAGE}/{own}/edit", data=FORM | {"permissions": pattern})
        assert answer.status_code == 422
        assert list(roles(app)) == ["Helper"]
        assert pattern not in roles(app)["Helper"]

    def test_nor_touches_one_that_reaches_further(
        self, app: Flask, cast: Cast, own: UUID, bob: FlaskClient
    ) -> None:
        mighty = make_role(app, cast, "sinas.workspace.write:all", name="Mighty")
        data = FORM | {"permissions": "sinas.agents.read:own"}
        assert bob.post(f"{PAGE}/{mighty}/edit", data=data).status_code == 422
        bob.post(f"{PAGE}/{mighty}/delete")
        bob.post(f"{MEMBERS}/{cast.bob.id}/roles", data={"roles": [str(own), str(mighty)]})
        assert roles_of_bob(app, cast) == ["Helper"]
        assert {*roles(app)} == {"Helper", "Mighty"}

    def test_nor_gives_or_takes_what_an_admin_has(
        self, cast: Cast, own: UUID, bob: FlaskClient
    ) -> None:
        del own
        for path, data in (
            (f"/{cast.bob.id}/role", {"role": "admin"}),
            (f"/{cast.alice.id}/role", {"role": "viewer"}),
            (f"/{cast.alice.id}/remove", {}),
        ):
            answer = bob.post(MEMBERS + path, data=data)
            assert answer.status_code == 403, path
            assert "goes beyond your own permissions" in answer.text, path
        assert bob.post(f"{MEMBERS}/{cast.alice.id}/reset-link").status_code == 409

    def test_nor_invites_an_admin(self, own: UUID, bob: FlaskClient) -> None:
        del own
        assert bob.post(MEMBERS, data={"role": "admin", "email": ""}).status_code == 422
        assert bob.post(MEMBERS, data={"role": "viewer", "email": ""}).status_code == 201

    @pytest.mark.parametrize("action", ["take", "change", "delete"])
    def test_his_invitations_end_when_he_loses_the_role(
        self, app: Flask, cast: Cast, own: UUID, alice: FlaskClient, bob: FlaskClient, action: str
    ) -> None:
        page = bob.post(MEMBERS, data={"role": "viewer", "email": ""}).text
        (link,) = set(re.findall(r"http://127\.0\.0\.1:7465(/sign-up/[\w-]+)", page))
        assert app.test_client().get(link).status_code == 200
        if action == "take":
            alice.post(f"{MEMBERS}/{cast.bob.id}/roles")
        elif action == "change":
            alice.post(f"{PAGE}/{own}/edit", data=FORM)
        else:
            alice.post(f"{PAGE}/{own}/delete")
        assert app.test_client().get(link).status_code == 404


def demote(alice: FlaskClient, cast: Cast, role_id: UUID) -> str:
    assert alice.post(f"{MEMBERS}/{cast.bob.id}/role", data={"role": "viewer"}).status_code == 303
    return take(alice, cast, role_id)


def take(alice: FlaskClient, cast: Cast, _role_id: UUID) -> str:
    return alice.post(f"{MEMBERS}/{cast.bob.id}/roles", follow_redirects=True).text


def narrow(alice: FlaskClient, _cast: Cast, role_id: UUID) -> str:
    return alice.post(f"{PAGE}/{role_id}/edit", data=FORM, follow_redirects=True).text


def delete(alice: FlaskClient, _cast: Cast, role_id: UUID) -> str:
    return alice.post(f"{PAGE}/{role_id}/delete", follow_redirects=True).text


def take_by_api(alice: FlaskClient, cast: Cast, role_id: UUID) -> str:
    headers = {"Authorization": f"Bearer {cast.alice.api_key}"}
    address = f"/api/v1/roles/{role_id}/members/{cast.bob.id}"
    assert alice.delete(address, headers=headers).status_code == 204
    return "1 standing approval revoked."


@pytest.mark.parametrize("end", [demote, take, narrow, delete, take_by_api])
def test_what_somebody_allowed_beforehand_ends_with_the_role_that_let_them(
    app: Flask,
    cast: Cast,
    alice: FlaskClient,
    end: Callable[[FlaskClient, Cast, UUID], str],
) -> None:
    resources = ("standing_approvals", "agent_session_input_requests")
    role_id = make_role(app, cast, *(f"sinas.{each}.write:all" for each in resources))
    give(app, cast, role_id)
    with app.app_context():
        request_id = asked_by(cast.bob, new_agent(cast.alice))
        affirm(cast.bob, request_id)
        checked = checked_on(cast.bob, request_id)
        with writing():
            workspace = db.session.get_one(Workspace, cast.bob.workspace_id)
            grant(workspace, checked, by=db.session.get_one(User, cast.bob.id))
            if end is not demote:
                db.session.get_one(Membership, (cast.bob.id, workspace.id)).role = Role.VIEWER
    assert "1 standing approval revoked." in end(alice, cast, role_id)
    with app.app_context(), reading():
        assert db.session.scalars(select(StandingApproval)).one().revoked_at is not None
