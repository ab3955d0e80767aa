"""Chats: finding and listing them, and what was said in one."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from opensink_web.errors import NotFound
from opensink_web.models import Agent, Chat, ChatMessage, User, Workspace, db
from opensink_web.operations import page


@dataclass(frozen=True, slots=True)
class ChatFilter:
    """Which chats to list; None means any."""

    user_id: UUID | None = None
    agent_namespace: str | None = None
    agent_slug: str | None = None


def find_chat(workspace: Workspace, chat_id: UUID, *, user_id: UUID | None = None) -> Chat:
    """Return a chat; with `user_id` only one of that user's. Raises: NotFound."""
    query = (
        select(Chat)
        .options(joinedload(Chat.agent))
        .where(Chat.id == chat_id, Chat.workspace_id == workspace.id)
    )
    chat = db.session.scalars(query).one_or_none()
    if chat is None or user_id not in {None, chat.user_id}:
        raise NotFound("There is no such chat.")
    return chat


def transcript_of(chat: Chat) -> list[ChatMessage]:
    """Return what was said in a chat, in order."""
    query = select(ChatMessage).where(ChatMessage.chat_id == chat.id)
    return list(db.session.scalars(query.order_by(ChatMessage.number)))


def email_of_user(chat: Chat) -> str | None:
    """Return who the chat is of."""
    return db.session.scalar(select(User.email).where(User.id == chat.user_id))


def slice_chats(workspace: Workspace, wanted: ChatFilter, *, skip: int, limit: int) -> list[Chat]:
    """Return chats by offset, newest first."""
    agents = None
    if wanted.agent_namespace is not None or wanted.agent_slug is not None:
        agents = page.narrowed(
            select(Agent.id).where(Agent.workspace_id == workspace.id),
            (Agent.namespace, wanted.agent_namespace),
            (Agent.slug, wanted.agent_slug),
        )
    query = (
        select(Chat)
        .options(joinedload(Chat.agent))
        .where(page.is_in(Chat.workspace_id, workspace, wanted.user_id, agents))
    )
    query = page.narrowed(query, (Chat.user_id, wanted.user_id))
    if agents is not None:
        query = query.where(Chat.agent_id.in_(agents))
    return list(db.session.scalars(query.order_by(Chat.id.desc()).offset(skip).limit(limit)))
