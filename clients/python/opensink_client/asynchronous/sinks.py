"""Made of sinks.py, by `python -m tests.asynchronous_client`: change that one."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from ..resources import ManySinkItems, Sink, SinkItem
from .threads import Threaded


class AsyncSinks(Threaded):
    """Sinks and their items."""

    async def create_sink(self, name: str, **settings: Any) -> Sink:
        """Make a sink; settings are description, color, is_public, public_slug and is_indexed."""
        return await self._call(self._client.create_sink, name, **settings)

    def list_sinks(self) -> AsyncIterator[Sink]:
        """Yield sinks, newest first."""
        return self._each(self._client.list_sinks())

    async def get_sink(self, sink_id: str) -> Sink:
        """Read a sink."""
        return await self._call(self._client.get_sink, sink_id)

    async def update_sink(self, sink_id: str, **changes: Any) -> Sink:
        """Change a sink; changes are the fields of create_sink."""
        return await self._call(self._client.update_sink, sink_id, **changes)

    async def delete_sink(self, sink_id: str) -> None:
        """Delete a sink and its items."""
        await self._call(self._client.delete_sink, sink_id)

    async def rotate_sink_secret(self, sink_id: str) -> Sink:
        """Make a new secret; the one before is good for nothing from now on."""
        return await self._call(self._client.rotate_sink_secret, sink_id)

    async def create_sink_item(self, sink_id: str, title: str, **fields: Any) -> SinkItem:
        """Put something into a sink.

        Fields are body, type, url, fields, resources and occurred_at (a datetime with a zone).
        """
        return await self._call(self._client.create_sink_item, sink_id, title, **fields)

    async def create_many_sink_items(self, items: Iterable[dict[str, Any]]) -> ManySinkItems:
        """Put many things into sinks at once; where one of them is invalid, none is."""
        return await self._call(self._client.create_many_sink_items, items)

    def list_sink_items(self, **filters: Any) -> AsyncIterator[SinkItem]:
        """Yield items, newest first; filters are sink_id, q (words) and type."""
        return self._each(self._client.list_sink_items(**filters))

    async def get_sink_item(self, item_id: str) -> SinkItem:
        """Read an item."""
        return await self._call(self._client.get_sink_item, item_id)

    async def update_sink_item(self, item_id: str, **changes: Any) -> SinkItem:
        """Change an item; changes are the fields of create_sink_item, and title."""
        return await self._call(self._client.update_sink_item, item_id, **changes)

    async def delete_sink_item(self, item_id: str) -> None:
        """Delete an item."""
        await self._call(self._client.delete_sink_item, item_id)
