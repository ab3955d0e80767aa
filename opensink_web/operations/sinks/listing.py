"""The lists of what is in sinks, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, false, select
from sqlalchemy.orm import joinedload

from opensink_web.models import SinkItem, Workspace
from opensink_web.models.base import first_id_at
from opensink_web.operations import page
from opensink_web.operations.requests.searched import Searched, fetch_searched
from opensink_web.operations.requests.sieve import FIRST_STEPS, MORE_STEPS
from opensink_web.operations.sinks.words import FieldFilter, ItemNarrowing, words_in_items


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items to list; None means any. `since` and `until` are when they were added.

    `from_id` is the oldest of them, and `but` are left out.
    """

    sink_id: UUID | None = None
    type: str | None = None
    search: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    field: FieldFilter | None = None
    from_id: UUID | None = None
    but: tuple[UUID, ...] = ()


def list_items(
    workspace: Workspace, filters: ItemFilter, page_request: page.PageRequest
) -> page.Page[SinkItem]:
    """Return items with their sinks, newest first. Raises: InvalidInput for a bad cursor."""
    rows = _rows(workspace, filters)
    with_sink = joinedload(SinkItem.sink)
    if filters.search is None and filters.field is None:
        return page.fetch(rows.options(with_sink), SinkItem.id, page_request)
    listed = Searched(
        key=SinkItem.id,
        rows=rows,
        options=(with_sink,),
        are_named=false(),
        names=(),
        have_words=lambda words: words.are_in(SinkItem.id),
        ids_of=lambda ids: ids,
        steps=(FIRST_STEPS, MORE_STEPS),
    )
    narrowing = ItemNarrowing(filters.sink_id, filters.type)
    words = words_in_items(workspace, filters.search, narrowing, filters.field)
    return fetch_searched(listed, words, page_request)


def _rows(workspace: Workspace, filters: ItemFilter) -> Select[SinkItem]:
    rows: Select[Any] = select(SinkItem).where(
        page.is_in(SinkItem.workspace_id, workspace, filters.sink_id)
    )
    rows = page.narrowed(rows, (SinkItem.sink_id, filters.sink_id), (SinkItem.type, filters.type))
    if filters.since is not None:
        rows = rows.where(SinkItem.id >= first_id_at(filters.since))
    if filters.until is not None:
        rows = rows.where(SinkItem.id < first_id_at(filters.until))
    if filters.from_id is not None:
        rows = rows.where(SinkItem.id >= filters.from_id)
    if filters.but:
        rows = rows.where(SinkItem.id.not_in(filters.but))
    return rows
