"""Lists by page: keyset paging over UUIDv7 ids, newest first.

A cursor names the last row of a page, so page 1,000 costs what page 1 costs, and rows made
meanwhile neither repeat nor hide others.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import BindParameter, ColumnElement, Integer, Select, bindparam, func
from sqlalchemy.orm import InstrumentedAttribute

from opensink_web.errors import FieldError, InvalidInput
from opensink_web.models import Workspace, db

LIMIT_DEFAULT = 20
LIMIT_MAX = 100
COUNTED_MAX = 1000
"""A count that is shown on a page goes no further: it costs the same however many there are."""
TRAIL = "^[A-Za-z0-9_-]{22}$"
"""What a cursor looks like: the 128 bits of an id in base64url (RFC 4648, section 5)."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page: at most `limit` rows after the one that `trail`, a page's cursor, names.

    `trail_name` is what the caller calls the cursor.
    """

    limit: int = LIMIT_DEFAULT
    trail: str | None = None
    trail_name: str = "$trail"


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursor of the next page if there is one."""

    items: list[Row]
    trail: str | None


def fetch(query: Select[Row], key: Any, page_request: PageRequest, **values: object) -> Page[Row]:
    """Run a query for one page; `key` is the id column. Raises: InvalidInput for a bad cursor.

    `values` are what the query binds. One that is built once is made into pages once too, which
    costs as much as running it.
    """
    after = row_id_in(page_request)
    if after is not None:
        values["page_after"] = after
    values["page_limit"] = page_request.limit + 1
    rows = list(db.session.scalars(_paged(query, key, is_first=after is None), values))
    if len(rows) <= page_request.limit:
        return Page(rows, None)
    rows = rows[: page_request.limit]
    return Page(rows, trail_of(getattr(rows[-1], key.key)))


def _paged(query: Select[Row], key: Any, *, is_first: bool) -> Select[Row]:
    """Return the statement of a query's first page, or of any other."""
    pages = _pages.setdefault(query, {})
    if is_first not in pages:
        after = query if is_first else query.where(key < bindparam("page_after"))
        limit: BindParameter[int] = bindparam("page_limit", type_=Integer)
        pages[is_first] = after.order_by(key.desc()).limit(limit)
    return pages[is_first]


_pages: WeakKeyDictionary[Select[Any], dict[bool, Select[Any]]] = WeakKeyDictionary()


def is_in(
    column: InstrumentedAttribute[UUID], workspace: Workspace, *narrower: object
) -> ColumnElement[bool]:
    """Keep the rows of a workspace; any of `narrower` that is wanted is what they are looked up by.

    Two indexes that begin with one column each look alike to SQLite, which keeps no statistics. It
    would take the workspace's, and walk through all of it for the few rows of one session.
    """
    if any(each is not None for each in narrower):
        return func.coalesce(column, column) == workspace.id  # by no index
    return column == workspace.id


def narrowed(
    query: Select[Row], *conditions: tuple[InstrumentedAttribute[Any], object]
) -> Select[Row]:
    """Keep the rows whose columns have the values wanted; None wants any."""
    for column, value in conditions:
        if value is not None:
            query = query.where(column == value)
    return query


def trail_of(row_id: UUID) -> str:
    """Return the cursor of a page that ends with this row."""
    return urlsafe_b64encode(row_id.bytes).decode().rstrip("=")


def row_id_in(page_request: PageRequest) -> UUID | None:
    """Return the row that the page before ends with, None for the first. Raises: InvalidInput."""
    trail = page_request.trail
    if trail is None:
        return None
    if not re.fullmatch(TRAIL, trail):
        message = "This is not a cursor from a page of this list."
        raise InvalidInput(message, errors=(FieldError(f"/{page_request.trail_name}", message),))
    return UUID(bytes=urlsafe_b64decode(trail + "=="))
