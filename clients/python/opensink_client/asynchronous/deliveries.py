"""Made of deliveries.py, by `python -m tests.asynchronous_client`: change that one."""

from collections.abc import AsyncIterator
from typing import Any

from ..resources import Delivery
from .threads import Threaded


class AsyncDeliveries(Threaded):
    """What was sent to agents, and how that went."""

    def list_deliveries(self, **filters: Any) -> AsyncIterator[Delivery]:
        """Yield calls to agents, newest first.

        Filters are session_id, agent_id, kind, status and trace_id.
        """
        return self._each(self._client.list_deliveries(**filters))

    async def get_delivery(self, delivery_id: str) -> Delivery:
        """Read a call, with its attempts."""
        return await self._call(self._client.get_delivery, delivery_id)

    async def redeliver(self, delivery_id: str) -> Delivery:
        """Make a call again that failed."""
        return await self._call(self._client.redeliver, delivery_id)

    async def redeliver_failed(self, agent_id: str) -> int:
        """Make an agent's calls again that failed, and return how many those were."""
        return await self._call(self._client.redeliver_failed, agent_id)
