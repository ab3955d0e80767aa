"""Items: putting them into sinks, changing and deleting them.

What takes long is done before the transaction (prepare_items): encrypting what they say, and making
the words by which they are found.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack, cast
from uuid import UUID

from sqlalchemy import Table, insert, select, update

from opensink_web import clock
from opensink_web.errors import NotFound, UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    AuditAction,
    Sink,
    SinkItem,
    SinkItemDocument,
    SubjectKind,
    Workspace,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.models.sealed import row_as_written, sealed_values
from opensink_web.models.transaction import Area, changed_after_commit, rows_changed
from opensink_web.operations.audit.record import record
from opensink_web.operations.sinks.words import tokens_of

ITEMS_MAX = 1000
"""At once; a body of 1 MiB, the usual limit, has room for about as many."""
BODY_LENGTH_MAX = 100_000
"""Of one item, in characters; what is longer is better linked to than read in a feed."""
_ITEMS = cast("Table", SinkItem.__table__)
_DOCUMENTS = cast("Table", SinkItemDocument.__table__)
_SAID = ("title", "body", "type", "url", "fields", "resources")
# keeps a row from being deleted until the commit, and lets others change it
_KEPT: dict[str, Any] = {"read": True, "key_share": True}


class ItemFields(TypedDict, total=False):
    """What an item says; of a new one what is left out is empty, of a changed one it stays."""

    title: str
    body: str | None
    type: str | None
    url: str | None
    fields: Mapping[str, Any] | None
    resources: Sequence[Mapping[str, Any]] | None
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item that is to be put into a sink."""

    sink_id: UUID
    said: ItemFields


@dataclass(frozen=True, slots=True)
class PreparedItem:
    """One that can be inserted as it is: `values` are of its row, `written` what is stored."""

    sink_id: UUID
    values: dict[str, Any]
    written: dict[str, Any]
    tokens: str


def prepare_items(workspace: Workspace, items: Iterable[NewItem]) -> list[PreparedItem]:
    """Make items ready to be stored, which needs no transaction that writes."""
    return [_prepared(workspace, each) for each in items]


def _prepared(workspace: Workspace, item: NewItem) -> PreparedItem:
    moment = clock.now()
    said: dict[str, Any] = dict.fromkeys(_SAID) | {"occurred_at": None} | item.said
    said["fields"], said["resources"] = dict(said["fields"] or {}), list(said["resources"] or ())
    values = {
        "id": new_id(),
        "workspace_id": workspace.id,
        "sink_id": item.sink_id,
        "created_at": moment,
        "updated_at": moment,
        **said,
    }
    tokens = tokens_of(workspace, item.sink_id, said)
    return PreparedItem(item.sink_id, values, sealed_values(SinkItem, values), tokens)


def add_item(workspace: Workspace, item: PreparedItem) -> SinkItem:
    """Put an item into its sink. Raises: NotFound."""
    if item.sink_id not in _keep_sinks(workspace, {item.sink_id}):
        raise NotFound("There is no such sink.")
    return _insert(workspace, [item])[0]


def add_items(
    workspace: Workspace, items: Sequence[PreparedItem]
) -> tuple[list[SinkItem], list[PreparedItem]]:
    """Put items into their sinks; return what was added, and those for which there is no sink."""
    there = _keep_sinks(workspace, {each.sink_id for each in items})
    added = _insert(workspace, [each for each in items if each.sink_id in there])
    return added, [each for each in items if each.sink_id not in there]


def _keep_sinks(workspace: Workspace, sink_ids: Collection[UUID]) -> set[UUID]:
    """Return which of the sinks are there, and are until the commit."""
    query = select(Sink.id).where(Sink.id.in_(sink_ids), Sink.workspace_id == workspace.id)
    return set(db.session.scalars(query.order_by(Sink.id).with_for_update(**_KEPT)))


def _insert(workspace: Workspace, items: Sequence[PreparedItem]) -> list[SinkItem]:
    if not items:
        return []
    db.session.execute(insert(_ITEMS), [each.written for each in items])
    documents = [{"item_id": each.values["id"], "tokens": each.tokens} for each in items]
    db.session.execute(insert(_DOCUMENTS), documents)
    changed_after_commit(workspace.id, Area.SINKS)
    return [row_as_written(SinkItem, each.values, each.written) for each in items]


def update_item(workspace: Workspace, item_id: UUID, **changes: Unpack[ItemFields]) -> SinkItem:
    """Change the given fields. Raises: NotFound."""
    item = _lock_item(workspace, item_id)
    for name, value in changes.items():
        empty: object = {"fields": {}, "resources": []}.get(name)
        setattr(item, name, empty if value is None else value)
    said = {name: _readable(item, name) for name in _SAID}
    of_item = update(SinkItemDocument).where(SinkItemDocument.item_id == item.id)
    rows_changed(of_item.values(tokens=tokens_of(workspace, item.sink_id, said)))
    changed_after_commit(workspace.id, Area.SINKS)
    db.session.flush()
    return item


def _readable(item: SinkItem, name: str) -> Any:
    """Return what of an item can be decrypted: by the rest it is found all the same."""
    with suppress(UnreadableSecret):
        return getattr(item, name)
    return {"title": "", "fields": {}, "resources": []}.get(name)


def delete_item(workspace: Workspace, item_id: UUID) -> UUID:
    """Delete an item; return the id of its sink. Raises: NotFound."""
    item = _lock_item(workspace, item_id)
    sink_id = item.sink_id
    details: JSONObject = {"item": str(item.id)}
    record(AuditAction.SINK_ITEM_DELETED, workspace.id, SubjectKind.SINK, sink_id, details)
    db.session.delete(item)
    changed_after_commit(workspace.id, Area.SINKS)
    db.session.flush()
    return sink_id


def _lock_item(workspace: Workspace, item_id: UUID) -> SinkItem:
    query = select(SinkItem).where(SinkItem.id == item_id, SinkItem.workspace_id == workspace.id)
    item = db.session.scalars(query.with_for_update()).one_or_none()
    if item is None:
        raise NotFound("There is no such item.")
    return item
