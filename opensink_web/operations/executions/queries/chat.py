"""Chats: finding and listing them, and what was said in one."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import joinedload

from opensink_web.errors import NotFound, UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import Agent, Chat, ChatMessage, User, Workspace, db
from opensink_web.models.transaction import run_prepared
from opensink_web.operations import page

TITLE_LENGTH_MAX = 120
SEARCHED_MAX = 2000
# Built once, because building a statement costs more than running it.
_SAID = (
    select(
        ChatMessage.id,
        ChatMessage.chat_id,
        ChatMessage.role,
        ChatMessage.sealed_content,
        ChatMessage.sealed_tool_calls,
    )
    .where(ChatMessage.chat_id.in_(bindparam("of_chats", expanding=True)))
    .order_by(ChatMessage.chat_id, ChatMessage.number)
)


@dataclass(frozen=True, slots=True)
class ChatFilter:
    """Which chats to list; None means any. `search` is part of a title or an agent's name."""

    user_id: UUID | None = None
    agent_namespace: str | None = None
    agent_slug: str | None = None
    search: str | None = None


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


def messages_of(chat_ids: Collection[UUID]) -> dict[UUID, list[JSONObject]]:
    """Return what was said in each chat, as an agent is told: `{role, content, tool_calls?}`.

    A chat of which something cannot be decrypted is left out.
    """
    said: dict[UUID, list[JSONObject]] = {chat_id: [] for chat_id in chat_ids}
    if not said:
        return said
    unreadable = set()
    for row in run_prepared(_SAID, {"of_chats": list(said)}):
        try:
            content = ChatMessage.content.unseal(row.id, row.content)
            tool_calls = ChatMessage.tool_calls.unseal(row.id, row.tool_calls)
        except UnreadableSecret:
            unreadable.add(row.chat_id)
            continue
        message: JSONObject = {"role": row.role, "content": content}
        if tool_calls is not None:
            message["tool_calls"] = tool_calls
        said[row.chat_id].append(message)
    return {chat_id: messages for chat_id, messages in said.items() if chat_id not in unreadable}


def email_of_user(chat: Chat) -> str | None:
    """Return who the chat is of."""
    return db.session.scalar(select(User.email).where(User.id == chat.user_id))


def title_of(message: str) -> str:
    """Return the first line of what a chat began with, so much of it as a title has."""
    line = " ".join(message.strip().partition("\n")[0].split())
    return line if len(line) <= TITLE_LENGTH_MAX else line[: TITLE_LENGTH_MAX - 1] + "…"


def readable_title(chat: Chat) -> str | None:
    """Return a chat's title; None where it cannot be decrypted, or there is none."""
    with suppress(UnreadableSecret):
        return chat.title
    return None


def list_chats(
    workspace: Workspace, filters: ChatFilter, page_request: page.PageRequest, *, skip: int = 0
) -> page.Page[Chat]:
    """Return chats, newest first, the first `skip` left out.

    A search looks at SEARCHED_MAX chats at once, and its page may be short although more follow.
    Raises: InvalidInput for a bad cursor.
    """
    agents = None
    if filters.agent_namespace is not None or filters.agent_slug is not None:
        agents = page.narrowed(
            select(Agent.id).where(Agent.workspace_id == workspace.id),
            (Agent.namespace, filters.agent_namespace),
            (Agent.slug, filters.agent_slug),
        )
    query = (
        select(Chat)
        .options(joinedload(Chat.agent))
        .where(page.is_in(Chat.workspace_id, workspace, filters.user_id, agents))
    )
    query = page.narrowed(query, (Chat.user_id, filters.user_id))
    if agents is not None and filters.agent_namespace and filters.agent_slug:
        query = query.where(Chat.agent_id == agents.scalar_subquery())  # read in order
    elif agents is not None:
        query = query.where(Chat.agent_id.in_(agents))
    if filters.search is None:
        return page.fetch(query.offset(skip), Chat.id, page_request)
    return _search(query, filters.search.casefold(), page_request, skip)


def _search(
    query: Select[Chat], part: str, page_request: page.PageRequest, skip: int
) -> page.Page[Chat]:
    """Look through titles, which lie encrypted in the database, newest first."""
    chats: list[Chat] = []
    trail = page_request.trail
    for _ in range(SEARCHED_MAX // page.LIMIT_MAX):
        looked_at = page.PageRequest(page.LIMIT_MAX, trail, page_request.trail_name)
        some = page.fetch(query, Chat.id, looked_at)
        for chat in some.items:
            if part not in _searched(chat):
                continue
            if len(chats) == skip + page_request.limit:
                return page.Page(chats[skip:], page.trail_of(chats[-1].id))
            chats.append(chat)
        trail = some.trail
        if trail is None:
            break
    return page.Page(chats[skip:], trail)


def _searched(chat: Chat) -> str:
    agent = chat.agent
    names = (agent.name, f"{agent.namespace}/{agent.slug}") if agent is not None else ()
    return "\n".join((readable_title(chat) or "", *names)).casefold()
