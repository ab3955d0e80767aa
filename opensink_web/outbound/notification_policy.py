"""Which URLs notifications may be sent to: the guard of people's own channels.

Everybody names the URL of their channel, whatever they may do otherwise. So this server calls
public addresses over HTTPS for them, and of its own network what its operator listed for this
purpose alone: what agents' endpoints may be (EXECUTION_ENDPOINT_HOSTS) is for admins to use.
"""

from dataclasses import dataclass
from typing import ClassVar

from opensink_web.outbound.destination import Destination
from opensink_web.outbound.policy import EndpointPolicy


@dataclass(frozen=True, slots=True)
class NotificationPolicy(EndpointPolicy):
    """What is permitted besides https at public addresses; plain http at what is listed alone."""

    setting: ClassVar[str] = "NOTIFICATION_HOSTS"

    def objection(self, destination: Destination) -> str | None:
        """Object to plain HTTP, which everybody on the way could read."""
        if destination.scheme == "https" or self.lists(destination):
            return None
        return (
            "The URL must start with https://. Whoever runs this server can permit a host of its"
            f" own network with {self.setting}."
        )
