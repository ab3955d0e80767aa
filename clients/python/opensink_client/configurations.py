"""The client's calls about what agents are to go by."""

from collections.abc import Iterator
from typing import Any

from .resources import Configuration, read
from .transport import Transport, part


class Configurations:
    """Versions of configurations, of which one is active."""

    _http: Transport

    def create_configuration(self, agent_id: str, **settings: Any) -> Configuration:
        """Make the next version of a variant.

        Settings are variant, schema_version, schema and value; what is left out carries over.
        """
        return read(
            Configuration,
            self._http.api("POST", "/agent-configurations", {"agent_id": agent_id, **settings}),
        )

    def list_configurations(self, **filters: Any) -> Iterator[Configuration]:
        """Yield versions, newest first; filters are agent_id and variant."""
        for item in self._http.each("/agent-configurations", filters):
            yield read(Configuration, item)

    def list_variants(self, **filters: Any) -> Iterator[Configuration]:
        """Yield the newest version of each variant; the filter is agent_id."""
        for item in self._http.each("/agent-configurations/variants", filters):
            yield read(Configuration, item)

    def get_active_configuration(self, agent_id: str) -> Configuration:
        """Read the version that an agent goes by."""
        return read(
            Configuration, self._http.api("GET", f"/agent-configurations/agent/{part(agent_id)}")
        )

    def get_configuration(self, configuration_id: str) -> Configuration:
        """Read a version."""
        return read(
            Configuration, self._http.api("GET", f"/agent-configurations/{part(configuration_id)}")
        )

    def activate_configuration(self, configuration_id: str) -> Configuration:
        """Have the agent go by this version, as when it is rolled back."""
        return read(
            Configuration,
            self._http.api("POST", f"/agent-configurations/{part(configuration_id)}/activate"),
        )
