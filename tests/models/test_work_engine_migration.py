"""Rows in every state before the one work engine are there after it, and the other way round."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import flask_migrate
import pytest
import sqlalchemy as sa

from opensink_web.cli.database import run_migrations
from opensink_web.models import db
from opensink_web.models.transaction import reading
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits, Queue
from tests.support.old_rows import everything, insert_all

pytestmark = pytest.mark.server

BEFORE, AFTER = "0026", "0027"
NOW = datetime.now(UTC)
PAST, FUTURE = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
USER, WORKSPACE, FUNCTION, HOST = (uuid4() for _ in range(4))
AGENTS = {name: uuid4() for name in ("told", "waits", "lost", "leased", "dated", "ended", "failed")}
IS_DUE = {"told", "waits", "lost"}


def rows() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a table's name and what stands in a row of it, as the version before had it."""
    yield "users", {"id": USER, "email": "a@example.com", "is_active": True, "created_at": NOW}
    yield (
        "workspaces",
        {"id": WORKSPACE, "slug": "main", "name": "Main", "created_at": NOW}
        | {"execution_secret": "x", "signing_root": "x", "requires_second_factor": False},
    )
    owned = {"workspace_id": WORKSPACE, "created_at": NOW, "updated_at": NOW}
    states: dict[str, dict[str, Any]] = {
        "told": {"dispatched_at": PAST, "dispatch_no": 2},
        "waits": {"dispatched_at": None},
        "lost": {"dispatched_at": PAST, "lease_token": "gone", "lease_until": PAST},
        "leased": {"dispatched_at": PAST, "lease_token": "held", "lease_until": FUTURE},
        "dated": {"dispatched_at": None, "next_at": FUTURE, "next_trigger": "retry"},
        "ended": {"dispatched_at": PAST, "status": "succeeded", "finished_at": NOW},
        "failed": {"dispatched_at": PAST, "status": "failed", "error_message": "500"},
    }
    for name, state in states.items():
        agent = owned | {"id": AGENTS[name], "name": name, "slug": name, "namespace": "a"}
        yield "agents", agent | {"endpoint_failure_count": 0, "execution_endpoint": "x"}
        common = {"dispatch_no": 0, "status": "pending", "next_at": PAST, "next_trigger": "first"}
        common |= {"attempt_count": 1, "round_attempt_count": 1, "recovery_count": 1}
        call = {"id": uuid4(), "agent_id": AGENTS[name], "business_key": name, "kind": "test"}
        yield "deliveries", owned | common | call | state
    due = {"lane_id": FUNCTION, "next_at": PAST, "recovery_count": 0}
    execution = owned | due | {"user_id": USER, "kind": "function", "target_namespace": "a"}
    execution |= {"target_name": "n", "trigger_type": "api", "trigger_id": "t", "depth": 0}
    execution |= {"timeout_seconds": 30, "pause_count": 0}
    for status in ("queued", "running", "awaiting_input", "completed", "failed", "cancelled"):
        lease = {"lease_token": "t", "lease_until": FUTURE} if status == "running" else {}
        yield "executions", execution | {"id": uuid4(), "status": status} | lease
    callback = {"workspace_id": WORKSPACE, "created_at": NOW, "url": "x"}
    for status in ("pending", "sent", "failed"):
        yield "callbacks", callback | due | {"id": uuid4(), "lane_id": HOST, "status": status}


@pytest.fixture
def old_app(within_empty_app: None) -> None:
    run_migrations(BEFORE)
    insert_all(rows())


@pytest.mark.usefixtures("old_app")
def test_what_was_due_is_found_and_nothing_else() -> None:
    before = everything()
    run_migrations()
    with reading():
        waiting = Queue(kinds_within(Limits(8, 8))).groups_with_work()
    found = {(each.kind, each.group_id) for each in waiting}
    due: set[tuple[str, UUID]] = {("deliveries", AGENTS[name]) for name in IS_DUE}
    assert found == due | {("executions", FUNCTION), ("callbacks", HOST)}
    after = everything()
    for table in ("deliveries", "executions", "callbacks"):
        kept = before[table][0].keys() & after[table][0].keys()
        assert _only(before[table], kept) == _only(after[table], kept)


@pytest.mark.usefixtures("old_app")
def test_a_downgrade_keeps_every_row() -> None:
    before = everything()
    run_migrations(AFTER)
    flask_migrate.downgrade(revision=BEFORE)
    after = everything()
    told = {"dispatched_at", "dispatch_no"}
    for table, rows_before in before.items():
        assert len(after[table]) == len(rows_before)
        if rows_before:
            kept = rows_before[0].keys() - told
            assert _only(rows_before, kept) == _only(after[table], kept)
    with db.engine.connect() as connection:
        query = sa.text("SELECT count(*) FROM deliveries WHERE dispatched_at IS NULL")
        assert connection.execute(query).scalar() == len(AGENTS), "the sweeper tells of them again"


def _only(rows_of: list[dict[str, Any]], columns: Any) -> list[dict[str, Any]]:
    """Return rows without the columns that came or went, in the order of their ids."""
    some = [{name: row[name] for name in sorted(columns)} for row in rows_of]
    return sorted(some, key=str)
