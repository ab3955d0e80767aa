"""The client's calls about how people are told of requests."""

from collections.abc import Iterator
from typing import Any

from .resources import (
    EscalationChain,
    NotificationChannel,
    NotificationMessage,
    NotificationRule,
    read,
)
from .transport import Transport, part


class Notifying:
    """Channels, what they tell of, and what was told."""

    _http: Transport

    def create_chain(
        self,
        name: str,
        time_zone: str,
        working_hours: dict[str, Any],
        steps: list[dict[str, Any]],
        **settings: Any,
    ) -> EscalationChain:
        """Make a chain of who is told when a request waits for too long.

        Settings are agent_id, function_id, is_active and holidays.
        """
        return read(
            EscalationChain,
            self._http.api(
                "POST",
                "/escalation-chains",
                {
                    "name": name,
                    "time_zone": time_zone,
                    "working_hours": working_hours,
                    "steps": steps,
                    **settings,
                },
            ),
        )

    def list_chains(self) -> Iterator[EscalationChain]:
        """Yield escalation chains, newest first."""
        for item in self._http.each("/escalation-chains", {}):
            yield read(EscalationChain, item)

    def get_chain(self, chain_id: str) -> EscalationChain:
        """Read an escalation chain."""
        return read(EscalationChain, self._http.api("GET", f"/escalation-chains/{part(chain_id)}"))

    def update_chain(self, chain_id: str, **changes: Any) -> EscalationChain:
        """Change an escalation chain."""
        return read(
            EscalationChain,
            self._http.api("PATCH", f"/escalation-chains/{part(chain_id)}", changes),
        )

    def delete_chain(self, chain_id: str) -> None:
        """Delete an escalation chain."""
        self._http.api("DELETE", f"/escalation-chains/{part(chain_id)}")

    def create_channel(
        self, kind: str, config: dict[str, Any], **settings: Any
    ) -> NotificationChannel:
        """Make a way by which one is told; the setting is name."""
        return read(
            NotificationChannel,
            self._http.api(
                "POST", "/notification-channels", {"kind": kind, "config": config, **settings}
            ),
        )

    def list_channels(self) -> Iterator[NotificationChannel]:
        """Yield one's channels, newest first."""
        for item in self._http.each("/notification-channels", {}):
            yield read(NotificationChannel, item)

    def get_channel(self, channel_id: str) -> NotificationChannel:
        """Read a channel."""
        return read(
            NotificationChannel, self._http.api("GET", f"/notification-channels/{part(channel_id)}")
        )

    def update_channel(self, channel_id: str, **changes: Any) -> NotificationChannel:
        """Change name, is_active or config."""
        return read(
            NotificationChannel,
            self._http.api("PATCH", f"/notification-channels/{part(channel_id)}", changes),
        )

    def delete_channel(self, channel_id: str) -> None:
        """Delete a channel."""
        self._http.api("DELETE", f"/notification-channels/{part(channel_id)}")

    def confirm_channel(self, channel_id: str, code: str) -> NotificationChannel:
        """Confirm a channel by the code that was sent by it."""
        return read(
            NotificationChannel,
            self._http.api(
                "POST", f"/notification-channels/{part(channel_id)}/confirm", {"code": code}
            ),
        )

    def test_channel(self, channel_id: str) -> NotificationMessage:
        """Send a message by a channel, to see that it arrives."""
        return read(
            NotificationMessage,
            self._http.api("POST", f"/notification-channels/{part(channel_id)}/test"),
        )

    def create_rule(self, channel_id: str, **settings: Any) -> NotificationRule:
        """Say of which requests a channel tells.

        Settings are scope, agent_id, function_id, key, tag, min_priority, mode, digest_minutes and
        with_details.
        """
        return read(
            NotificationRule,
            self._http.api("POST", f"/notification-channels/{part(channel_id)}/rules", settings),
        )

    def replace_rule(self, rule_id: str, **settings: Any) -> NotificationRule:
        """Say it anew; settings as for create_rule, the others are as if never said."""
        return read(
            NotificationRule,
            self._http.api("PUT", f"/notification-rules/{part(rule_id)}", settings),
        )

    def delete_rule(self, rule_id: str) -> None:
        """Tell by a channel of these no more."""
        self._http.api("DELETE", f"/notification-rules/{part(rule_id)}")

    def list_messages(self) -> Iterator[NotificationMessage]:
        """Yield what was sent to oneself, newest first."""
        for item in self._http.each("/notification-messages", {}):
            yield read(NotificationMessage, item)

    def get_message(self, message_id: str) -> NotificationMessage:
        """Read a message."""
        return read(
            NotificationMessage, self._http.api("GET", f"/notification-messages/{part(message_id)}")
        )
