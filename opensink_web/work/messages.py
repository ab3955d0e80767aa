"""Messages as a kind of work: what people are told elsewhere, a mail for instance.

The group of a message is its channel, with one at a time: a service that hangs holds up nobody but
those who are told by it.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import func, literal, literal_column

from opensink_web import clock
from opensink_web.channels import CHANNELS
from opensink_web.channels.base import ChannelTools, Sent
from opensink_web.channels.push_keys import VapidKey, contact_of
from opensink_web.models import MessageStatus, NotificationMessage
from opensink_web.operations.notifications.composition import addressed
from opensink_web.operations.notifications.message import (
    COLUMNS,
    MessageClaim,
    claim_of,
    finish_messages,
    give_up_message,
)
from opensink_web.work.queue import MOMENT, Claims, Limits, Look, Source, oldest_due, taking
from opensink_web.work.tools import Tools

_LIMIT = 1
_IS_OPEN = NotificationMessage.status == literal_column("'due'")
_DUE = oldest_due(NotificationMessage, _IS_OPEN, *COLUMNS)
_TAKE = taking(
    NotificationMessage,
    attempt_count=NotificationMessage.attempt_count + 1,
    started_at=func.coalesce(NotificationMessage.started_at, MOMENT),
)


class Messages:
    """Each is sent when its time has come."""

    model = NotificationMessage
    is_urgent = False

    def __init__(self, limits: Limits) -> None:
        """One at a time on a channel, whatever the limits."""
        self.sources = (Source(_IS_OPEN, lambda _: literal(_LIMIT)),)

    def shared_with(self, claim: MessageClaim) -> Sequence[str]:
        """A channel's group is of messages alone."""
        return ()

    def claim(self, look: Look) -> Claims[MessageClaim]:
        """Take what is due on a channel."""
        rows, has_more = look.cut(look.due(_DUE), _LIMIT)
        if not rows:
            return Claims(has_more=has_more)
        token = look.take(_TAKE, rows)
        return Claims([claim_of(row, token) for row in rows], has_more)

    def carry_out(self, claim: MessageClaim, tools: Tools) -> Sent | None:
        """Send it, if there is something to tell."""
        if claim.message is None:
            return None
        channel = CHANNELS.get(claim.kind)
        if channel is None:
            return Sent(ok=False, error="There is no such channel any more.", is_final=True)
        message = addressed(claim.message, tools.public_url)
        return channel.send(claim.config or {}, message, _tools_for(claim, tools))

    def finish(self, settled: Sequence[tuple[MessageClaim, Sent | None]]) -> None:
        """Write down how they went."""
        finish_messages(settled)

    def ended(self, row_id: UUID, reason: str) -> dict[str, object]:
        """Return what the row of one says that failed for an error of ours."""
        return {
            "status": MessageStatus.FAILED,
            "last_error": NotificationMessage.last_error.seal(row_id, reason),
            "finished_at": clock.now(),
        }

    def give_up(self, claim: MessageClaim, reason: str) -> None:
        """Fail it."""
        give_up_message(claim, reason)


def _tools_for(claim: MessageClaim, tools: Tools) -> ChannelTools:
    """Add the server's key where a channel signs with it."""
    if claim.push_key is None:
        return tools.channel_tools
    vapid = VapidKey(claim.push_key, contact_of(tools.public_url))
    return replace(tools.channel_tools, vapid=vapid)
