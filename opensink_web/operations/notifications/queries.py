"""Reading what a person has set up, and what they were told."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from opensink_web.errors import NotFound
from opensink_web.models import (
    MessageStatus,
    NotificationChannel,
    NotificationMessage,
    NotificationRule,
    User,
    Workspace,
    db,
)
from opensink_web.operations.page import Page, PageRequest, fetch


def channels_of(workspace: Workspace, user: User) -> Sequence[NotificationChannel]:
    """Return a person's channels with their rules, in the order in which they were set up."""
    query = (
        select(NotificationChannel)
        .options(
            selectinload(NotificationChannel.rules).options(
                joinedload(NotificationRule.agent), joinedload(NotificationRule.function)
            )
        )
        .where(
            NotificationChannel.workspace_id == workspace.id,
            NotificationChannel.user_id == user.id,
        )
        .order_by(NotificationChannel.id)
    )
    return db.session.scalars(query).all()


def find_channel(workspace: Workspace, user: User, channel_id: UUID) -> NotificationChannel:
    """Return a channel of a person's own. Raises: NotFound."""
    query = select(NotificationChannel).where(
        NotificationChannel.id == channel_id,
        NotificationChannel.workspace_id == workspace.id,
        NotificationChannel.user_id == user.id,
    )
    channel = db.session.scalars(query).one_or_none()
    if channel is None:
        raise NotFound("There is no such channel.")
    return channel


def find_rule(workspace: Workspace, user: User, rule_id: UUID) -> NotificationRule:
    """Return a rule of a person's own. Raises: NotFound."""
    query = (
        select(NotificationRule)
        .join(NotificationRule.channel)
        .where(
            NotificationRule.id == rule_id,
            NotificationChannel.workspace_id == workspace.id,
            NotificationChannel.user_id == user.id,
        )
    )
    rule = db.session.scalars(query).one_or_none()
    if rule is None:
        raise NotFound("There is no such rule.")
    return rule


def messages_of(
    workspace: Workspace, user: User, page_request: PageRequest
) -> Page[NotificationMessage]:
    """Return one page of what a person was told, newest first. Raises: InvalidInput."""
    query = (
        select(NotificationMessage)
        .options(joinedload(NotificationMessage.channel), selectinload(NotificationMessage.items))
        .where(
            NotificationMessage.workspace_id == workspace.id,
            NotificationMessage.user_id == user.id,
        )
    )
    return fetch(query, NotificationMessage.id, page_request)


def find_message(workspace: Workspace, user: User, message_id: UUID) -> NotificationMessage:
    """Return a message to a person. Raises: NotFound."""
    query = select(NotificationMessage).where(
        NotificationMessage.id == message_id,
        NotificationMessage.workspace_id == workspace.id,
        NotificationMessage.user_id == user.id,
    )
    message = db.session.scalars(query).one_or_none()
    if message is None:
        raise NotFound("There is no such message.")
    return message


def count_failed(workspace: Workspace, user: User) -> int:
    """Count the messages that a person did not get."""
    query = select(func.count()).where(
        NotificationMessage.workspace_id == workspace.id,
        NotificationMessage.user_id == user.id,
        NotificationMessage.status == MessageStatus.FAILED,
    )
    return db.session.scalar(query) or 0


def count_paused_channels(workspace: Workspace) -> int:
    """Count the channels of members that stopped, because what they call is gone or refuses."""
    query = select(func.count()).where(
        NotificationChannel.workspace_id == workspace.id,
        NotificationChannel.paused_reason.is_not(None),
    )
    return db.session.scalar(query) or 0
