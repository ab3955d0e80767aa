"""Notifications become messages: each its own at first, together when there are many.

A channel that had AT_ONCE_MAX messages within a minute gathers what comes next in one message, due
at the end of that minute. What a rule wants together gathers for as long as the rule says. So a
thousand requests in a minute are a few messages, and nobody gets the same twice.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from sqlalchemy import insert, select

from opensink_web import clock
from opensink_web.channels.base import MessageKind
from opensink_web.models import (
    MessageStatus,
    Notification,
    NotificationChannel,
    NotificationEvent,
    NotificationMessage,
    NotificationState,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.models.transaction import notify_after_commit
from opensink_web.operations.notifications.recipients import Notice
from opensink_web.operations.slices import slices

AT_ONCE_MAX = 3
MINUTE = timedelta(minutes=1)
_GATHERED = (MessageKind.SINGLE, MessageKind.REMINDER, MessageKind.ESCALATION)


@dataclass(slots=True)
class _Load:
    """What a channel has: when its messages of the last minute were made, and what is open."""

    made_at: list[datetime] = field(default_factory=list)
    open: list[tuple[datetime, UUID]] = field(default_factory=list)
    """When each message that gathers is due, and its id."""


def gather(notices: Sequence[Notice], reason: str | None = None) -> int:
    """Write notifications that are not there yet, and the messages that tell of them; return how
    many. `reason` says why, where the requests alone do not.
    """
    new = _not_there_yet(notices)
    if not new:
        return 0
    loads = _loads_of({each.channel.id for each in new})
    rows = []
    for notice in new:
        message_id = _message_for(notice, loads[notice.channel.id], reason)
        rows.append(
            {
                "id": new_id(),
                "created_at": clock.now(),
                "workspace_id": notice.channel.workspace_id,
                "channel_id": notice.channel.id,
                "message_id": message_id,
                "request_id": notice.subject_id,
                "event": notice.event,
                "occurrence": notice.occurrence,
                "with_details": notice.with_details,
                "state": NotificationState.WAITING,
            }
        )
    db.session.flush()  # the messages that they belong to
    for part in slices(rows):
        db.session.execute(insert(Notification), part)
    return len(rows)


def gather_again(items: Sequence[Notification], channels: dict[UUID, NotificationChannel]) -> None:
    """Have notifications that were taken back be told once more."""
    loads = _loads_of({each.channel_id for each in items})
    for item in items:
        channel = channels[item.channel_id]
        notice = Notice(channel, item.request_id, item.event, item.occurrence)
        item.message_id = _message_for(notice, loads[channel.id], None)
        item.state = NotificationState.WAITING
    db.session.flush()


def message_on(
    channel: NotificationChannel,
    kind: MessageKind,
    next_at: datetime,
    *,
    reason: str | None = None,
    refers_to_id: UUID | None = None,
) -> UUID:
    """Write a message that is due at a moment; return its id."""
    message = NotificationMessage(
        id=new_id(),
        workspace_id=channel.workspace_id,
        user_id=channel.user_id,
        channel_id=channel.id,
        kind=kind,
        next_at=next_at,
        created_at=clock.now(),
        refers_to_id=refers_to_id,
        reason=reason,
    )
    db.session.add(message)
    notify_after_commit(NotificationMessage, channel.id)
    return message.id


def _message_for(notice: Notice, load: _Load, reason: str | None) -> UUID:
    """Return the message by which somebody is told: one of its own, or one that gathers."""
    moment = clock.now()
    if notice.digest_minutes:
        latest = moment + timedelta(minutes=notice.digest_minutes)
    elif len(load.made_at) < AT_ONCE_MAX:
        load.made_at.append(moment)
        return message_on(notice.channel, _kind_of(notice.event), moment, reason=reason)
    else:
        latest = min(load.made_at) + MINUTE
    for due_at, message_id in load.open:
        if due_at <= latest:
            return message_id
    message_id = message_on(notice.channel, MessageKind.DIGEST, latest)
    load.open = sorted([*load.open, (latest, message_id)])
    return message_id


def _kind_of(event: NotificationEvent) -> MessageKind:
    match event:
        case NotificationEvent.REMINDER:
            return MessageKind.REMINDER
        case NotificationEvent.ESCALATION:
            return MessageKind.ESCALATION
        case (
            NotificationEvent.ASKED
            | NotificationEvent.BATCH_ASKED
            | NotificationEvent.ASSIGNED
            | NotificationEvent.MENTIONED
            | NotificationEvent.REMARKED
        ):
            return MessageKind.SINGLE
        case _:
            assert_never(event)


def _not_there_yet(notices: Sequence[Notice]) -> list[Notice]:
    new = {_key(each): each for each in notices}
    for part in slices(list({each.subject_id for each in notices})):
        query = select(
            Notification.channel_id,
            Notification.request_id,
            Notification.event,
            Notification.occurrence,
        ).where(Notification.request_id.in_(part))
        for row in db.session.execute(query):
            new.pop(tuple(row), None)
    return list(new.values())


def _key(notice: Notice) -> tuple[object, ...]:
    return (notice.channel.id, notice.subject_id, notice.event, notice.occurrence)


def _loads_of(channel_ids: set[UUID]) -> dict[UUID, _Load]:
    """Look up what the channels have; a message that gathers is locked, and not sent meanwhile."""
    loads: dict[UUID, _Load] = defaultdict(_Load)
    message = NotificationMessage
    recent = select(message.channel_id, message.created_at).where(
        message.channel_id.in_(channel_ids),
        message.kind.in_(_GATHERED),
        message.created_at > clock.now() - MINUTE,
    )
    for channel_id, created_at in db.session.execute(recent):
        loads[channel_id].made_at.append(created_at)
    gathering = (
        select(message.channel_id, message.next_at, message.id)
        .where(
            message.channel_id.in_(channel_ids),
            message.status == MessageStatus.DUE,
            message.kind == MessageKind.DIGEST,
            message.lease_token.is_(None),
            message.attempt_count == 0,
        )
        .order_by(message.next_at, message.id)
        .with_for_update(skip_locked=True)
    )
    for channel_id, next_at, message_id in db.session.execute(gathering):
        loads[channel_id].open.append((next_at, message_id))
    return loads
