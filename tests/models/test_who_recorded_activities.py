"""The upgrade tells what OpenSink wrote from what agents may have posted, and doubts the rest."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from opensink_web.cli.database import run_migrations
from opensink_web.models import db
from opensink_web.models.base import UtcDateTime, new_id

pytestmark = pytest.mark.server

START = datetime(2026, 1, 1, tzinfo=UTC)
WORKSPACE, AGENT, SESSION, OTHER_SESSION, REQUEST, DELIVERY = (new_id() for _ in range(6))


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def insert(table: str, **row: Any) -> None:
    types: dict[type, Any] = {UUID: sa.Uuid(), datetime: UtcDateTime(), dict: sa.JSON()}
    columns = [sa.column(name, types.get(type(value))) for name, value in row.items()]
    db.session.execute(sa.table(table, *columns).insert().values(row))


def insert_facts() -> None:
    of_workspace = {"workspace_id": WORKSPACE, "created_at": at(0)}
    insert(
        "workspaces",
        id=WORKSPACE,
        slug="main",
        name="Main",
        created_at=at(0),
        execution_secret="x",
        signing_root="x",
        requires_second_factor=False,
    )
    agent = {"id": AGENT, "name": "a", "namespace": "d", "slug": "a", "updated_at": at(0)}
    insert("agents", **of_workspace, **agent)
    for session_id in (SESSION, OTHER_SESSION):
        session = {"id": session_id, "agent_id": AGENT, "state": {}, "metadata": {}}
        insert("agent_sessions", **of_workspace, **session, status="failed", updated_at=at(30))
    of_session = of_workspace | {"session_id": SESSION, "agent_id": AGENT}
    asked = {"id": REQUEST, "key": "k", "title": "t", "message": "", "schema": {}, "kind": "input"}
    insert("input_requests", **of_session, **asked, status="resolved", resolved_at=at(20))
    call = {
        "id": DELIVERY,
        "kind": "input_request_resolved",
        "business_key": "k",
        "attempt_count": 1,
    }
    call |= {"next_trigger": "first", "round_attempt_count": 0, "recovery_count": 0}
    call |= {"next_at": at(20), "updated_at": at(30), "dispatch_no": 0, "status": "failed"}
    insert("deliveries", **of_session, **call, finished_at=at(30))


ROWS = [
    # seconds, type, source, about, ours
    (0.1, "session_started", "system", None, True),
    (0.2, "session_started", "system", None, False),
    (5, "input_request_resolved", "user", REQUEST, False),
    (10, "input_request_created", "agent", REQUEST, True),
    (11, "input_request_created", "agent", REQUEST, False),
    (12, "input_request_created", "agent", new_id(), False),
    (13, "input_request_resolved", "user", REQUEST, False),
    (20, "input_request_resolved", "user", REQUEST, True),
    (20.5, "input_request_resolved", "user", REQUEST, False),
    (21, "session_ended", "system", None, False),
    (22, "session_ended", "system", DELIVERY, False),
    (30, "session_ended", "system", DELIVERY, True),
    (30.5, "session_ended", "system", DELIVERY, False),
    (31, "message", "system", None, False),
    (32, "message", "agent", None, False),
]


@pytest.fixture
def upgraded(empty_app: Flask) -> Iterator[None]:
    with empty_app.app_context():
        run_migrations("0017")
        insert_facts()
        for seconds, word, source, about, is_ours in ROWS:
            insert(
                "activities",
                id=new_id(),
                workspace_id=WORKSPACE,
                session_id=SESSION,
                agent_id=AGENT,
                type=word,
                source=source,
                message=str(is_ours),
                related_entity_id=None if about is None else str(about),
                links={},
                created_at=at(seconds),
            )
        db.session.commit()
        run_migrations("0018")
        yield
        db.session.rollback()
        db.engine.dispose()


@pytest.mark.usefixtures("upgraded")
def test_only_what_stands_beside_its_fact_counts_as_ours() -> None:
    found = db.session.execute(sa.text("SELECT recorded_by, message FROM activities ORDER BY id"))
    told = [(word, ours) for word, ours in found]
    assert told == [("opensink" if row[-1] else "agent", str(row[-1])) for row in ROWS]
