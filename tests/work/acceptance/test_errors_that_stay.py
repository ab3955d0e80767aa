"""An error that will not go away ends its row, with its reason; an outage of the database does not.

What is wrong is made by the database's administrator: a trigger that raises for one row, a table
that is not there, a column that is too small.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select

from opensink_web.models import (
    Callback,
    Delivery,
    Execution,
    ExecutionStatus,
    db,
)
from opensink_web.models.transaction import reading
from tests.support.authority import Authority, make_authority
from tests.support.chats import chat_input, submit_some
from tests.support.endpoints import Endpoints
from tests.support.real_servers import AgentEndpoint, PostgresServer, wait_until
from tests.support.scenarios import make_due
from tests.support.whole_server import WholeServer, whole_server
from tests.work.acceptance.conftest import MakeServer

pytestmark = pytest.mark.server

RAISED = "not this one"


@dataclass(frozen=True)
class Refusal:
    """What the database refuses to write of one row of a table.

    `key` is the column by which the test knows the row.
    """

    table: str
    condition: str
    key: str = "id"


CLAIM = "NEW.lease_token IS NOT NULL AND OLD.lease_token IS NULL"
CLAIMS = (
    Refusal("executions", f"{CLAIM} AND NEW.status = 'running'"),
    Refusal("deliveries", CLAIM),
    Refusal("callbacks", CLAIM, "execution_id"),
)
FINISHES = (
    Refusal("executions", "NEW.status = 'completed'"),
    Refusal("deliveries", "NEW.status = 'succeeded'"),
    Refusal("callbacks", "NEW.status = 'sent'", "execution_id"),
)


def refuse(server: WholeServer, refusal: Refusal, row_id: UUID) -> None:
    """Have the database raise whenever this is written of the row."""
    name = f"refuse_{refusal.table}_{row_id.hex}"
    if server.is_on_postgresql:
        server.sql(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{RAISED}'; END $$",
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {refusal.table} FOR EACH ROW "
            f"WHEN (NEW.{refusal.key} = '{row_id}' AND {refusal.condition}) "
            "EXECUTE FUNCTION refuse()",
        )
    else:
        server.sql(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {refusal.table} "
            f"WHEN NEW.{refusal.key} = '{row_id.hex}' AND {refusal.condition} "
            f"BEGIN SELECT RAISE(ABORT, '{RAISED}'); END"
        )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


def test_a_row_that_the_database_refuses_ends_alone(
    make_server: MakeServer,
    endpoints: Endpoints,
    authority: Authority,
) -> None:
    with (
        AgentEndpoint(tls=authority.server_context()) as receiver,
        make_server(variables={"OUTBOUND_CA_BUNDLE": authority.bundle}) as server,
    ):
        rows = {each.table: _rows(server, each.table, endpoints, receiver.url) for each in CLAIMS}
        for step, refusals in enumerate((CLAIMS, FINISHES)):
            for refusal in refusals:
                refuse(server, refusal, rows[refusal.table][step])
        server.start()
        for table, (not_claimed, not_finished, *others) in rows.items():
            ended = _ended(server, table, [not_claimed, not_finished, *others])
            refused, well = ended[:2], ended[2:]
            assert {status for status, _ in refused} == {"failed"}, table
            assert all(reason for _, reason in refused), f"it says why: {table}"
            assert {status for status, _ in well} == {_WELL[table]}, table


def test_a_table_that_is_not_there_ends_what_needs_it(
    make_server: MakeServer, endpoints: Endpoints
) -> None:
    with make_server() as server:
        agent_id = server.make_agent(endpoints.url("quick", "agent"))
        another_id = server.make_agent(endpoints.url("quick", "another"))
        server.make_function("other", endpoints.url("quick", "other"))
        (request_id,) = server.ask(agent_id, 1)
        server.start()
        with server.server.session():
            chats = submit_some(server.person, another_id, [chat_input()], delay_seconds=2)
        for table in ("delivery_attempts", "chat_messages"):
            server.sql(f"ALTER TABLE {table} RENAME TO gone_{table}")
        server.resolve(request_id)
        ended = _ended(server, "executions", list(chats.execution_ids))
        ended += _ended(server, "deliveries", _deliveries(server))
        other = server.execute("other")
        assert server.wait_until_ended(other.subject_id)[0].status is ExecutionStatus.COMPLETED
    assert [(status, bool(reason)) for status, reason in ended] == [("failed", True)] * 2


def test_a_result_that_a_column_is_too_small_for_ends_its_row(
    postgres_server: PostgresServer, endpoints: Endpoints
) -> None:
    with whole_server(postgres_server) as server:
        server.sql(
            "ALTER TABLE executions ALTER COLUMN output_data TYPE varchar(10)",
            "ALTER TABLE delivery_attempts ALTER COLUMN remote_address TYPE varchar(2)",
        )
        function_id = server.make_function("large", endpoints.url("quick", "large"))
        agent_id = server.make_agent(endpoints.url("quick", "agent"))
        (request_id,) = server.ask(agent_id, 1)
        server.start()
        ids = server.submit(function_id, 3)
        server.resolve(request_id)
        executions = _ended(server, "executions", list(ids))
        deliveries = _ended(server, "deliveries", _deliveries(server))
    assert {status for status, _ in (*executions, *deliveries)} == {"failed"}
    assert all(reason for _, reason in (*executions, *deliveries))


def test_an_outage_ends_nothing(
    make_server: MakeServer, endpoints: Endpoints, authority: Authority
) -> None:
    """It begins while calls are made: what came of them is kept, what waits is claimed later."""
    with (
        AgentEndpoint(tls=authority.server_context()) as receiver,
        make_server(variables={"OUTBOUND_CA_BUNDLE": authority.bundle}) as server,
    ):
        slow = server.make_function("slow", endpoints.url("slow-1.5", "slow"))
        agent_id = server.make_agent(endpoints.url("slow-1.5", "agent"))
        (request_id,) = server.ask(agent_id, 1)
        server.start()
        ids = [*server.submit(slow, callback_url=receiver.url)]
        server.resolve(request_id)
        late = server.submit(slow, delay_seconds=2)
        wait_until(lambda: endpoints.count() == 2)
        with outage(server):
            time.sleep(7)
        ended = server.wait_until_ended(*ids, *late)
        assert {each.status for each in ended} == {ExecutionStatus.COMPLETED}
        (delivery,) = _ended(server, "deliveries", _deliveries(server))
        (callback,) = _ended(server, "callbacks", ids)
    assert (delivery[0], callback[0]) == ("succeeded", "sent")


@contextmanager
def outage(server: WholeServer) -> Iterator[None]:
    """Lock SQLite's file; make PostgreSQL's database one that can only be read."""
    if not server.is_on_postgresql:
        with closing(
            sqlite3.connect(server.sqlite_file, isolation_level=None, timeout=100)
        ) as file:
            file.execute("BEGIN EXCLUSIVE")
            yield
            file.execute("ROLLBACK")
        return
    url = server.server.environment["DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as administrator:
        name = administrator.info.dbname
        end_all = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        try:
            administrator.execute(
                f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode()
            )
            administrator.execute(end_all.encode())
            yield
        finally:
            administrator.execute(b"SET default_transaction_read_only = off")
            administrator.execute(
                f"ALTER DATABASE {name} RESET default_transaction_read_only".encode()
            )
            administrator.execute(end_all.encode())


_WELL = {"executions": "completed", "deliveries": "succeeded", "callbacks": "sent"}


def _rows(server: WholeServer, table: str, endpoints: Endpoints, callback_url: str) -> list[UUID]:
    """Write down three rows of one group that are due, and return by what they are known."""
    if table == "deliveries":
        agent_id = server.make_agent(endpoints.url("quick", "agent"))
        with server.server.session():
            return make_due(server.person, agent_id, 3)
    function_id = server.make_function(table, endpoints.url("quick", table))
    url = callback_url if table == "callbacks" else None
    return list(server.submit(function_id, 3, callback_url=url))


def _deliveries(server: WholeServer) -> list[UUID]:
    with server.server.session(), reading():
        return list(db.session.scalars(select(Delivery.id)))


def _ended(server: WholeServer, table: str, ids: list[UUID]) -> list[tuple[str, str | None]]:
    """Wait until rows have ended; return how, and why, in the order of the ids."""

    def look() -> list[tuple[str, str | None]] | None:
        time.sleep(0.1)  # not to keep the server from working
        with server.server.session(), reading():
            seen = [_status(table, each) for each in ids]
        return seen if all(status not in _OPEN for status, _ in seen) else None

    ended: list[tuple[str, str | None]] = wait_until(look)
    return ended


_OPEN = {"pending", "queued", "running"}


def _status(table: str, row_id: UUID) -> tuple[str, str | None]:
    if table == "executions":
        execution = db.session.get_one(Execution, row_id)
        return execution.status, execution.error
    if table == "deliveries":
        delivery = db.session.get_one(Delivery, row_id)
        return delivery.status, delivery.error_message
    callback = db.session.scalars(
        select(Callback).where(Callback.execution_id == row_id)
    ).one_or_none()
    return (callback.status, callback.error_message) if callback else ("pending", None)
