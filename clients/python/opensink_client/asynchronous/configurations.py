"""Made of configurations.py, by `python -m tests.asynchronous_client`: change that one."""

from collections.abc import AsyncIterator
from typing import Any

from ..resources import Configuration
from .threads import Threaded


class AsyncConfigurations(Threaded):
    """Versions of configurations, of which one is active."""

    async def create_configuration(self, agent_id: str, **settings: Any) -> Configuration:
        """Make the next version of a variant.

        Settings are variant, schema_version, schema and value; what is left out carries over.
        """
        return await self._call(self._client.create_configuration, agent_id, **settings)

    def list_configurations(self, **filters: Any) -> AsyncIterator[Configuration]:
        """Yield versions, newest first; filters are agent_id and variant."""
        return self._each(self._client.list_configurations(**filters))

    def list_variants(self, **filters: Any) -> AsyncIterator[Configuration]:
        """Yield the newest version of each variant; the filter is agent_id."""
        return self._each(self._client.list_variants(**filters))

    async def get_active_configuration(self, agent_id: str) -> Configuration:
        """Read the version that an agent goes by."""
        return await self._call(self._client.get_active_configuration, agent_id)

    async def get_configuration(self, configuration_id: str) -> Configuration:
        """Read a version."""
        return await self._call(self._client.get_configuration, configuration_id)

    async def activate_configuration(self, configuration_id: str) -> Configuration:
        """Have the agent go by this version, as when it is rolled back."""
        return await self._call(self._client.activate_configuration, configuration_id)
