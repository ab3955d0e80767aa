"""The client's calls about calls to agents."""

from collections.abc import Iterator
from typing import Any

from .resources import Delivery, read
from .transport import Transport, part


class Deliveries:
    """What was sent to agents, and how that went."""

    _http: Transport

    def list_deliveries(self, **filters: Any) -> Iterator[Delivery]:
        """Yield calls to agents, newest first.

        Filters are session_id, agent_id, kind, status and trace_id.
        """
        for item in self._http.each("/deliveries", filters):
            yield read(Delivery, item)

    def get_delivery(self, delivery_id: str) -> Delivery:
        """Read a call, with its attempts."""
        return read(Delivery, self._http.api("GET", f"/deliveries/{part(delivery_id)}"))

    def redeliver(self, delivery_id: str) -> Delivery:
        """Make a call again that failed."""
        return read(Delivery, self._http.api("POST", f"/deliveries/{part(delivery_id)}/redeliver"))

    def redeliver_failed(self, agent_id: str) -> int:
        """Make an agent's calls again that failed, and return how many those were."""
        content = self._http.api("POST", "/deliveries/redeliver", {"agent_id": agent_id})
        return int(content["count"])
