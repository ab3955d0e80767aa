"""Messages as work: what a worker takes to send one, and what is written down of how it went.

A message that cannot be sent is tried again for a day: a mail server that is down for an hour loses
nothing. One whose worker died is sent again under the same id, by which a receiver tells a copy.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import selectinload

from opensink_web import clock
from opensink_web.channels.base import Message, MessageKind, Sent
from opensink_web.channels.web_push.transport import WebPushChannel
from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Membership,
    MessageStatus,
    Notification,
    NotificationChannel,
    NotificationEvent,
    NotificationMessage,
    NotificationState,
    Workspace,
    db,
)
from opensink_web.models.leased import RECOVERIES_MAX
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.counter import MESSAGES, count
from opensink_web.operations.notifications.composition import (
    compose,
    confirmation,
    test_message,
)
from opensink_web.operations.notifications.recipients import MENTIONS, REQUESTS
from opensink_web.operations.notifications.standing import Standing, is_still_news, standings_of
from opensink_web.operations.notifications.withdrawal import (
    mark_withdrawn,
    take_messages_back,
)
from opensink_web.operations.server_key import push_key
from opensink_web.outbound.retry import RetrySchedule

COLUMNS = (
    NotificationMessage.id,
    NotificationMessage.channel_id,
    NotificationMessage.lease_token,
    NotificationMessage.recovery_count,
)
"""What is read of a message that is due."""
GIVEN_UP_AFTER = timedelta(hours=24)
LATER = timedelta(seconds=2)
_SCHEDULE = RetrySchedule(max_attempts=10_000, initial_seconds=10, max_seconds=1800)
_LEAST_SECONDS = 2.0
_random = SystemRandom()
_HELD = (
    NotificationMessage.id == bindparam("of_message"),
    NotificationMessage.lease_token == bindparam("lease_held"),
)
_FINISH = update(NotificationMessage).where(*_HELD)
_FREED = {"lease_token": None, "lease_until": None}


@dataclass(frozen=True, slots=True)
class MessageClaim:
    """The right to send one message: by which channel, and what.

    `message` is None where nothing is sent: `postponed_until` says when to look again; without that
    it is dropped, or has failed because of `refusal`. `push_key` is the server's private key, for
    channels that sign with it.
    """

    id: UUID
    group_id: UUID
    lease_token: str
    kind: str = ""
    config: JSONObject | None = None
    message: Message | None = None
    item_ids: tuple[UUID, ...] = ()
    postponed_until: datetime | None = None
    refusal: str | None = None
    push_key: str | None = None


def claim_of(row: Row[Any], lease_token: str) -> MessageClaim:
    """Look at what a message is to tell now, and at whether its reader may still see that."""
    taken = MessageClaim(row.id, row.channel_id, lease_token)
    lost_count = row.recovery_count + (row.lease_token is not None)
    if lost_count > RECOVERIES_MAX:
        reason = f"Outcome unknown: the worker stopped during {lost_count} attempts."
        return _refused(taken, reason)
    query = select(NotificationMessage).where(NotificationMessage.id == row.id)
    loading = (
        selectinload(NotificationMessage.items),
        selectinload(NotificationMessage.channel),
    )
    message = db.session.scalars(
        query.options(*loading), execution_options={"populate_existing": True}
    ).one()
    try:
        return _claim(taken, message)
    except UnreadableSecret as error:
        return _refused(taken, error.message)


def finish_messages(settled: Sequence[tuple[MessageClaim, Sent | None]]) -> None:
    """Write down how messages went, of those whose leases are still held."""
    ended = [
        claim.id
        for claim, sent in sorted(settled, key=lambda each: each[0].id)
        if _finish(claim, sent)
    ]
    _count(ended)


def _finish(claim: MessageClaim, sent: Sent | None) -> bool:
    """Return True if the message has ended by that."""
    if sent is None:
        return _finish_unsent(claim)
    return _finish_sent(claim, sent) if sent.ok else _finish_failed(claim, sent)


def _count(message_ids: Sequence[UUID]) -> None:
    """Count for operators how messages ended, by the kinds of their channels."""
    row, channel = NotificationMessage, NotificationChannel
    query = (
        select(channel.kind, row.status)
        .join(channel, channel.id == row.channel_id)
        .where(row.id.in_(message_ids))
    )
    # last, so that who waits for the common row waits no longer than a commit takes
    rows = db.session.execute(query) if message_ids else ()
    count(MESSAGES, Counter(f"{kind} {status.value}" for kind, status in rows))


def give_up_message(claim: MessageClaim, reason: str) -> None:
    """Fail it."""
    if _end(claim, MessageStatus.FAILED, error=reason):
        _count([claim.id])


def _claim(taken: MessageClaim, message: NotificationMessage) -> MessageClaim:
    channel = message.channel
    member = db.session.get(
        Membership, (message.user_id, message.workspace_id), populate_existing=True
    )
    workspace = db.session.get_one(Workspace, message.workspace_id)
    if member is None or not member.is_active:
        return taken  # whoever is shut out is told nothing
    if message.kind is MessageKind.CONFIRMATION:
        is_asked_for = channel.confirmed_at is None and channel.code is not None
        text = confirmation(message, workspace, channel.code or "")
        return _sending(taken, channel, text) if is_asked_for else taken
    if not channel.is_in_use:
        return taken
    if message.kind is MessageKind.TEST:
        return _sending(taken, channel, test_message(message, workspace))
    if message.kind is MessageKind.WITHDRAWAL:
        return _withdrawing(taken, message, workspace)
    reader = Principal.of(member)
    items = _still_to_be_said(message, reader)
    if not items:
        return taken
    decided = _decided_before(items)
    text = compose(message, workspace, items, outcome=decided, reader=reader)
    return _sending(taken, channel, text, items)


def _sending(
    taken: MessageClaim,
    channel: NotificationChannel,
    text: Message,
    items: Sequence[Notification] = (),
) -> MessageClaim:
    return MessageClaim(
        taken.id,
        taken.group_id,
        taken.lease_token,
        channel.kind,
        channel.config,
        text,
        tuple(each.id for each in items),
        push_key=push_key() if channel.kind == WebPushChannel.kind else None,
    )


def _refused(taken: MessageClaim, reason: str) -> MessageClaim:
    return MessageClaim(taken.id, taken.group_id, taken.lease_token, refusal=reason)


def _still_to_be_said(message: NotificationMessage, reader: Principal) -> list[Notification]:
    """Return what waits still and the reader may see; the rest is withdrawn.

    Of what was held a moment ago and is undone, the audit tells: then it is told after all.
    """
    standings = standings_of(message.items)
    said = []
    for item in message.items:
        if item.state is NotificationState.WITHDRAWN:
            continue
        may_see = reader.may(REQUESTS, Action.READ if item.event in MENTIONS else Action.WRITE)
        if may_see and is_still_news(item, standings[item.id]):
            said.append(item)
        elif item.state is NotificationState.WAITING:
            item.state = NotificationState.WITHDRAWN
    db.session.flush()
    return said


def _withdrawing(
    taken: MessageClaim, message: NotificationMessage, workspace: Workspace
) -> MessageClaim:
    """Take a message back, unless something in it waits again; later, while a decision is held."""
    withdrawn = db.session.get(NotificationMessage, message.refers_to_id)
    if withdrawn is None:
        return taken
    standings = standings_of(withdrawn.items)
    if any(is_still_news(each, standings[each.id]) for each in withdrawn.items):
        return taken
    own = [standings[each.id] for each in withdrawn.items]
    held_until = max((each.held_until for each in own if each.held_until), default=None)
    if held_until is not None:
        later = max(held_until, clock.now()) + LATER
        return MessageClaim(taken.id, taken.group_id, taken.lease_token, postponed_until=later)
    text = compose(message, workspace, withdrawn.items, withdrawn, _outcome_of(own))
    return _sending(taken, message.channel, text)


def _decided_before(items: Sequence[Notification]) -> str | None:
    """Say what became of the requests, where people are told of comments that came after that."""
    if any(each.event is not NotificationEvent.REMARKED for each in items):
        return None
    return _outcome_of([*standings_of(items).values()])


def _outcome_of(standings: Sequence[Standing]) -> str:
    outcomes = list(dict.fromkeys(each.outcome for each in standings))
    return outcomes[0] if len(outcomes) == 1 else "All of these are decided."


def _finish_unsent(claim: MessageClaim) -> bool:
    if claim.refusal is not None:
        return _end(claim, MessageStatus.FAILED, error=claim.refusal)
    if claim.postponed_until is None:
        return _end(claim, MessageStatus.DROPPED)
    _write(claim, next_at=claim.postponed_until, attempt_count=0, started_at=None)
    return False


def _finish_sent(claim: MessageClaim, sent: Sent) -> bool:
    said = claim.message
    row = NotificationMessage
    held = _end(
        claim,
        MessageStatus.SENT,
        provider_ref=row.provider_ref.seal(claim.id, sent.provider_ref),
        headline=row.headline.seal(claim.id, said.headline if said else None),
    )
    if not held:
        return False
    if claim.item_ids:
        of_it = update(Notification).where(Notification.id.in_(claim.item_ids))
        db.session.execute(of_it.values(state=NotificationState.SENT))
        # what was decided while it was being sent
        take_messages_back([claim.id])
    elif said is not None and said.kind is MessageKind.WITHDRAWAL:
        refers_to = select(row.refers_to_id).where(row.id == claim.id)
        if (withdrawn_id := db.session.scalar(refers_to)) is not None:
            mark_withdrawn(withdrawn_id)
    return True


def _finish_failed(claim: MessageClaim, sent: Sent) -> bool:
    if sent.gone:
        stopped = update(NotificationChannel).where(NotificationChannel.id == claim.group_id)
        db.session.execute(stopped.values(is_active=False, paused_reason=sent.error))
    query = select(NotificationMessage.attempt_count, NotificationMessage.started_at).where(
        NotificationMessage.id == claim.id
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return False
    moment = clock.now()
    next_at = moment + timedelta(seconds=_delay_seconds(row.attempt_count, sent))
    if sent.is_final or sent.gone or next_at > (row.started_at or moment) + GIVEN_UP_AFTER:
        return _end(claim, MessageStatus.FAILED, error=sent.error)
    error = NotificationMessage.last_error.seal(claim.id, sent.error)
    _write(claim, next_at=next_at, last_error=error)
    return False


def _delay_seconds(attempt_count: int, sent: Sent) -> float:
    jittered = _SCHEDULE.next_delay_seconds(max(attempt_count, 1), _random) or 0.0
    return max(jittered, sent.retry_after_seconds or 0.0, _LEAST_SECONDS)


def _end(
    claim: MessageClaim, status: MessageStatus, error: str | None = None, **values: object
) -> bool:
    last_error = NotificationMessage.last_error.seal(claim.id, error)
    ended = {"status": status, "finished_at": clock.now(), "last_error": last_error}
    return _write(claim, **ended, **values)


def _write(claim: MessageClaim, **values: object) -> bool:
    """Write into the row and free its lease; return False if the lease was lost."""
    meant = {"of_message": claim.id, "lease_held": claim.lease_token}
    return run_prepared(_FINISH, {**meant, **_FREED, **values}).rowcount == 1
