"""Indexing requests for full-text search, which search_match.py does.

What is indexed are keyed hashes of words, because messages are encrypted at rest: an index of words
in clear would tell most of what they say (docs/decisions/search.md). The key is a workspace's own.

Requests are indexed a moment after they were created, by a chore: whoever creates very many does
not wait for it. What a request says does not change, so each is indexed once: with all others, and
with those that wait. From these another chore takes it, some time after its decision. Beside its
words it has tokens of what it is listed by; what was indexed by a version before gets them later.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, Select, Table, Text, bindparam, delete, insert, literal, select, update
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects.postgresql import TSVECTOR

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.models import (
    OPEN_STATUSES,
    Agent,
    InputRequest,
    InputRequestTag,
    SearchDocument,
    SearchProgress,
    WaitingDocument,
    Workspace,
    db,
)
from opensink_web.models.base import first_id_at
from opensink_web.models.search_document import IS_WIDE
from opensink_web.operations.requests.search_match import Narrowing, search_key
from opensink_web.operations.requests.search_words import filter_token, token_of, words_of

_INDEXED_AT_ONCE = 200
_LOOKED_AT_ONCE = 1000
_LATEST = timedelta(minutes=1)
"""How long after its id was made a request is committed at the latest."""

# of the tables, not the classes: a batch that is being staged is indexed too
_REQUESTS = cast("Table", InputRequest.__table__)
_DOCUMENTS = cast("Table", SearchDocument.__table__)
_WAITING = cast("Table", WaitingDocument.__table__)
_AGENTS = cast("Table", Agent.__table__)
_IS_PROGRESS = SearchProgress.id == 1
_NARROWING = ("id", "workspace_id", "kind", "agent_id", "key", "execution_id", "batch_id")


def is_any_unindexed() -> bool:
    """Return True if a request was created that has not been indexed. Writes nothing."""
    return bool(_unindexed(1))


def index_some() -> int:
    """Index some requests, the oldest first; return how many."""
    rows = _unindexed(_INDEXED_AT_ONCE)
    if not rows:
        return 0
    ids = [row.id for row in rows]
    tags, keys = _tags_of(ids), _keys_of({row.workspace_id for row in rows})
    documents = [
        {
            "request_id": row.id,
            "tokens": " ".join(_tokens(keys.get(row.workspace_id), row, tags.get(row.id, ()))),
            "is_narrowed": True,
        }
        for row in rows
    ]
    db.session.execute(insert(_DOCUMENTS), documents)
    open_ids = {row.id for row in rows if row.status.is_open}
    waiting = [each for each in documents if each["request_id"] in open_ids]
    if waiting:
        db.session.execute(insert(_WAITING), waiting)
    # what was committed late has an older id than what was committed before
    until = min(ids[-1], first_id_at(clock.now() - _LATEST))
    db.session.execute(
        update(SearchProgress)
        .where(_IS_PROGRESS, SearchProgress.indexed_until < until)
        .values(indexed_until=until)
        .execution_options(synchronize_session=False)
    )
    return len(rows)


def is_any_wide() -> bool:
    """Return True if a request has been indexed by its words alone. Writes nothing."""
    return any(_wide(each, 1) for each in (_WAITING, _DOCUMENTS))


def narrow_some() -> int:
    """Give some of those what else they are listed by, what waits first; return how many."""
    for table in (_WAITING, _DOCUMENTS):
        rows = _wide(table, _INDEXED_AT_ONCE)
        if rows:
            break
    else:
        return 0
    tags, keys = _tags_of([row.id for row in rows]), _keys_of({row.workspace_id for row in rows})
    more = [
        {
            "of": row.number,
            "more": " ".join(_narrowing(keys.get(row.workspace_id), row, tags.get(row.id, ()))),
        }
        for row in rows
    ]
    tokens = table.c.tokens.op("||", return_type=Text())(
        literal(" ", Text).op("||")(bindparam("more", type_=Text))
        if db.engine.dialect.name == "sqlite"
        else cast_to(bindparam("more", type_=Text), TSVECTOR)
    )
    statement = update(table).where(table.c.number == bindparam("of"))
    db.session.execute(statement.values(tokens=tokens, is_narrowed=True), more)
    return len(rows)


@dataclass(frozen=True, slots=True)
class Closed:
    """Some of the documents of what waits whose requests do not any more.

    `next_after` is where it goes on, None at the end.
    """

    numbers: Sequence[int]
    next_after: int | None


def closed_after(number: int) -> Closed:
    """Look through some documents of what waits. Writes nothing."""
    query = (
        select(_WAITING.c.number, _REQUESTS.c.status)
        .join(_REQUESTS, _REQUESTS.c.id == _WAITING.c.request_id)
        .where(_WAITING.c.number > number)
        .order_by(_WAITING.c.number)
        .limit(_LOOKED_AT_ONCE)
    )
    rows = db.session.execute(query).all()
    is_end = len(rows) < _LOOKED_AT_ONCE
    return Closed(
        [row.number for row in rows if not row.status.is_open], None if is_end else rows[-1].number
    )


def forget_closed(numbers: Sequence[int]) -> None:
    """Take documents from those of what waits; a number that is another's by now stays."""
    is_closed = _REQUESTS.c.status.not_in(OPEN_STATUSES)
    of_it = select(_REQUESTS.c.id).where(_REQUESTS.c.id == _WAITING.c.request_id, is_closed)
    db.session.execute(delete(_WAITING).where(_WAITING.c.number.in_(numbers), of_it.exists()))


def _unindexed(limit: int) -> Sequence[Row[Any]]:
    until = select(SearchProgress.indexed_until).where(_IS_PROGRESS).scalar_subquery()
    is_indexed = select(_DOCUMENTS.c.number).where(_DOCUMENTS.c.request_id == _REQUESTS.c.id)
    columns = ("title", "reference", "message", "status", *_NARROWING)
    query: Select[Any] = (
        select(*(_REQUESTS.c[name] for name in columns), _AGENTS.c.name.label("agent_name"))
        .join_from(_REQUESTS, _AGENTS, _AGENTS.c.id == _REQUESTS.c.agent_id, isouter=True)
        .where(_REQUESTS.c.id > until, ~is_indexed.exists())
        .order_by(_REQUESTS.c.id)
        .limit(limit)
    )
    return db.session.execute(query).all()


def _wide(table: Table, limit: int) -> Sequence[Row[Any]]:
    query: Select[Any] = (
        select(table.c.number, *(_REQUESTS.c[name] for name in _NARROWING))
        .join(_REQUESTS, _REQUESTS.c.id == table.c.request_id)
        .where(IS_WIDE)
        .order_by(table.c.number)
        .limit(limit)
    )
    return db.session.execute(query).all()


def _tags_of(request_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    tags: dict[UUID, list[str]] = {}
    for request_id, tag in db.session.execute(
        select(InputRequestTag.request_id, InputRequestTag.tag).where(
            InputRequestTag.request_id.in_(request_ids)
        )
    ):
        tags.setdefault(request_id, []).append(tag)
    return tags


def _narrowing(key: bytes | None, row: Row[Any], tags: Sequence[str]) -> list[str]:
    if key is None:  # nothing of the workspace can be read
        return []
    narrowing = Narrowing(
        kind=row.kind,
        agent_id=row.agent_id,
        key=row.key,
        function_name=None if row.execution_id is None else row.key,
        batch_id=row.batch_id,
    )
    return [*narrowing.tokens(key), *(filter_token(key, "tag", tag) for tag in tags)]


def _tokens(key: bytes | None, row: Row[Any], tags: Sequence[str]) -> list[str]:
    if key is None:
        return []
    names = [row.title, row.key, row.reference or "", row.agent_name or "", *tags]
    message = ""
    with suppress(UnreadableSecret):
        message = InputRequest.message.unseal(row.id, row.message)
    words = [token_of(key, word) for word in words_of(names, [message])]
    return [*_narrowing(key, row, tags), *words]


def _keys_of(workspace_ids: set[UUID]) -> dict[UUID, bytes]:
    keys = {}
    query = select(Workspace).where(Workspace.id.in_(workspace_ids))
    for workspace in db.session.scalars(query):
        with suppress(UnreadableSecret):
            keys[workspace.id] = search_key(workspace)
    return keys
