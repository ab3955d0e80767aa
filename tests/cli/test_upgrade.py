"""A database of the first version, with rows in every table, goes on where it was."""

import hashlib
import sqlite3
from contextlib import closing, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import Connection, inspect, text

from opensink_web import json_value
from opensink_web.cli.application import in_application, ready_application
from opensink_web.cli.database import (
    newest_revision,
    run_migrations,
    upgrade_at_start,
    upgrade_tables,
)
from opensink_web.errors import ConfigurationError
from opensink_web.factory import create_app
from opensink_web.models import db
from opensink_web.models.base import UtcDateTime
from opensink_web.models.transaction import reading
from opensink_web.operations.accounts.credential import hash_token
from opensink_web.outbound.client import Client
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.outbound.signing import sign
from opensink_web.settings import Settings
from tests.support.deliveries import deliver
from tests.support.real_servers import AgentEndpoint, PostgresServer, wait_until

pytestmark = pytest.mark.server

NOW = datetime.now(UTC)
PASSWORD = "the password from before"
API_KEY = "osk_from-before"
SECRET, PREVIOUS_SECRET = "the secret of before", "the secret before that"
CREDENTIAL, IN_ANSWER, IN_BODY = "Bearer of-before", "answer-of-before", "body-of-before"
DELETED = "deleted-before"
PLAIN = (SECRET, PREVIOUS_SECRET, CREDENTIAL, IN_ANSWER, IN_BODY, DELETED)
REQUEST_BODY = '{"name": "Again"}'
USER, WORKSPACE, AGENT, SESSION, ANSWERED, WAITING, DUE, DONE = (uuid4() for _ in range(8))


Row: TypeAlias = tuple[str, dict[str, Any]]
"""A table's name and what stands in one row of it."""

OF_WORKSPACE = {"workspace_id": WORKSPACE, "created_at": NOW}
OF_PERSON = {"user_id": USER, "created_at": NOW}
OF_SESSION = OF_WORKSPACE | {"session_id": SESSION, "agent_id": AGENT}


def rows_of_people() -> list[Row]:
    fingerprint = hashlib.sha256(f"POST /api/v1/agents\n{REQUEST_BODY}".encode()).hexdigest()
    user: dict[str, Any] = {"id": USER, "email": "alice@example.com", "is_active": True}
    user |= {"password_hash": PasswordHasher(1, 8, 1).hash(PASSWORD), "created_at": NOW}
    workspace: dict[str, Any] = {"id": WORKSPACE, "slug": "main", "name": "Main"}
    workspace |= {"execution_secret": SECRET, "previous_execution_secret": PREVIOUS_SECRET}
    workspace |= {"previous_secret_expires_at": NOW + timedelta(hours=1), "created_at": NOW}
    key: dict[str, Any] = {"id": uuid4(), "user_id": USER, "name": "k", "prefix": "osk_"}
    key |= {"scopes": ["all:all"], "key_hash": hash_token(API_KEY)}
    kept: dict[str, Any] = {"id": uuid4(), "user_id": USER, "key": "once"}
    kept |= {"request_hash": fingerprint, "expires_at": NOW + timedelta(hours=1)}
    kept |= {"response_status": 201, "response_body": f'{{"id": "{IN_ANSWER}"}}'}
    link: dict[str, Any] = {"id": uuid4(), "role": "viewer", "token_hash": "i"}
    browser: dict[str, Any] = {"id": uuid4(), "token_hash": "s", "expires_at": NOW}
    return [
        ("users", user),
        ("workspaces", workspace),
        ("memberships", OF_PERSON | {"workspace_id": WORKSPACE, "role": "admin"}),
        ("api_keys", OF_WORKSPACE | key),
        ("idempotency_records", OF_WORKSPACE | kept),
        ("invitations", OF_WORKSPACE | link | {"invited_by_id": USER, "expires_at": NOW}),
        ("user_sessions", OF_PERSON | browser | {"user_agent": "", "remote_address": ""}),
    ]


def rows_of_work(endpoint_url: str) -> list[Row]:
    endpoint: dict[str, Any] = {"url": endpoint_url, "method": "POST", "timeout_seconds": 5}
    endpoint |= {"headers": {"Authorization": CREDENTIAL}, "body": {"task": IN_BODY}}
    endpoint |= {"retry": {"max_attempts": 1}}
    agent: dict[str, Any] = {"id": AGENT, "name": "Trader", "namespace": "default"}
    agent |= {"slug": "trader", "updated_at": NOW, "execution_endpoint": endpoint}
    session: dict[str, Any] = {"id": SESSION, "agent_id": AGENT, "status": "processing_input"}
    session |= {"state": {"a": 1.5}, "metadata": {}, "updated_at": NOW}
    asked: dict[str, Any] = {"key": "k", "title": "Buy?", "message": "", "schema": {}}
    answer: dict[str, Any] = {"id": ANSWERED, "status": "resolved", "response": {"pin": IN_ANSWER}}
    answer |= {"resolved_at": NOW, "resolved_by_id": USER}
    call: dict[str, Any] = {"input_request_id": ANSWERED, "kind": "input_request_resolved"}
    call |= {"next_trigger": "first", "round_attempt_count": 0, "recovery_count": 0}
    call |= {"next_at": NOW, "updated_at": NOW, "dispatch_no": 0, "attempt_count": 1}
    attempt: dict[str, Any] = {"id": uuid4(), "delivery_id": DONE, "number": 1, "trigger": "first"}
    attempt |= {"method": "POST", "url": endpoint_url, "request_headers": [["X-Mine", IN_BODY]]}
    attempt |= {"request_body": IN_BODY, "response_headers": [["Server", "x"]], "created_at": NOW}
    attempt |= {"outcome": "succeeded", "response_status": 200, "response_body": IN_ANSWER}
    said: dict[str, Any] = {"id": uuid4(), "type": "message", "source": "agent", "links": []}
    due = {"id": DUE, "business_key": "due", "status": "pending"}
    done = {"id": DONE, "business_key": "done", "status": "succeeded"}
    return [
        ("agents", OF_WORKSPACE | agent),
        ("agent_sessions", OF_WORKSPACE | session),
        ("activities", OF_SESSION | said),
        ("input_requests", OF_SESSION | asked | answer),
        ("input_requests", OF_SESSION | asked | {"id": WAITING, "status": "pending"}),
        ("deliveries", OF_SESSION | call | due),
        ("deliveries", OF_SESSION | call | done),
        ("delivery_attempts", attempt),
    ]


def insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    types: dict[type, Any] = {UUID: sa.Uuid(), datetime: UtcDateTime()}
    types |= {dict: sa.JSON(), list: sa.JSON()}
    columns = [sa.column(name, types.get(type(value))) for name, value in row.items()]
    connection.execute(sa.table(table, *columns).insert().values(row))


@pytest.fixture(params=["sqlite", "postgresql"])
def old_settings(
    request: pytest.FixtureRequest, environment: dict[str, str], postgres_server: PostgresServer
) -> Settings:
    if request.param == "postgresql":
        environment["DATABASE_URL"] = postgres_server.empty_database()
    else:
        environment["DATA_DIR"] += "/old"
    settings = Settings.from_env(environment)
    settings.data_dir.mkdir(exist_ok=True)
    return settings


def counts() -> dict[str, int]:
    with db.engine.connect() as connection:
        tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
        counted = {name: sa.select(sa.func.count()).select_from(sa.table(name)) for name in tables}
        return {name: connection.scalar(query) or 0 for name, query in counted.items()}


def dump(settings: Settings) -> str:
    """Return everything in the database; of SQLite each byte of its files."""
    if settings.uses_sqlite:
        files = settings.data_dir.glob("opensink.sqlite3*")
        return "".join(
            each.read_bytes().decode("latin-1") for each in files if "before" not in each.name
        )
    with db.engine.connect() as connection:
        everything = sa.MetaData()
        everything.reflect(connection)
        return str([connection.execute(table.select()).all() for table in everything.sorted_tables])


def test_an_installation_of_the_first_version_goes_on(old_settings: Settings) -> None:
    app = create_app(old_settings)
    app.config["WTF_CSRF_ENABLED"] = False
    with AgentEndpoint() as agent, app.app_context():
        run_migrations("0001")
        with db.engine.begin() as connection:
            for table, row in rows_of_people() + rows_of_work(agent.url):
                insert(connection, table, row)
        with db.engine.begin() as connection:  # what was deleted long ago leaves traces in a file
            gone = OF_SESSION | {"id": uuid4(), "type": "message", "source": "agent", "links": []}
            insert(connection, "activities", gone | {"message": DELETED * 20_000})
            connection.execute(text("DELETE FROM activities WHERE message IS NOT NULL"))
        before = counts()
        assert all(before.values()), before
        upgrade_tables(old_settings)
        after = counts()
        assert {table: after[table] for table in before} == before
        found = dump(old_settings)
        assert [each for each in PLAIN if each in found] == []

        check_pages_and_api(app)
        check_call(agent, old_settings)
        db.session.remove()
        db.engine.dispose()


def check_pages_and_api(app: Flask) -> None:
    browser = app.test_client()
    signed_in = browser.post("/sign-in", data={"email": "alice@example.com", "password": PASSWORD})
    assert signed_in.status_code == 303
    assert browser.get("/w/main/admin/workspace").status_code == 200
    api = app.test_client()
    key = {"Authorization": f"Bearer {API_KEY}"}
    done: Any = api.get(f"/api/v1/deliveries/{DONE}", headers=key).json
    (attempt,) = done["attempts"]
    assert (attempt["request_body"], attempt["response_body"]) == (IN_BODY, IN_ANSWER)
    asked: Any = api.get(f"/api/v1/agent-session-input-requests/{ANSWERED}", headers=key).json
    assert asked["response"] == {"pin": IN_ANSWER}
    headers = key | {"Idempotency-Key": "once", "Content-Type": "application/json"}
    again = api.post("/api/v1/agents", data=REQUEST_BODY, headers=headers)
    assert again.json == {"id": IN_ANSWER}


def check_call(agent: AgentEndpoint, settings: Settings) -> None:
    policy = EndpointPolicy.from_entries(settings.execution_endpoint_hosts)
    deliver(DUE, Client(policy))
    (call,) = agent.calls
    assert call.headers["webhook-id"] == str(DUE)
    assert call.headers["x-opensink-secret"] == PREVIOUS_SECRET
    assert call.headers["authorization"] == CREDENTIAL
    assert call.body["task"] == IN_BODY
    signatures = call.headers["webhook-signature"].split()
    timestamp = int(call.headers["webhook-timestamp"])
    body = json_value.dump(call.body).encode()
    # receivers that know the workspace's secrets alone go on believing, for now
    expected = {sign(each, str(DUE), timestamp, body) for each in (SECRET, PREVIOUS_SECRET)}
    assert expected < set(signatures)
    assert len(signatures) == 3


def test_an_upgrade_of_a_file_keeps_a_copy_of_it(environment: dict[str, str]) -> None:
    settings = Settings.from_env(environment | {"DATA_DIR": environment["DATA_DIR"] + "/older"})
    settings.data_dir.mkdir(parents=True)
    with create_app(settings).app_context():
        run_migrations("0001")
        upgrade_tables(settings)
        upgrade_tables(settings)
        db.engine.dispose()
    (copy,) = settings.data_dir.glob("opensink.sqlite3.before-upgrade-*")
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]


def test_a_database_of_a_newer_version_is_refused(app: Flask, settings: Settings) -> None:
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(ConfigurationError, match="a newer version of OpenSink") as refused:
            upgrade_tables(settings)
    assert str(newest_revision()) in str(refused.value)
    with pytest.raises(ConfigurationError, match="a newer version of OpenSink"):
        ready_application(settings)


@pytest.mark.parametrize("revision", ["9999", None], ids=["newer", "current"])
def test_a_command_leaves_no_connection_open(
    environment: dict[str, str], postgres_url: str, revision: str | None
) -> None:
    settings = Settings.from_env(environment | {"DATABASE_URL": postgres_url})
    watching = sa.create_engine(settings.database_url)
    with closing(watching.connect().execution_options(isolation_level="AUTOCOMMIT")) as connection:
        if revision is not None:
            newer = text("UPDATE alembic_version SET version_num = :revision")
            connection.execute(newer, {"revision": revision})
        with (
            suppress(ConfigurationError) if revision else nullcontext(),
            in_application(settings),
            reading(),
        ):
            db.session.scalar(text("SELECT 1"))
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        wait_until(lambda: connection.scalar(text(count)) == 1)  # it is told of a moment later
    watching.dispose()


def test_a_start_leaves_an_older_postgresql_to_its_operator(
    environment: dict[str, str], postgres_server: PostgresServer
) -> None:
    url = postgres_server.empty_database()
    settings = Settings.from_env(environment | {"DATABASE_URL": url})
    with create_app(settings).app_context():
        run_migrations("0001")
        with pytest.raises(ConfigurationError, match=r"pg_dump.*opensink db upgrade"):
            upgrade_at_start(settings)
        upgrade_tables(settings)
        upgrade_at_start(settings)
        db.engine.dispose()
