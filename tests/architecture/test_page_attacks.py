"""What nobody may do to a page, tried on every page there is with the ids of real rows."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from opensink_web import models
from opensink_web.models import db
from opensink_web.operations.accounts.permission import Action
from opensink_web.settings import Settings
from opensink_web.web.access import PERMISSION
from tests.architecture.test_pages import workspace_rules
from tests.conftest import Cast
from tests.support.bulk_cases import Inside, marks_on
from tests.support.jobs import begin_now, make_job
from tests.support.review_cases import make_viewer
from tests.support.scenarios import ENDPOINT, answer, ask_in
from tests.support.sinks import put, sink_of
from tests.support.standing_cases import granted_on
from tests.web.conftest import browser_of

ROWS: dict[str, Any] = {
    "agent_id": models.Agent,
    "approval_id": models.StandingApproval,
    "batch_id": models.Batch,
    "bulk_id": models.BulkDecision,
    "channel_id": models.NotificationChannel,
    "absence_id": models.Absence,
    "chain_id": models.EscalationChain,
    "configuration_id": models.AgentConfiguration,
    "delivery_id": models.Delivery,
    "policy_id": models.Policy,
    "execution_id": models.Execution,
    "invitation_id": models.Invitation,
    "job_id": models.BackgroundJob,
    "key_id": models.ApiKey,
    "preview_id": models.Preview,
    "message_id": models.NotificationMessage,
    "request_id": models.InputRequest,
    "rule_id": models.NotificationRule,
    "run_id": models.JobRun,
    "role_id": models.CustomRole,
    "session_id": models.AgentSession,
    "sink_id": models.Sink,
    "item_id": models.SinkItem,
    "team_id": models.Team,
    "user_id": models.User,
    "view_id": models.SavedView,
}
"""What the parts of an address name; a new page with a part of its own adds it here."""
NAMES = {"namespace": "default", "name": "refund", "kind": "pigeon", "verdict": "decline"}
OWN = {"notifications"}
"""Resources of which there are only one's own, whatever one's role."""
NOT_MADE = {"chat_id": UUID(int=1)}
NOTED = ("user_sessions", "request_views", "'request_viewed'")
MAIN, ELSEWHERE = "main", "elsewhere"


@pytest.fixture
def parts(app: Flask, cast: Cast) -> dict[str, object]:
    """Have a row of everything in Alice's workspace; return their ids by the names of parts."""
    inside = Inside(app)
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        answer(cast.bob, waiting)
        granted_on(cast.bob, waiting.request_id)
        begin_now(cast.alice, make_job(cast.alice))
        put(cast.alice, sink_of(cast.alice), "Something")
    inside.ask(cast.alice, 2)
    inside.approvals(cast.alice, 1)
    alice, inbox = browser_of(app, cast.alice), f"/w/{MAIN}/inbox"
    (mark, *_) = marks_on(alice, inbox).values()
    schema = '{"type": "object", "properties": {"n": {"type": "integer"}}}'
    admin = f"/w/{MAIN}/admin"
    for path, data in {
        f"{inbox}/bulk": {"chosen": mark, "verdict": "no"},
        f"{inbox}/views": {"name": "Mine"},
        f"/w/{MAIN}/previews/new": {"schema": schema},
        f"/w/{MAIN}/notifications/channels/new/ntfy": {"topic": "t"},
        f"{admin}/members": {"email": "new@example.com", "role": "viewer"},
        f"{admin}/teams/new": {"name": "t"},
        f"{admin}/rules/new": {
            "name": "r",
            "agent": "",
            "function": "",
            "steps": "1",
            "step-0-required_responses": "1",
            "step-0-quorum": "majority",
        },
        f"{admin}/escalation/new": {
            "name": "c",
            "subject": "",
            "time_zone": "UTC",
            "monday": "09:00-17:00",
            "amount_0": "1",
        },
        f"{admin}/members/{cast.bob.id}/absences": {
            "begins": "2999-01-01",
            "ends": "2999-01-02",
            "zone": "UTC",
        },
        f"{admin}/roles/new": {
            "name": "r",
            "description": "",
            "permissions": "opensink.agents.read:all",
        },
    }.items():
        assert alice.post(path, data=data).status_code in {200, 201, 303}, path
    with app.app_context():
        channel_id = db.session.scalars(select(models.NotificationChannel.id)).one()
    tried = f"/w/{MAIN}/notifications/channels/{channel_id}/test"
    assert alice.post(tried).status_code == 303
    # the server's key is made for whoever is first
    assert alice.post(f"/w/{MAIN}/notifications/devices/key").status_code == 200
    with app.app_context():
        newest = {
            part: db.session.scalars(select(row.id).order_by(row.id.desc())).first()
            for part, row in ROWS.items()
        }
    newest |= {"user_id": cast.alice.id, "key_id": key_of(app, cast.alice.id)}
    missing = [part for part, row_id in newest.items() if row_id is None]
    assert missing == []
    return {**newest, **NAMES, **NOT_MADE}


def key_of(app: Flask, user_id: UUID) -> UUID:
    with app.app_context():
        key = models.ApiKey
        return db.session.scalars(select(key.id).where(key.user_id == user_id)).one()


def pages(app: Flask, slug: str, parts: dict[str, object]) -> Iterator[tuple[Rule, str, str]]:
    """Give each page of a workspace with each method: its rule, the method, its address."""
    adapter = app.url_map.bind("localhost")
    for rule in workspace_rules(app):
        values = {part: parts[part] for part in rule.arguments - {"workspace_slug"}}
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            where = {"workspace_slug": slug, **values}
            yield rule, method, adapter.build(rule.endpoint, where, method=method)


def stored(settings: Settings) -> list[str]:
    """Return all that is stored, but for who was here last, and who has seen a request first."""
    with closing(sqlite3.connect(settings.data_dir / "opensink.sqlite3")) as connection:
        lines = connection.iterdump()
        return [line for line in lines if not any(each in line for each in NOTED)]


def test_what_is_read_is_not_changed(
    app: Flask, settings: Settings, cast: Cast, parts: dict[str, object]
) -> None:
    alice = browser_of(app, cast.alice)
    alice.get("/")
    before = stored(settings)
    for _, method, address in pages(app, MAIN, parts):
        if method in {"GET", "HEAD"}:
            for query in ("", "?verdict=yes&decline=1&reason=x&undo=1&values=%7B%7D&last=x"):
                assert alice.open(address + query, method=method).status_code < 500, address
            assert stored(settings) == before, address


def test_who_may_only_look_changes_nothing(
    app: Flask, settings: Settings, cast: Cast, parts: dict[str, object]
) -> None:
    make_viewer(app, cast.bob)
    bob = browser_of(app, cast.bob)
    bob.get("/")
    before = stored(settings)
    for rule, method, address in pages(app, MAIN, parts):
        if method not in {"GET", "HEAD"}:
            status = bob.open(address, method=method).status_code
            assert only_reads(app, rule) or status in {403, 404}, address
    assert stored(settings) == before


def only_reads(app: Flask, rule: Rule) -> bool:
    """Return True of a form that may be tried by whoever reads it, and that stores nothing; and of
    what everybody has of their own, of which an empty form makes nothing.
    """
    permission = getattr(app.view_functions[rule.endpoint], PERMISSION)
    return permission is not None and (permission[1] is Action.READ or permission[0] in OWN)


def test_what_is_another_workspaces_is_in_no_page_of_ones_own(
    app: Flask, settings: Settings, cast: Cast, parts: dict[str, object]
) -> None:
    charlie = browser_of(app, cast.charlie)
    charlie.get("/")
    before = stored(settings)
    for rule, method, address in pages(app, ELSEWHERE, parts):
        if rule.arguments != {"workspace_slug"}:
            told = charlie.open(address, method=method, data={"name": "x", "by": "day"})
            # a view that is not there need not be deleted; a form may be wrong in itself
            may_be = {400, 422} if method == "POST" else set()
            is_gone = rule.endpoint == "saved_view.delete" and told.status_code == 303
            assert is_gone or told.status_code in {404, *may_be}, address
            assert "Number 0" not in told.text, address
    assert stored(settings) == before
