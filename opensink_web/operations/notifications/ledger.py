"""The ledger of messages: sending one again, and forgetting those that are old."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, select, update

from opensink_web import clock
from opensink_web.errors import Conflict
from opensink_web.models import (
    AuditAction,
    MessageStatus,
    Notification,
    NotificationMessage,
    NotificationState,
    SubjectKind,
    db,
)
from opensink_web.models.transaction import notify_after_commit, rows_changed
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.audit.record import record
from opensink_web.operations.notifications.own import lock_message
from opensink_web.operations.slices import SLICE

KEPT = timedelta(days=30)


def send_again(by: Principal, message_id: UUID) -> NotificationMessage:
    """Send a message once more that has failed or was sent, of what still waits.

    Raises: NotFound; Conflict where it is due anyway, or there was nothing to tell.
    """
    message = lock_message(by, message_id)
    if message.status not in {MessageStatus.FAILED, MessageStatus.SENT}:
        raise Conflict("Only what was sent or has failed can be delivered again.")
    waits = update(Notification).where(
        Notification.message_id == message.id, Notification.state == NotificationState.SENT
    )
    rows_changed(waits.values(state=NotificationState.WAITING))
    message.status, message.next_at = MessageStatus.DUE, clock.now()
    message.attempt_count, message.recovery_count = 0, 0
    message.round += 1
    message.started_at = message.finished_at = message.last_error = None
    said = {"channel": message.channel.name, "message": str(message.id)}
    subject = (SubjectKind.PERSON, by.user.id)
    record(AuditAction.MESSAGE_REPEATED, by.workspace.id, *subject, {**said}, by=by.user)
    notify_after_commit(NotificationMessage, message.channel_id)
    return message


def is_any_message_over() -> bool:
    """Return True if messages are older than they are kept. Writes nothing."""
    return db.session.scalar(select(NotificationMessage.id).where(*_is_over()).limit(1)) is not None


def forget_messages() -> int:
    """Forget a slice of messages that are old; return how many.

    One that tells of what waits still is kept: it is taken back one day.
    """
    ids = db.session.scalars(select(NotificationMessage.id).where(*_is_over()).limit(SLICE)).all()
    return rows_changed(delete(NotificationMessage).where(NotificationMessage.id.in_(ids)))


def _is_over() -> tuple[ColumnElement[bool], ...]:
    is_in_force = exists().where(
        Notification.message_id == NotificationMessage.id,
        Notification.state == NotificationState.SENT,
    )
    return (
        NotificationMessage.finished_at.is_not(None),
        NotificationMessage.finished_at < clock.now() - KEPT,
        NotificationMessage.status != MessageStatus.DUE,
        ~is_in_force,
    )
