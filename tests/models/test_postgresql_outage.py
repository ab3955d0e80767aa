"""PostgreSQL when it is locked, read-only or gone: `Unavailable`, and well again afterwards."""

import psycopg
import pytest
from flask import Flask
from sqlalchemy import bindparam, event, select
from sqlalchemy.exc import OperationalError

from opensink_web.errors import Unavailable
from opensink_web.models import Workspace, db, transaction
from opensink_web.models.transaction import is_outage, reading, run_prepared, writing
from tests.conftest import Cast

pytestmark = pytest.mark.server

END_THE_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database()
"""


@pytest.fixture
def environment(environment: dict[str, str], postgres_url: str) -> dict[str, str]:
    return environment | {"DATABASE_URL": postgres_url}


def rename(cast: Cast) -> None:
    with writing():
        db.session.get_one(Workspace, cast.alice.workspace_id).name = "changed"


def test_one_that_another_has_locked(
    app: Flask, cast: Cast, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "_LOCKED_SECONDS", "0.1")
    with app.app_context(), psycopg.connect(postgres_url) as other:
        db.engine.dispose()
        other.execute("LOCK TABLE workspaces IN EXCLUSIVE MODE")
        with pytest.raises(Unavailable, match="try again"):
            rename(cast)
        other.rollback()
        rename(cast)


def test_one_that_only_reads(app: Flask, cast: Cast, postgres_url: str) -> None:
    with app.app_context(), psycopg.connect(postgres_url, autocommit=True) as other:
        name = other.info.dbname
        other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        db.engine.dispose()
        with pytest.raises(Unavailable, match="try again"):
            rename(cast)
        other.execute("SET default_transaction_read_only = off")
        other.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        db.engine.dispose()
        rename(cast)


def test_one_that_goes_away_at_the_commit_promises_nothing(
    app: Flask, cast: Cast, postgres_url: str
) -> None:
    def end_backend(connection: object) -> None:
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute(END_THE_OTHERS)

    with app.app_context():
        event.listen(db.engine, "commit", end_backend, once=True)
        with pytest.raises(Unavailable, match="Look whether it is there"):
            rename(cast)
        rename(cast)


def test_a_connection_that_a_prepared_statement_finds_gone_is_dropped(
    app: Flask, cast: Cast, postgres_url: str
) -> None:
    ask = select(Workspace.id).where(Workspace.id == bindparam("of_workspace"))
    wanted = {"of_workspace": cast.alice.workspace_id}
    with app.app_context():
        with reading():
            run_prepared(ask, wanted)
            with psycopg.connect(postgres_url, autocommit=True) as other:
                other.execute(END_THE_OTHERS)
            with pytest.raises(OperationalError) as lost:
                run_prepared(ask, wanted)
        assert lost.value.connection_invalidated
        assert is_outage(lost.value)
        with reading():
            assert run_prepared(ask, wanted).scalar_one() == cast.alice.workspace_id
