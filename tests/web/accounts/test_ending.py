"""What ends with a deactivation or a membership: it is said, done, shown, and comes back or not."""

import re
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web import clock
from opensink_web.cli import commands
from opensink_web.models import (
    Absence,
    AuditAction,
    AuditEntry,
    Claim,
    Membership,
    NotificationChannel,
    Role,
    StandingApproval,
    User,
    Workspace,
    db,
)
from opensink_web.models.standing_approval import StandingState
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.invitation import invite
from opensink_web.operations.audit.queries import details_of
from opensink_web.operations.decisions.ending import Ending
from opensink_web.settings import Settings
from opensink_web.web.accounts.ending import lines_of
from tests.conftest import Cast
from tests.support.bulk_cases import Inside
from tests.support.scenarios import admin_of
from tests.support.standing_cases import approval_of, new_agent, standing

PAGE = "/w/main/admin/members"
INBOX = "/w/main/inbox"
pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def inside(app: Flask) -> Inside:
    return Inside(app)


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def begin_much(app: Flask, cast: Cast) -> Absence:
    """Have Bob have allowed the same again, be told elsewhere, invite, and stand in for Alice."""
    with app.app_context():
        standing(cast.bob, new_agent(cast.alice))
        with writing():
            workspace = db.session.get_one(Workspace, cast.bob.workspace_id)
            bob = db.session.get_one(User, cast.bob.id)
            invite(workspace, role=Role.VIEWER, email=None, by=bob)
            channel = NotificationChannel(
                workspace_id=workspace.id, user_id=cast.bob.id, kind="ntfy", name="Phone"
            )
            channel.config = {}
            moment = clock.now()
            absence = Absence(
                workspace_id=workspace.id,
                user_id=cast.alice.id,
                begins_at=moment,
                ends_at=moment + timedelta(days=3),
                deputy_id=cast.bob.id,
            )
            absence.note = None
            db.session.add_all([channel, absence])
            return absence


def test_what_somebody_began_ends_or_rests_and_comes_back(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    claimed, assigned = inside.ask(cast.alice, 2)
    bob.post(f"/w/main/requests/{claimed}/claim")
    to_bob = {"to": "bob@example.com"}
    assert alice.post(f"/w/main/requests/{assigned}/assign", data=to_bob).status_code == 303
    begin_much(app, cast)
    lines = [
        "1 sign-in ended",
        "1 claimed request free again",
        "1 standing approval revoked",
        "1 open invitation revoked",
        "1 API key refused",
        "1 assigned request under Unassigned, too",
        "1 absence of others without this deputy",
        "1 notification channel silent",
    ]
    asked = text_of(alice.get(f"{PAGE}/{cast.bob.id}/deactivate").text)
    assert [each for each in lines if each not in asked] == []
    assert str(assigned) not in alice.get(f"{INBOX}?view=unassigned").text

    assert alice.post(f"{PAGE}/{cast.bob.id}/deactivate").status_code == 303
    page = text_of(alice.get(PAGE).text)
    card = page[page.index("Deactivated E-mail address Since By") :]
    assert "bob@example.com Reviewer" in card
    assert "alice@example.com 1 sign-in ended" in card, "by whom"
    assert [each for each in lines if each not in card] == []
    assert str(assigned) in alice.get(f"{INBOX}?view=unassigned").text
    with app.app_context(), reading():
        approval = db.session.scalars(select(StandingApproval)).one()
        approval_id = approval.id
        assert (approval.state, approval.revoked_by_id) == (StandingState.REVOKED, cast.alice.id)
        of_it = AuditEntry.action == AuditAction.MEMBER_DEACTIVATED
        said = details_of(db.session.scalars(select(AuditEntry).where(of_it)).one()).values
        assert {said[name] for name in Ending.__dataclass_fields__} == {1}
        released = AuditEntry.action == AuditAction.REQUEST_RELEASED
        entry = db.session.scalars(select(AuditEntry).where(released)).one()
        assert entry.subject_id == claimed
    assert alice.post(f"/w/main/requests/{claimed}/claim").status_code == 303, "it is free"

    assert alice.post(f"{PAGE}/{cast.bob.id}/activate").status_code == 303
    assert "What ended or rests" not in alice.get(PAGE).text
    assert str(assigned) not in alice.get(f"{INBOX}?view=unassigned").text
    with app.app_context():
        assert approval_of(approval_id).state is StandingState.REVOKED, "nobody allowed it anew"


@pytest.mark.parametrize(
    ("way", "action"),
    [("remove", AuditAction.MEMBER_REMOVED), ("leave", AuditAction.MEMBER_LEFT)],
)
def test_nothing_comes_back_with_somebody_who_is_invited_again(
    app: Flask,
    cast: Cast,
    alice: FlaskClient,
    bob: FlaskClient,
    inside: Inside,
    way: str,
    action: AuditAction,
) -> None:
    (claimed,) = inside.ask(cast.alice, 1)
    bob.post(f"/w/main/requests/{claimed}/claim")
    begin_much(app, cast)
    with app.app_context(), writing():
        elsewhere = Membership(
            user_id=cast.bob.id, workspace_id=cast.charlie.workspace_id, role=Role.VIEWER
        )
        db.session.add(elsewhere)
    if way == "remove":
        assert alice.post(f"{PAGE}/{cast.bob.id}/remove").status_code == 303
        page = text_of(alice.get(PAGE).text)
        assert "bob@example.com is no longer a member of Main: 1 claimed" in page
    else:
        assert bob.post("/workspaces/main/leave").status_code == 303
        page = text_of(bob.get("/workspaces").text)
        assert "You have left Main: 1 claimed" in page
    assert "1 claimed request free again, 1 standing approval revoked" in page
    with app.app_context(), writing():
        entries = select(AuditEntry).where(AuditEntry.action == action)
        said = details_of(db.session.scalars(entries).one()).values
        assert (said["standing_approvals"], said["claims"], said["api_keys"]) == (1, 1, 1)
        revoked = AuditEntry.action == AuditAction.STANDING_APPROVAL_REVOKED
        assert len(db.session.scalars(select(AuditEntry).where(revoked)).all()) == 1
        released = AuditEntry.action == AuditAction.REQUEST_RELEASED
        assert db.session.scalars(select(AuditEntry).where(released)).one().subject_id == claimed
        approval_id = db.session.scalars(select(StandingApproval.id)).one()
        db.session.add(
            Membership(user_id=cast.bob.id, workspace_id=cast.bob.workspace_id, role=Role.REVIEWER)
        )
    with app.app_context():
        assert approval_of(approval_id).state is StandingState.REVOKED


def test_nothing_comes_back_with_an_account_that_is_activated_again(
    app: Flask, cast: Cast, settings: Settings, bob: FlaskClient, inside: Inside
) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(commands, ["user", *arguments], env=settings.environment())

    (claimed,) = inside.ask(cast.alice, 1)
    bob.post(f"/w/main/requests/{claimed}/claim")
    with app.app_context():
        approval_id = standing(cast.bob, new_agent(cast.alice))
    said = run("deactivate", cast.bob.email)
    assert "Ended for good: standing approvals: 1, claimed requests: 1." in said.output
    assert run("activate", cast.bob.email).exit_code == 0
    with app.app_context():
        assert approval_of(approval_id).state is StandingState.REVOKED
        with reading():
            assert db.session.scalars(select(Claim)).all() == []


def test_nothing_ends_where_it_is_refused(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context():
        approval_id = standing(cast.alice, new_agent(cast.alice))
    assert alice.post(f"{PAGE}/{cast.alice.id}/deactivate").status_code == 409
    with app.app_context():
        assert approval_of(approval_id).state is StandingState.IN_FORCE
        assert admin_of(cast.alice.workspace_id).user.id == cast.alice.id


def test_each_count_has_its_words_and_none_is_not_mentioned() -> None:
    names = Ending.__dataclass_fields__
    all_of_it = Ending(**dict.fromkeys(names, 2))
    both = [*lines_of(all_of_it, is_for_good=True), *lines_of(all_of_it, is_for_good=False)]
    assert len(both) == len(names)
    assert lines_of(Ending(**dict.fromkeys(names, 0)), is_for_good=True) == []
