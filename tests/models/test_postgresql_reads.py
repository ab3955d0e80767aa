"""What only reads in PostgreSQL needs no transaction; what writes has one."""

from contextlib import suppress

import psycopg
import pytest
from flask import Flask
from sqlalchemy import bindparam, select, text

from opensink_web.models import Workspace, db
from opensink_web.models.transaction import reading, run_prepared, writing
from tests.conftest import Cast

pytestmark = pytest.mark.server

_NAME = select(Workspace.name).where(Workspace.id == bindparam("of_workspace"))


@pytest.fixture
def environment(environment: dict[str, str], postgres_url: str) -> dict[str, str]:
    return environment | {"DATABASE_URL": postgres_url}


def name_of(cast: Cast) -> str:
    name: str = run_prepared(_NAME, {"of_workspace": cast.alice.workspace_id}).scalar_one()
    return name


def state(postgres_url: str, process_id: int) -> str:
    """Return what another connection is told of one."""
    with psycopg.connect(postgres_url) as other:
        row = other.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", (process_id,))
        (told,) = row.fetchone() or ("",)
    return str(told)


def test_a_read_holds_no_transaction_open(app: Flask, cast: Cast, postgres_url: str) -> None:
    with app.app_context():
        with reading():
            process_id = db.session.scalar(text("SELECT pg_backend_pid()"))
            name_of(cast)
            assert state(postgres_url, process_id) == "idle"
        with writing():
            process_id = db.session.scalar(text("SELECT pg_backend_pid()"))
            assert state(postgres_url, process_id) == "idle in transaction"


def test_what_the_server_has_planned_is_kept_from_read_to_read(app: Flask, cast: Cast) -> None:
    with app.app_context():
        for _ in range(10):
            with reading():
                name_of(cast)
        with reading():
            planned = text("SELECT count(*) FROM pg_prepared_statements")
            assert db.session.scalar(planned) == 1


def test_what_fails_after_a_read_is_undone_whole(app: Flask, cast: Cast) -> None:
    with app.app_context():
        with reading():
            before = name_of(cast)
        with suppress(ZeroDivisionError), writing():
            db.session.get_one(Workspace, cast.alice.workspace_id).name = "changed"
            db.session.flush()
            raise ZeroDivisionError
        with reading():
            assert name_of(cast) == before
