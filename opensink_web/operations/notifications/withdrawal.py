"""Taking back what people were told of and need not look at any more.

What was not sent yet is not sent. What was is taken back by a message of its own, where the channel
can do that: once nothing waits any more of all that it told of, and the decision has taken effect.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import exists, select, update

from opensink_web import clock
from opensink_web.channels import CHANNELS
from opensink_web.channels.base import MessageKind
from opensink_web.models import (
    MessageStatus,
    Notification,
    NotificationChannel,
    NotificationMessage,
    NotificationState,
    db,
)
from opensink_web.models.transaction import rows_changed
from opensink_web.operations.notifications.gathering import gather_again, message_on
from opensink_web.operations.notifications.standing import Standing, is_still_news, standings_of
from opensink_web.operations.slices import slices


def take_back(subject_ids: Collection[UUID]) -> None:
    """Withdraw what was told of these requests and batches, of those that do not wait any more for
    whoever was told.
    """
    for part in slices(list(subject_ids)):
        query = select(Notification).where(
            Notification.request_id.in_(part), Notification.state != NotificationState.WITHDRAWN
        )
        items = db.session.scalars(query.order_by(Notification.id).with_for_update()).all()
        standings = standings_of(items)
        closed = [each for each in items if not is_still_news(each, standings[each.id])]
        unsent = [each for each in closed if each.state is NotificationState.WAITING]
        for item in unsent:
            item.state = NotificationState.WITHDRAWN
        db.session.flush()
        drop_empty({each.message_id for each in unsent})
        sent = {each.message_id for each in closed if each.state is NotificationState.SENT}
        take_messages_back(sent)


def wait_again(subject_ids: Collection[UUID]) -> None:
    """Tell once more of what was taken back and waits again."""
    for part in slices(list(subject_ids)):
        query = (
            select(Notification, NotificationChannel)
            .join(NotificationChannel, NotificationChannel.id == Notification.channel_id)
            .where(
                Notification.request_id.in_(part),
                Notification.state == NotificationState.WITHDRAWN,
            )
            .with_for_update(of=Notification)
        )
        rows = db.session.execute(query).all()
        standings = standings_of([item for item, _ in rows])
        again = [item for item, _ in rows if standings[item.id].is_waiting]
        gather_again(again, {channel.id: channel for _, channel in rows})


def drop_empty(message_ids: Collection[UUID]) -> None:
    """End messages that have nothing to tell any more and that nobody is sending."""
    for part in slices(list(message_ids)):
        is_left = exists().where(
            Notification.message_id == NotificationMessage.id,
            Notification.state == NotificationState.WAITING,
        )
        empty = (
            select(NotificationMessage.id)
            .where(
                NotificationMessage.id.in_(part),
                NotificationMessage.status == MessageStatus.DUE,
                NotificationMessage.lease_token.is_(None),
                ~is_left,
            )
            # who is just taking one waits for its notifications, which are locked: it finds none
            .with_for_update(skip_locked=True)
        )
        # materialized, or PostgreSQL could lock more than it changes
        ids = select(empty.cte().prefix_with("MATERIALIZED").c.id)
        values = {"status": MessageStatus.DROPPED, "finished_at": clock.now()}
        dropped = update(NotificationMessage).where(NotificationMessage.id.in_(ids))
        rows_changed(dropped.values(**values))


def take_messages_back(message_ids: Collection[UUID]) -> None:
    """Write what takes messages back that were sent, those of which nothing waits any more."""
    for part in slices(list(message_ids)):
        items = _items_of(part)
        standings = standings_of([each for own in items.values() for each in own])
        query = select(NotificationMessage).where(NotificationMessage.id.in_(part))
        for message in db.session.scalars(query.order_by(NotificationMessage.id)).all():
            own = [standings[each.id] for each in items[message.id]]
            is_news = map(is_still_news, items[message.id], own)
            if any(is_news) or _is_being_taken_back(message.id):
                continue
            if _has_to_be_said(message, own):
                until = max((each.held_until for each in own if each.held_until), default=None)
                next_at = max(until, clock.now()) if until else clock.now()
                kind = MessageKind.WITHDRAWAL
                message_on(message.channel, kind, next_at, refers_to_id=message.id)
            else:
                mark_withdrawn(message.id)


def mark_withdrawn(message_id: UUID) -> None:
    """Note that all of a message is taken back."""
    taken = update(Notification).where(Notification.message_id == message_id)
    rows_changed(taken.values(state=NotificationState.WITHDRAWN))


def _items_of(message_ids: Sequence[UUID]) -> dict[UUID, list[Notification]]:
    items: dict[UUID, list[Notification]] = defaultdict(list)
    query = select(Notification).where(Notification.message_id.in_(message_ids))
    for item in db.session.scalars(query):
        items[item.message_id].append(item)
    return items


def _is_being_taken_back(message_id: UUID) -> bool:
    query = select(NotificationMessage.id).where(
        NotificationMessage.refers_to_id == message_id,
        NotificationMessage.status == MessageStatus.DUE,
    )
    return db.session.scalar(query.limit(1)) is not None


def _has_to_be_said(message: NotificationMessage, standings: Sequence[Standing]) -> bool:
    """Return True if a channel can say it, and the person does not know it from deciding."""
    channel = CHANNELS.get(message.channel.kind)
    if channel is None or not channel.can_withdraw or not message.channel.is_in_use:
        return False
    own = all(each.decided_by_id == message.user_id for each in standings)
    return channel.withdraws_in_place or not own
