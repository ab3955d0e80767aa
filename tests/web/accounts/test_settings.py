"""The overview of Settings: one line for each thing, of what somebody may look after."""

import re

from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import Role, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.invitation import invite
from opensink_web.operations.accounts.role import create_role, set_roles
from opensink_web.operations.accounts.team import create_team
from opensink_web.operations.accounts.user import deactivate_member
from opensink_web.operations.audit.chain import chain_some
from opensink_web.operations.audit.checkpoint import sign
from tests.conftest import Cast
from tests.support.scenarios import admin_of

PAGE = "/w/main/admin"
ROW = re.compile(
    r'<a class="row-link" href="([^"]+)">([^<]+)</a>.*?<td class="cell-says"[^>]*>(.*?)</td>',
    re.DOTALL,
)
TAGS = re.compile(r"<[^>]+>")


def lines(page: str) -> dict[str, str]:
    return {label: TAGS.sub("", says).strip() for _, label, says in ROW.findall(page)}


def test_it_says_how_things_stand(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context(), writing():
        by = admin_of(cast.alice.workspace_id)
        deactivate_member(by, cast.bob.id)
        invite(by.workspace, role=Role.VIEWER, email=None, by=by.user)
        create_team(by.workspace, name="Finance", description="")
        db.session.get_one(Workspace, by.workspace.id).retention_days_chats = 30
    with app.app_context(), writing():
        chain_some()
    says = lines(alice.get(PAGE).text)
    assert says["Members"] == "1 active, 1 invited, 1 deactivated"
    assert says["Teams"] == "1 team; 1 has no members"
    assert says["Rules"] == "0 rules in force"
    assert says["Escalation"] == "0 chains in force"
    assert says["Retention"] == (
        "Sessions for good, executions for good, chats 30 days, audit for good,"
        " runs of jobs 30 days, items of sinks for good"
    )
    assert says["Second factor"] == "Not required; 0 of 1 who have a password set one up"
    assert says["Notifications"] == "All work"
    assert re.fullmatch(r"\d+ entries chained; no checkpoint yet", says["Audit"])


def test_it_says_up_to_where_the_audit_is_signed(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    with app.app_context(), writing():
        chain_some()
        checkpoint = sign(cast.alice.workspace_id)
    assert checkpoint is not None
    said = f"{checkpoint.seq} entries chained; signed up to entry {checkpoint.seq}"
    assert lines(alice.get(PAGE).text)["Audit"] == said


def test_each_line_leads_to_where_that_is_set(alice: FlaskClient) -> None:
    for href, label, _ in ROW.findall(alice.get(PAGE).text):
        assert alice.get(href).status_code == 200, label


def test_who_may_see_little_reads_little(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    assert bob.get(PAGE).status_code == 403
    with app.app_context(), writing():
        by = admin_of(cast.alice.workspace_id)
        may = ["sinas.workspace.read:all", "sinas.audit.read:all"]
        role = create_role(by, name="Looks", description="", permissions=may)
        set_roles(by, cast.bob.id, {role.id})
    assert set(lines(bob.get(PAGE).text)) == {"Audit"}


def test_nobody_elsewhere_sees_it(charlie: FlaskClient) -> None:
    assert charlie.get(PAGE).status_code == 404
