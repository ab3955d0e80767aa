"""Sinks with something in them."""

from typing import Any, Unpack
from uuid import UUID

from opensink_web.models import User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.sinks.item import NewItem, add_items, prepare_items
from opensink_web.operations.sinks.sink import SinkChanges, create_sink
from tests.conftest import Person


def sink_of(person: Person, **fields: Unpack[SinkChanges]) -> UUID:
    """Make a sink, within an application's context; return its id."""
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        owner = db.session.get_one(User, person.id)
        whole: SinkChanges = {"name": "News", **fields}
        return create_sink(workspace, owner, **whole).id


def put(person: Person, sink_id: UUID, *titles: str, **said: Any) -> list[UUID]:
    """Put items with these titles into a sink; return their ids, the oldest first."""
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        whole: list[Any] = [{**said, "title": title} for title in titles]
        new = [NewItem(sink_id, each) for each in whole]
        added, _ = add_items(workspace, prepare_items(workspace, new))
        return [each.id for each in added]
