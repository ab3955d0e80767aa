"""Batches that are written in slices: submitting them, and what is stored of them meanwhile."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from flask import Flask
from sqlalchemy import Table, func, select

from opensink_web import clock
from opensink_web.models import (
    Base,
    Batch,
    Chat,
    ChatMessage,
    Execution,
    ExecutionStep,
    InputRequest,
    db,
)
from opensink_web.models.transaction import reading
from opensink_web.work.chores import DELETING, AnyChore, do_chores
from tests.api.conftest import Api

ADDRESS = "/functions/tests/work/execute/batch"
COUNT = 12
Between: TypeAlias = Callable[[Callable[[], Any]], None]
WRITTEN = (Batch, Execution, ExecutionStep, InputRequest, Chat, ChatMessage)


def submit(api: Api, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
    body = {"inputs": [{"n": n} for n in range(COUNT)], **more}
    return api.at(ADDRESS, "POST", body, headers)


def read(api: Api, address: str) -> Any:
    response = api.at(address, "GET")
    assert response.status_code == 200, response.text
    return response.json


def accepted(response: Any) -> Any:
    assert response.status_code == 202, response.text
    return response.json


def rows(model: type[Base]) -> int:
    """Count what is stored, found or not."""
    table: Table = model.__table__  # type: ignore[assignment]  # a Table is typed as any FROM
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def stored(app: Flask) -> dict[str, int]:
    """Count what is stored of whatever a batch consists of; nothing is left out."""
    with app.app_context(), reading():
        return {model.__name__: n for model in WRITTEN if (n := rows(model))}


def in_thread(act: Callable[[], Any]) -> Any:
    """Do something as another request would, in a thread of its own."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(act()))
    thread.start()
    thread.join(100)
    return results[0]


def sweep(app: Flask) -> None:
    with app.app_context():
        do_all(DELETING)


def do_all(chores: Sequence[AnyChore]) -> None:
    """Do chores to their end, however busy the machine is."""
    while do_chores(chores):
        pass


def due_count(app: Flask) -> int:
    with app.app_context(), reading():
        query = select(func.count()).select_from(Execution).where(Execution.next_at <= clock.now())
        return db.session.scalar(query) or 0
