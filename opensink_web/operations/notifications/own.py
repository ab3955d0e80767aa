"""Locking what is a person's own, to change it: nobody else's is there for them."""

from uuid import UUID

from opensink_web.models import NotificationChannel, NotificationMessage, NotificationRule, db
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.notifications.queries import find_channel, find_message, find_rule


def lock_channel(by: Principal, channel_id: UUID) -> NotificationChannel:
    """Raises: NotFound."""
    channel = find_channel(by.workspace, by.user, channel_id)
    db.session.refresh(channel, with_for_update=True)
    return channel


def lock_rule(by: Principal, rule_id: UUID) -> NotificationRule:
    """Return a rule whose channel is locked. Raises: NotFound."""
    rule = find_rule(by.workspace, by.user, rule_id)
    lock_channel(by, rule.channel_id)
    db.session.refresh(rule)
    return rule


def lock_message(by: Principal, message_id: UUID) -> NotificationMessage:
    """Raises: NotFound."""
    message = find_message(by.workspace, by.user, message_id)
    db.session.refresh(message, with_for_update=True)
    return message
