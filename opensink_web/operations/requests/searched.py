"""Lists of something else, such as sessions, that are searched by words, as of what was asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from opensink_web.models import db
from opensink_web.operations import page
from opensink_web.operations.requests.search_match import Words
from opensink_web.operations.requests.sieve import in_fewest_steps, rarest_of


@dataclass(frozen=True, slots=True)
class Searched:
    """A list, newest first, and how what is looked for is found in it.

    `rows` are all of the list, `options` how they are loaded. `are_named` keeps those that have the
    name in another way than by a request, and `names` finds these by indexes, a query each.
    `have_words` keeps those that have the words, and `ids_of` finds them all by the ids of what an
    index says has them. `steps` are how many rows are looked at first, and then.
    """

    key: InstrumentedAttribute[Any]
    rows: Select[Any]
    options: Sequence[Any]
    are_named: ColumnElement[bool]
    names: Sequence[ColumnElement[bool]]
    have_words: Callable[[Words], ColumnElement[bool]]
    ids_of: Callable[[Select[Any]], Select[Any]]
    steps: tuple[int, int]


def fetch_searched(
    listed: Searched, words: Words | None, page_request: page.PageRequest
) -> page.Page[Any]:
    """Return one page of what has the words, or a name. Raises: InvalidInput for a bad cursor."""
    after, key = page.row_id_in(page_request), listed.key
    rows = listed.rows if after is None else listed.rows.where(key < after)
    limit = page_request.limit + 1
    kept = listed.are_named
    if words is not None:
        kept = or_(kept, listed.have_words(words))

    def walk(steps: int) -> tuple[list[Any], bool]:
        ids = rows.with_only_columns(key).order_by(key.desc())
        last = db.session.scalar(ids.offset(steps - 1).limit(1))
        walked = rows.where(kept) if last is None else rows.where(kept, key >= last)
        walked = walked.options(*listed.options).order_by(key.desc()).limit(limit)
        return list(db.session.scalars(walked)), last is None

    def look_up() -> list[Any]:
        newest = rows.with_only_columns(key).order_by(key.desc()).limit(limit)
        parts = [select(newest.where(each).subquery()) for each in listed.names]
        if words is not None:
            parts.append(listed.ids_of(words.ids))
        if not parts:
            return []
        query = rows.where(key.in_(union_all(*parts))).options(*listed.options)
        # by no index: what is found is put in order, not the list looked through for it
        return list(db.session.scalars(query.order_by(func.coalesce(key, key).desc()).limit(limit)))

    def is_rare() -> bool:
        return words is None or rarest_of([words]) is not None

    items = in_fewest_steps(limit, walk, is_rare, look_up, listed.steps)
    if len(items) < limit:
        return page.Page(items, None)
    items = items[: page_request.limit]
    return page.Page(items, page.trail_of(items[-1].id))
