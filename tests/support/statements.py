"""What is said to the database while somebody calls: each statement as it is sent."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import event

from opensink_web.models import db


@dataclass(frozen=True)
class Statement:
    """One statement, in the database's own words."""

    text: str
    values: Any

    @property
    def verb(self) -> str:
        return self.text.split(None, 1)[0].upper()


@contextmanager
def statements(app: Flask) -> Iterator[list[Statement]]:
    """Collect what is said within the block, by whatever thread."""
    said: list[Statement] = []

    def note(_connection: Any, _cursor: Any, text: str, values: Any, *_: Any) -> None:
        said.append(Statement(text, values))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


def writes_in(said: Sequence[Statement]) -> list[str]:
    """Return what wants to write; BEGIN IMMEDIATE is how SQLite is told so."""
    return [each.text for each in said if not _only_reads(each) and each.text != "BEGIN"]


def _only_reads(said: Statement) -> bool:
    """Return True for a SELECT; what begins WITH may end with a statement that writes."""
    is_with = said.verb == "WITH" and not re.search(r"\b(INSERT|UPDATE|DELETE)\b", said.text)
    return said.verb == "SELECT" or is_with
