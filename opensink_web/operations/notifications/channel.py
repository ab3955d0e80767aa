"""Channels: each person's own, in a workspace. A place that may be somebody else's is confirmed by
a code that is sent there, before anything else is.
"""

import hmac
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from opensink_web import clock
from opensink_web.channels import CHANNELS
from opensink_web.channels.base import Channel, ChannelTools, MessageKind
from opensink_web.errors import Conflict, NotFound
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    AuditAction,
    NotificationChannel,
    NotificationRule,
    SubjectKind,
    db,
)
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.sign_in import refuse
from opensink_web.operations.audit.record import changes_between, record
from opensink_web.operations.name import checked_name
from opensink_web.operations.notifications.gathering import message_on
from opensink_web.operations.notifications.own import lock_channel
from opensink_web.rate_limit import Rate, RateLimiter

CHANNELS_MAX = 20
CODE_DIGITS = 6
CODE_LASTS = timedelta(hours=1)
CODE_TRIES = 5
CODE_RATE = Rate("notification_code", 10, timedelta(hours=1).total_seconds())
"""How often one person may have a code sent: the address may be a stranger's."""
NAME_LENGTH_MAX = 80


def count_code(limiter: RateLimiter, by: Principal, channel: Channel) -> None:
    """Raises: RateLimited, before another code is sent."""
    if channel.needs_confirmation:
        refuse(limiter.take(CODE_RATE, str(by.user.id)))


def add_channel(
    by: Principal, kind: str, name: str, config: JSONObject, tools: ChannelTools
) -> NotificationChannel:
    """Set up a channel, by which everything that waits is told at once until rules say otherwise.

    Where the place has to be confirmed, a code is sent there. Raises: InvalidInput; NotFound for no
    such kind; Conflict for too many.
    """
    channel = _kind(kind)
    if not channel.is_available(tools):
        raise Conflict(f"{channel.label} is not set up on this server.")
    name = checked_name(name.strip() or channel.label, NAME_LENGTH_MAX)
    config = channel.check(config, tools)
    if _count(by) >= CHANNELS_MAX:
        raise Conflict(f"Nobody has more than {CHANNELS_MAX} channels. Remove one first.")
    row = NotificationChannel(
        workspace_id=by.workspace.id, user_id=by.user.id, kind=kind, name=name, config=config
    )
    db.session.add(row)
    db.session.flush()
    db.session.add(NotificationRule(workspace_id=by.workspace.id, channel_id=row.id))
    _record(AuditAction.CHANNEL_ADDED, by, row, {"kind": kind})
    _begin(by, row, channel)
    return row


def change_channel(
    by: Principal, channel_id: UUID, name: str, config: JSONObject, tools: ChannelTools
) -> NotificationChannel:
    """Change what a channel is called, and where it leads: another place is confirmed anew.

    Raises: InvalidInput; NotFound.
    """
    row = lock_channel(by, channel_id)
    channel = _kind(row.kind)
    name = checked_name(name.strip() or channel.label, NAME_LENGTH_MAX)
    config = channel.check(config, tools)
    before: JSONObject = {"name": row.name, "place": channel.shown(row.config)}
    is_elsewhere = config != row.config
    row.name, row.config = name, config
    changes = changes_between(before, {"name": name, "place": channel.shown(config)})
    if is_elsewhere:
        row.confirmed_at, row.paused_reason = None, None
        _begin(by, row, channel)
    if is_elsewhere or changes:
        _record(AuditAction.CHANNEL_CHANGED, by, row, {"changes": changes})
    return row


def set_active(by: Principal, channel_id: UUID, *, is_active: bool) -> NotificationChannel:
    """Pause a channel, or go on with it. Raises: NotFound."""
    row = lock_channel(by, channel_id)
    if row.is_active is not is_active:
        row.is_active, row.paused_reason = is_active, None
        changes: JSONObject = {"paused": [is_active, not is_active]}
        _record(AuditAction.CHANNEL_CHANGED, by, row, {"changes": changes})
    return row


def remove_channel(by: Principal, channel_id: UUID) -> str:
    """Remove a channel with its rules and what is written of its messages; return its name.

    Raises: NotFound.
    """
    row = lock_channel(by, channel_id)
    name = row.name
    _record(AuditAction.CHANNEL_REMOVED, by, row)
    db.session.delete(row)
    return name


def send_code(by: Principal, channel_id: UUID) -> NotificationChannel:
    """Send another code to a place that is not confirmed. Raises: NotFound; Conflict."""
    row = lock_channel(by, channel_id)
    if row.confirmed_at is not None:
        raise Conflict("This is confirmed already.")
    _begin(by, row, _kind(row.kind))
    return row


def confirm(by: Principal, channel_id: UUID, code: str) -> bool:
    """Take the code that was sent to a place; return False if it is another.

    Raises: NotFound; Conflict, where none counts any more.
    """
    row = lock_channel(by, channel_id)
    if row.confirmed_at is not None:
        return True
    is_over = row.code_expires_at is None or row.code_expires_at <= clock.now()
    if row.code is None or is_over or row.code_tries_left <= 0:
        raise Conflict("That code does not count any more. Have another one sent.")
    if not hmac.compare_digest(row.code.encode(), "".join(code.split()).encode()):
        row.code_tries_left -= 1
        return False
    row.code, row.confirmed_at = None, clock.now()
    _record(AuditAction.CHANNEL_CONFIRMED, by, row)
    return True


def send_test(by: Principal, channel_id: UUID) -> UUID:
    """Send a message that says that messages arrive; return its id. Raises: NotFound; Conflict."""
    row = lock_channel(by, channel_id)
    if not row.is_in_use:
        raise Conflict("This is paused or not confirmed yet, so nothing is sent there.")
    _record(AuditAction.CHANNEL_TESTED, by, row)
    return message_on(row, MessageKind.TEST, clock.now())


def _begin(by: Principal, row: NotificationChannel, channel: Channel) -> None:
    """Confirm a place at once that can only be the person's own; else send a code there."""
    address = str(row.config.get("address")).lower()
    if not channel.needs_confirmation or address == by.user.email:
        row.confirmed_at = clock.now()
        return
    row.code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    row.code_expires_at, row.code_tries_left = clock.now() + CODE_LASTS, CODE_TRIES
    message_on(row, MessageKind.CONFIRMATION, clock.now())


def _kind(kind: str) -> Channel:
    channel = CHANNELS.get(kind)
    if channel is None:
        raise NotFound("There is no such kind of channel.")
    return channel


def _count(by: Principal) -> int:
    query = select(func.count()).where(
        NotificationChannel.workspace_id == by.workspace.id,
        NotificationChannel.user_id == by.user.id,
    )
    return db.session.scalar(query) or 0


def _record(
    action: AuditAction, by: Principal, row: NotificationChannel, details: JSONObject | None = None
) -> None:
    said: JSONObject = {"channel": row.name, **(details or {})}
    record(action, by.workspace.id, SubjectKind.PERSON, by.user.id, said, by=by.user)
