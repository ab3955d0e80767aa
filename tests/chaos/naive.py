"""The reference that must lose: commit, then enqueue with RQ's Retry(5); no outbox, no sweeper.

It answers requests at /resolve/ID with one table, one queue and the same calls. Everything that
a kill between two of its steps leaves half done stays so, and what Redis forgets is gone.
"""

import json
import os
import socket
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import requests
from redis import Redis, RedisError
from rq import Queue, Retry, SimpleWorker
from sqlalchemy import (
    Column,
    Engine,
    Float,
    MetaData,
    String,
    Table,
    Update,
    create_engine,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from tests.chaos.clients import Question
from tests.chaos.endpoint import Arrival
from tests.chaos.plan import AGENT_TIMEOUT_SECONDS, AGENTS
from tests.chaos.subject import Subject, Verdict

ANSWERS = Table(
    "naive_answers",
    MetaData(),
    Column("id", String, primary_key=True),
    Column("url", String, nullable=False),
    Column("stored_at", Float),
    Column("delivered_at", Float),
)


class Naive(Subject):
    """The reference, on a database of its own."""

    parts = ()

    def __init__(self, data_dir: Path, redis_url: str, database_url: str, resolutions: int) -> None:
        data_dir.mkdir(exist_ok=True)
        url = database_url.replace("postgresql://", "postgresql+psycopg://")
        url = url or f"sqlite:///{data_dir / 'naive.sqlite3'}"
        self.environment = os.environ | {"DATABASE_URL": url, "REDIS_URL": redis_url}
        self._engine = create_engine(url)
        self._resolutions = resolutions

    @staticmethod
    def main(arguments: Sequence[str]) -> None:
        web(int(arguments[-1])) if arguments[0] == "web" else worker()

    def prepare(self, base_url: str, endpoint_url: str) -> list[Question]:
        ANSWERS.create(self._engine)
        urls = [f"{endpoint_url}/{behaviour}/0" for behaviour in AGENTS]
        rows = [{"id": str(uuid4()), "url": urls[n % len(urls)]} for n in range(self._resolutions)]
        with self._engine.begin() as connection:
            connection.execute(ANSWERS.insert(), rows)
        return [Question(row["id"], f"{base_url}/resolve/{row['id']}", {}, {}) for row in rows]

    def unfinished(self) -> int:
        return sum(not verdict.is_final for verdict in self.verdicts().values())

    def age(self) -> None:
        """Nothing is leased here, and nothing dated for later."""

    def verdicts(self) -> dict[str, Verdict]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(ANSWERS).where(ANSWERS.c.stored_at.is_not(None))).all()
        return {row.id: _verdict(row.stored_at, row.delivered_at) for row in rows}

    def violations(self, questions: Sequence[Question], calls: Sequence[Arrival]) -> list[str]:
        return []


def _verdict(stored_at: float, delivered_at: float | None) -> Verdict:
    is_final = delivered_at is not None
    seconds = delivered_at - stored_at if delivered_at is not None else None
    return Verdict(deliveries=1, is_final=is_final, is_success=is_final, settle_seconds=seconds)


def web(descriptor: int) -> None:
    """Take answers at a socket that listens already."""
    listener = socket.socket(fileno=descriptor)
    server = ThreadingHTTPServer(listener.getsockname(), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.daemon_threads = True
    Handler.engine = create_engine(os.environ["DATABASE_URL"])
    Handler.queue = Queue(connection=Redis.from_url(os.environ["REDIS_URL"]))
    server.serve_forever()


def worker() -> None:
    """Make the calls that are in the queue."""
    connection = Redis.from_url(os.environ["REDIS_URL"])
    SimpleWorker([Queue(connection=connection)], connection=connection).work(logging_level="ERROR")


def call(answer_id: str) -> None:
    """The job."""
    engine = create_engine(os.environ["DATABASE_URL"])
    with engine.connect() as connection:
        url = connection.scalars(select(ANSWERS.c.url).where(ANSWERS.c.id == answer_id)).one()
    headers = {"X-OpenSink-Request-Id": answer_id, "webhook-id": answer_id}
    answer = requests.post(url, b"{}", headers=headers, timeout=AGENT_TIMEOUT_SECONDS)
    answer.raise_for_status()
    with engine.begin() as connection:
        connection.execute(_set(answer_id, delivered_at=time.time()))
    engine.dispose()


def _set(answer_id: str, **values: float) -> Update:
    return update(ANSWERS).where(ANSWERS.c.id == answer_id).values(**values)


class Handler(BaseHTTPRequestHandler):
    engine: Engine
    queue: Queue

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer_id = self.path.rpartition("/")[2]
        try:
            status = self._resolve(answer_id)
        except (SQLAlchemyError, RedisError):
            status = 503
        body = json.dumps({"status": status}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _resolve(self, answer_id: str) -> int:
        is_open = ANSWERS.c.stored_at.is_(None)
        with self.engine.begin() as connection:
            stored = connection.execute(_set(answer_id, stored_at=time.time()).where(is_open))
        if stored.rowcount != 1:
            return 409
        self.queue.enqueue(call, answer_id, retry=Retry(5))
        return 200

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""
