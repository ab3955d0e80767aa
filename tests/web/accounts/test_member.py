"""Members and their roles, and the links that invite others."""

import re
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import Invitation, Membership, Role, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.invitation import invite
from tests.conftest import Cast
from tests.web.conftest import browser_of

PAGE = "/w/main/admin/members"
LINK = re.compile(r"http://127\.0\.0\.1:7465(/sign-up/[\w-]+)")


def roles(app: Flask, cast: Cast) -> dict[UUID, Role]:
    with app.app_context(), reading():
        query = select(Membership).where(Membership.workspace_id == cast.alice.workspace_id)
        return {each.user_id: each.role for each in db.session.scalars(query)}


def invitations(app: Flask) -> list[tuple[UUID, Role, str | None]]:
    with app.app_context(), reading():
        return [(each.id, each.role, each.email) for each in db.session.scalars(select(Invitation))]


def test_the_page_shows_the_members_and_nobody_else(alice: FlaskClient) -> None:
    page = alice.get(PAGE).text
    assert "alice@example.com" in page
    assert "bob@example.com" in page
    assert "charlie@example.com" not in page


def test_a_role_can_be_changed(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    answer = alice.post(f"{PAGE}/{cast.bob.id}/role", data={"role": "viewer"})
    assert answer.status_code == 303
    assert roles(app, cast)[cast.bob.id] is Role.VIEWER
    assert "bob@example.com is a viewer now." in alice.get(PAGE).text


def test_a_role_that_there_is_not_changes_nothing(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    answer = alice.post(f"{PAGE}/{cast.bob.id}/role", data={"role": "owner"})
    assert answer.status_code == 422
    assert "Choose one of the roles." in answer.text
    assert roles(app, cast)[cast.bob.id] is Role.REVIEWER


def test_a_member_can_be_removed(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    answer = alice.post(f"{PAGE}/{cast.bob.id}/remove")
    assert answer.status_code == 303
    assert cast.bob.id not in roles(app, cast)
    assert bob.get("/w/main/inbox").location.startswith("/sign-in")


def test_whoever_comes_back_does_not_get_the_old_keys_back(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    alice.post(f"{PAGE}/{cast.bob.id}/remove")
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        token = invite(workspace, role=Role.REVIEWER, email=None, by=None)
    assert browser_of(app, cast.bob).post(f"/sign-up/{token}/join").status_code == 303
    client = app.test_client()
    assert client.get("/api/v1/agents", headers=cast.bob.headers).status_code == 401
    assert client.get("/api/v1/agents", headers=cast.alice.headers).status_code == 200


def test_the_last_admin_stays_one(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    before = roles(app, cast)
    for action in ("role", "remove"):
        answer = alice.post(f"{PAGE}/{cast.alice.id}/{action}", data={"role": "viewer"})
        assert answer.status_code == 409
        assert "A workspace needs an admin" in answer.text
    assert roles(app, cast) == before


@pytest.mark.parametrize("action", ["role", "remove"])
def test_an_admin_who_steps_down_is_led_out_of_the_admins_pages(
    app: Flask, cast: Cast, alice: FlaskClient, action: str
) -> None:
    alice.post(f"{PAGE}/{cast.bob.id}/role", data={"role": "admin"})
    answer = alice.post(f"{PAGE}/{cast.alice.id}/{action}", data={"role": "viewer"})
    assert answer.location == "/"
    assert alice.get("/", follow_redirects=True).status_code == 200


def test_somebody_who_is_no_member_is_not_found(cast: Cast, alice: FlaskClient) -> None:
    for stranger in (cast.charlie.id, uuid4()):
        data = {"role": "viewer"}
        assert alice.post(f"{PAGE}/{stranger}/role", data=data).status_code == 404
        assert alice.post(f"{PAGE}/{stranger}/remove").status_code == 404


def test_an_invitation_is_shown_once_and_lets_in(app: Flask, alice: FlaskClient) -> None:
    answer = alice.post(PAGE, data={"role": "viewer", "email": "Dora@example.com"})
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    (_, role, email) = invitations(app)[-1]
    assert (role, email) == (Role.VIEWER, "dora@example.com")
    (path,) = set(LINK.findall(answer.text))
    assert app.test_client().get(path).status_code == 200
    later = alice.get(PAGE).text
    assert not LINK.search(later)
    assert "dora@example.com" in later


def test_an_invitation_needs_no_address(app: Flask, alice: FlaskClient) -> None:
    assert alice.post(PAGE, data={"role": "reviewer", "email": ""}).status_code == 201
    assert invitations(app)[-1][1:] == (Role.REVIEWER, None)


@pytest.mark.parametrize(
    "data", [{"role": "reviewer", "email": "no address"}, {"role": "owner", "email": ""}]
)
def test_an_invitation_that_is_wrong_is_not_made(
    app: Flask, alice: FlaskClient, data: dict[str, str]
) -> None:
    answer = alice.post(PAGE, data=data)
    assert answer.status_code == 422
    assert "Please check what you entered" in answer.text
    assert data["email"] in answer.text
    assert invitations(app) == []


def test_a_revoked_invitation_opens_nothing(app: Flask, alice: FlaskClient) -> None:
    made = alice.post(PAGE, data={"role": "viewer"})
    path = LINK.findall(made.text)[0]
    assert alice.post(f"{PAGE}/invitations/{invitations(app)[0][0]}/revoke").location == PAGE
    assert app.test_client().get(path).status_code == 404
    assert invitations(app) == []


@pytest.mark.parametrize("action", ["role", "remove"])
def test_the_links_of_an_admin_who_is_none_any_more_invite_nobody(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, action: str
) -> None:
    alice.post(f"{PAGE}/{cast.bob.id}/role", data={"role": "admin"})
    paths = [LINK.findall(each.post(PAGE, data={"role": "admin"}).text)[0] for each in (alice, bob)]
    alice.post(f"{PAGE}/{cast.bob.id}/{action}", data={"role": "reviewer"})
    browser = app.test_client()
    assert [browser.get(path).status_code for path in paths] == [200, 404]


def test_an_invitation_to_elsewhere_cannot_be_revoked(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    with app.app_context(), writing():
        theirs = db.session.get_one(Workspace, cast.charlie.workspace_id)
        invite(theirs, role=Role.VIEWER, email=None, by=None)
    invitation_id = invitations(app)[0][0]
    assert alice.post(f"{PAGE}/invitations/{invitation_id}/revoke").status_code == 404
    assert len(invitations(app)) == 1


def test_changes_by_get_are_refused(cast: Cast, alice: FlaskClient) -> None:
    assert alice.get(f"{PAGE}/{cast.bob.id}/remove").status_code == 405
    assert alice.get(f"{PAGE}/{cast.bob.id}/role").status_code == 405


def test_a_reviewer_may_not(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    before = roles(app, cast)
    assert bob.get(PAGE).status_code == 403
    assert bob.post(PAGE, data={"role": "admin"}).status_code == 403
    assert bob.post(f"{PAGE}/{cast.bob.id}/role", data={"role": "admin"}).status_code == 403
    assert (roles(app, cast), invitations(app)) == (before, [])


def test_nobody_from_elsewhere_sees_it(app: Flask, cast: Cast, charlie: FlaskClient) -> None:
    before = roles(app, cast)
    assert charlie.get(PAGE).status_code == 404
    assert charlie.post(f"{PAGE}/{cast.bob.id}/remove").status_code == 404
    assert roles(app, cast) == before


def test_signed_out_it_leads_to_the_sign_in(app: Flask, cast: Cast) -> None:
    assert app.test_client().get(PAGE).location == f"/sign-in?next={PAGE}"
