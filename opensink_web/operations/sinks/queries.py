"""Reading sinks and what is in them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from opensink_web.errors import NotFound
from opensink_web.models import Sink, SinkItem, Workspace, db
from opensink_web.operations import page


def find_sink(workspace: Workspace, sink_id: UUID) -> Sink:
    """Raises: NotFound."""
    sink = db.session.get(Sink, sink_id)
    if sink is None or sink.workspace_id != workspace.id:
        raise NotFound("There is no such sink.")
    return sink


def find_public_sink(slug: str) -> Sink:
    """Return the sink that anybody may read there.

    Raises: NotFound, whether there is none, or one that is not public.
    """
    query = select(Sink).where(Sink.public_slug == slug, Sink.is_public)
    sink = db.session.scalars(query).one_or_none()
    if sink is None:
        raise NotFound("There is no public page at this address.")
    return sink


def list_sinks(workspace: Workspace, page_request: page.PageRequest) -> page.Page[Sink]:
    """Return the workspace's sinks, newest first. Raises: InvalidInput for a bad cursor."""
    query = select(Sink).where(Sink.workspace_id == workspace.id)
    return page.fetch(query, Sink.id, page_request)


def count_items(sinks: Sequence[Sink], most: int = page.COUNTED_MAX) -> dict[UUID, int]:
    """Count what is in each sink, as far as one more than `most`."""
    if not sinks:
        return {}
    counts: list[Any] = []
    for sink in sinks:
        some = select(SinkItem.id).where(SinkItem.sink_id == sink.id).limit(most + 1).subquery()
        counts.append(select(func.count()).select_from(some).scalar_subquery())
    row = db.session.execute(select(*counts)).one()
    return {sink.id: count for sink, count in zip(sinks, row, strict=True)}


def find_item(workspace: Workspace, item_id: UUID) -> SinkItem:
    """Raises: NotFound."""
    query = (
        select(SinkItem)
        .where(SinkItem.id == item_id, SinkItem.workspace_id == workspace.id)
        .options(joinedload(SinkItem.sink))
    )
    item = db.session.scalars(query).one_or_none()
    if item is None:
        raise NotFound("There is no such item.")
    return item
