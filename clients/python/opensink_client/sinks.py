"""The client's calls about sinks, and what agents put into them for people to read."""

from collections.abc import Iterable, Iterator
from typing import Any

from .resources import ManySinkItems, Sink, SinkItem, read, with_moments
from .transport import Transport, address_of, part


class Sinks:
    """Sinks and their items."""

    _http: Transport

    def create_sink(self, name: str, **settings: Any) -> Sink:
        """Make a sink; settings are description, color, is_public, public_slug and is_indexed."""
        return read(Sink, self._http.api("POST", "/sinks", {"name": name, **settings}))

    def list_sinks(self) -> Iterator[Sink]:
        """Yield sinks, newest first."""
        for item in self._http.each("/sinks", {}):
            yield read(Sink, item)

    def get_sink(self, sink_id: str) -> Sink:
        """Read a sink."""
        return read(Sink, self._http.api("GET", f"/sinks/{part(sink_id)}"))

    def update_sink(self, sink_id: str, **changes: Any) -> Sink:
        """Change a sink; changes are the fields of create_sink."""
        return read(Sink, self._http.api("PATCH", f"/sinks/{part(sink_id)}", changes))

    def delete_sink(self, sink_id: str) -> None:
        """Delete a sink and its items."""
        self._http.api("DELETE", f"/sinks/{part(sink_id)}")

    def rotate_sink_secret(self, sink_id: str) -> Sink:
        """Make a new secret; the one before is good for nothing from now on."""
        return read(Sink, self._http.api("POST", f"/sinks/{part(sink_id)}/rotate-secret"))

    def create_sink_item(self, sink_id: str, title: str, **fields: Any) -> SinkItem:
        """Put something into a sink.

        Fields are body, type, url, fields, resources and occurred_at (a datetime with a zone).
        """
        body = {"sink_id": sink_id, "title": title, **fields}
        return read(SinkItem, self._http.api("POST", "/sink-items", with_moments(body)))

    def create_many_sink_items(self, items: Iterable[dict[str, Any]]) -> ManySinkItems:
        """Put many things into sinks at once; where one of them is invalid, none is."""
        body = {"items": [with_moments(each) for each in items]}
        content = self._http.api("POST", "/sink-items/many", body)
        created = tuple(read(SinkItem, each) for each in content["created"])
        return ManySinkItems(created, content["failed"], content["invalid"])

    def list_sink_items(self, **filters: Any) -> Iterator[SinkItem]:
        """Yield items, newest first; filters are sink_id, q (words) and type."""
        for item in self._http.each("/sink-items", filters):
            yield read(SinkItem, item)

    def get_sink_item(self, item_id: str) -> SinkItem:
        """Read an item."""
        return read(SinkItem, self._http.api("GET", f"/sink-items/{part(item_id)}"))

    def update_sink_item(self, item_id: str, **changes: Any) -> SinkItem:
        """Change an item; changes are the fields of create_sink_item, and title."""
        return read(
            SinkItem, self._http.api("PATCH", f"/sink-items/{part(item_id)}", with_moments(changes))
        )

    def delete_sink_item(self, item_id: str) -> None:
        """Delete an item."""
        self._http.api("DELETE", f"/sink-items/{part(item_id)}")


def add_to_sink(
    sink_id: str, title: str, *, secret: str, base_url: str | None = None, **fields: Any
) -> SinkItem:
    """Put something into a sink by its secret alone, without a key; see create_sink_item."""
    transport = Transport(address_of(base_url), None, {"X-OpenSink-Secret": secret})
    try:
        path = f"/sinks/{part(sink_id)}/items"
        return read(SinkItem, transport.api("POST", path, with_moments({"title": title, **fields})))
    finally:
        transport.close()
