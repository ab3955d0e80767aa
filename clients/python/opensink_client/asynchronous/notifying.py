"""Made of notifying.py, by `python -m tests.asynchronous_client`: change that one."""

from collections.abc import AsyncIterator
from typing import Any

from ..resources import (
    EscalationChain,
    NotificationChannel,
    NotificationMessage,
    NotificationRule,
)
from .threads import Threaded


class AsyncNotifying(Threaded):
    """Channels, what they tell of, and what was told."""

    async def create_chain(
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
        return await self._call(
            self._client.create_chain, name, time_zone, working_hours, steps, **settings
        )

    def list_chains(self) -> AsyncIterator[EscalationChain]:
        """Yield escalation chains, newest first."""
        return self._each(self._client.list_chains())

    async def get_chain(self, chain_id: str) -> EscalationChain:
        """Read an escalation chain."""
        return await self._call(self._client.get_chain, chain_id)

    async def update_chain(self, chain_id: str, **changes: Any) -> EscalationChain:
        """Change an escalation chain."""
        return await self._call(self._client.update_chain, chain_id, **changes)

    async def delete_chain(self, chain_id: str) -> None:
        """Delete an escalation chain."""
        await self._call(self._client.delete_chain, chain_id)

    async def create_channel(
        self, kind: str, config: dict[str, Any], **settings: Any
    ) -> NotificationChannel:
        """Make a way by which one is told; the setting is name."""
        return await self._call(self._client.create_channel, kind, config, **settings)

    def list_channels(self) -> AsyncIterator[NotificationChannel]:
        """Yield one's channels, newest first."""
        return self._each(self._client.list_channels())

    async def get_channel(self, channel_id: str) -> NotificationChannel:
        """Read a channel."""
        return await self._call(self._client.get_channel, channel_id)

    async def update_channel(self, channel_id: str, **changes: Any) -> NotificationChannel:
        """Change name, is_active or config."""
        return await self._call(self._client.update_channel, channel_id, **changes)

    async def delete_channel(self, channel_id: str) -> None:
        """Delete a channel."""
        await self._call(self._client.delete_channel, channel_id)

    async def confirm_channel(self, channel_id: str, code: str) -> NotificationChannel:
        """Confirm a channel by the code that was sent by it."""
        return await self._call(self._client.confirm_channel, channel_id, code)

    async def test_channel(self, channel_id: str) -> NotificationMessage:
        """Send a message by a channel, to see that it arrives."""
        return await self._call(self._client.test_channel, channel_id)

    async def create_rule(self, channel_id: str, **settings: Any) -> NotificationRule:
        """Say of which requests a channel tells.

        Settings are scope, agent_id, function_id, key, tag, min_priority, mode, digest_minutes and
        with_details.
        """
        return await self._call(self._client.create_rule, channel_id, **settings)

    async def replace_rule(self, rule_id: str, **settings: Any) -> NotificationRule:
        """Say it anew; settings as for create_rule, the others are as if never said."""
        return await self._call(self._client.replace_rule, rule_id, **settings)

    async def delete_rule(self, rule_id: str) -> None:
        """Tell by a channel of these no more."""
        await self._call(self._client.delete_rule, rule_id)

    def list_messages(self) -> AsyncIterator[NotificationMessage]:
        """Yield what was sent to oneself, newest first."""
        return self._each(self._client.list_messages())

    async def get_message(self, message_id: str) -> NotificationMessage:
        """Read a message."""
        return await self._call(self._client.get_message, message_id)
