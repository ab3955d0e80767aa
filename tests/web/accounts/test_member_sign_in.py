"""The page Sign-ins: where members are signed in, and an admin who ends it."""

import re
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import AuditAction, AuditEntry, Membership, Role, User, UserSession, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.member_sign_in import end_member_session
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.program_session import begin_program_session
from opensink_web.operations.accounts.role import create_role, set_roles
from opensink_web.operations.accounts.user import deactivate_member
from tests.conftest import Cast
from tests.support.scenarios import admin_of
from tests.web.conftest import browser_of

PAGE = "/w/main/admin/sign-ins"
ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
TAGS = re.compile(r"<[^>]+>|\s+")


def rows(page: str) -> list[str]:
    """Return what the lines of the tables say."""
    return [" ".join(TAGS.sub(" ", row).split()) for row in ROW.findall(page)]


def row_of(page: str, email: str) -> str:
    (row,) = (each for each in rows(page) if email in each)
    return row


def sessions_of(app: Flask, user_id: UUID) -> list[UUID]:
    with app.app_context(), reading():
        query = select(UserSession.id).where(UserSession.user_id == user_id)
        return list(db.session.scalars(query.order_by(UserSession.id)))


def begin_program(app: Flask, cast: Cast, user_id: UUID, workspace_id: UUID) -> UUID:
    with app.app_context(), writing():
        user, workspace = db.session.get_one(User, user_id), admin_of(workspace_id).workspace
        begun = begin_program_session(
            user, workspace, user_agent="trader/1.0 (x)", remote_address="192.0.2.4"
        )
        return begun.session.id


def join_charlies(app: Flask, cast: Cast, user_id: UUID) -> None:
    """Have somebody be a member of Charlie's workspace as well."""
    with app.app_context(), writing():
        of = cast.charlie.workspace_id
        db.session.add(Membership(user_id=user_id, workspace_id=of, role=Role.VIEWER))


def noted(app: Flask, action: AuditAction) -> list[tuple[UUID, UUID | None, UUID]]:
    """Return where something is in the audit: (workspace, who, of whom)."""
    with app.app_context(), reading():
        query = select(AuditEntry).where(AuditEntry.action == action)
        return [
            (each.workspace_id, each.user_id, each.subject_id) for each in db.session.scalars(query)
        ]


def test_the_list_says_how_each_member_is_signed_in(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    begin_program(app, cast, cast.bob.id, cast.bob.workspace_id)
    page = alice.get(PAGE).text
    assert re.search(r"bob@example\.com 1 1 .*UTC 1 ", row_of(page, cast.bob.email))
    assert cast.charlie.email not in page


def test_a_member_has_a_page_with_browsers_programs_and_keys(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    begin_program(app, cast, cast.bob.id, cast.bob.workspace_id)
    page = alice.get(f"{PAGE}/{cast.bob.id}").text
    assert "A program (trader/1.0)" in page
    assert "192.0.2.4" in page
    assert page.count('data-label="Where"') == 2
    assert f"{cast.bob.api_key[:10]}…" in page


def test_one_browser_is_signed_out(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    other = browser_of(app, cast.bob)
    first, _ = sessions_of(app, cast.bob.id)
    answer = alice.post(f"{PAGE}/{cast.bob.id}/{first}/end")
    assert (answer.status_code, answer.location) == (303, f"{PAGE}/{cast.bob.id}")
    assert "bob@example.com is signed out there." in alice.get(answer.location).text
    assert bob.get("/w/main/inbox").status_code == 303
    assert other.get("/w/main/inbox").status_code == 200
    mine, theirs = (cast.alice.workspace_id, cast.alice.id), cast.bob.id
    assert noted(app, AuditAction.SESSION_ENDED) == [(*mine, theirs)]


def test_a_member_is_signed_out_everywhere_but_keeps_their_keys(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    begin_program(app, cast, cast.bob.id, cast.bob.workspace_id)
    assert alice.post(f"{PAGE}/{cast.bob.id}/end").status_code == 303
    assert sessions_of(app, cast.bob.id) == []
    assert bob.get("/w/main/inbox").status_code == 303
    assert app.test_client().get("/api/v1/agents", headers=cast.bob.headers).status_code == 200
    page = alice.get(f"{PAGE}/{cast.bob.id}").text
    assert "Not signed in" in page
    assert len(noted(app, AuditAction.ALL_SESSIONS_ENDED)) == 1


def test_the_browsers_of_who_belongs_elsewhere_too_are_not_shown_nor_ended(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    join_charlies(app, cast, cast.bob.id)
    (browser,) = sessions_of(app, cast.bob.id)
    theirs = begin_program(app, cast, cast.bob.id, cast.charlie.workspace_id)
    ours = begin_program(app, cast, cast.bob.id, cast.bob.workspace_id)
    assert "Not shown" in row_of(alice.get(PAGE).text, cast.bob.email)
    page = alice.get(f"{PAGE}/{cast.bob.id}").text
    assert "you are no admin" in page
    assert page.count('data-label="Where"') == 1
    for session_id in (browser, theirs):
        assert alice.post(f"{PAGE}/{cast.bob.id}/{session_id}/end").status_code == 404
    assert alice.post(f"{PAGE}/{cast.bob.id}/end").status_code == 303
    assert sessions_of(app, cast.bob.id) == [browser, theirs]
    assert ours not in sessions_of(app, cast.bob.id)
    # nothing of it is in the audit of a workspace that it does not concern
    assert noted(app, AuditAction.ALL_SESSIONS_ENDED) == [
        (cast.alice.workspace_id, cast.alice.id, cast.bob.id)
    ]


def test_one_program_of_who_belongs_elsewhere_too_is_signed_out(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    join_charlies(app, cast, cast.bob.id)
    ours = begin_program(app, cast, cast.bob.id, cast.bob.workspace_id)
    assert alice.post(f"{PAGE}/{cast.bob.id}/{ours}/end").status_code == 303
    assert sessions_of(app, cast.bob.id) == []
    assert [each[0] for each in noted(app, AuditAction.SESSION_ENDED)] == [cast.alice.workspace_id]


def test_what_is_not_there_or_somebody_elses_is_not_found(
    app: Flask, cast: Cast, alice: FlaskClient, charlie: FlaskClient
) -> None:
    (of_charlie,) = sessions_of(app, cast.charlie.id)
    assert alice.get(f"{PAGE}/{cast.charlie.id}").status_code == 404
    for path in (
        f"{PAGE}/{cast.charlie.id}/{of_charlie}/end",
        f"{PAGE}/{cast.bob.id}/{of_charlie}/end",
        f"{PAGE}/{cast.charlie.id}/end",
        f"{PAGE}/{cast.bob.id}/{uuid4()}/end",
    ):
        assert alice.post(path).status_code == 404, path
    assert charlie.get("/w/elsewhere/inbox").status_code == 200


def test_ones_own_stand_elsewhere(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    (mine,) = sessions_of(app, cast.alice.id)
    join_charlies(app, cast, cast.alice.id)
    assert "alice@example.com You 1 0 " in row_of(alice.get(PAGE).text, cast.alice.email)
    page = alice.get(f"{PAGE}/{cast.alice.id}").text
    assert "Your account" in page
    assert "/end" not in page
    for path in (f"{PAGE}/{cast.alice.id}/end", f"{PAGE}/{cast.alice.id}/{mine}/end"):
        answer = alice.post(path)
        assert (answer.status_code, "Your account" in answer.text) == (409, True)
    assert sessions_of(app, cast.alice.id) == [mine]


def test_nobody_signs_out_who_has_more_than_they(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    with app.app_context(), writing():
        by = admin_of(cast.alice.workspace_id)
        only = ["sinas.members.write:all"]
        role = create_role(by, name="Members", description="", permissions=only)
        set_roles(by, cast.bob.id, {role.id})
    ours = begin_program(app, cast, cast.alice.id, cast.alice.workspace_id)
    for path in (f"{PAGE}/{cast.alice.id}/end", f"{PAGE}/{cast.alice.id}/{ours}/end"):
        assert bob.post(path).status_code == 403
    assert sessions_of(app, cast.alice.id) == [ours]


def test_who_may_not_look_after_members_sees_nothing(cast: Cast, bob: FlaskClient) -> None:
    assert bob.get(PAGE).status_code == 403
    assert bob.get(f"{PAGE}/{cast.alice.id}").status_code == 403
    assert bob.post(f"{PAGE}/{cast.alice.id}/end").status_code == 403


def test_a_deactivated_member_is_marked(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context(), writing():
        deactivate_member(admin_of(cast.alice.workspace_id), cast.bob.id)
    assert "Deactivated" in row_of(alice.get(PAGE).text, cast.bob.email)
    assert "Owner deactivated" in alice.get(f"{PAGE}/{cast.bob.id}").text


@pytest.mark.usefixtures("on_each_database")
def test_it_works_on_both_databases(app: Flask, cast: Cast) -> None:
    """What an id is bound as, and the order of what was never used, differ between them."""
    client = browser_of(app, cast.alice)
    browser_of(app, cast.bob)
    assert "bob@example.com 1 0 " in row_of(client.get(PAGE).text, cast.bob.email)
    assert client.get(f"{PAGE}/{cast.bob.id}").status_code == 200
    (theirs,) = sessions_of(app, cast.bob.id)
    with app.app_context(), writing():
        member = db.session.get_one(Membership, (cast.alice.id, cast.alice.workspace_id))
        end_member_session(Principal.of(member), cast.bob.id, theirs)
    assert sessions_of(app, cast.bob.id) == []
