"""What was said in chats: read for the agent that is called, and written down in bulk."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import ChatMessage, db
from opensink_web.models.base import new_id
from opensink_web.models.sealed import sealed_values
from opensink_web.models.transaction import run_prepared

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
_ADD = insert(ChatMessage)


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to write down; `number` counts those of its chat from 0."""

    chat_id: UUID
    number: int
    role: str
    content: JSONValue
    tool_calls: list[JSONValue] | None = None


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


def add_messages(messages: Sequence[NewMessage]) -> None:
    """Write messages down."""
    if messages:
        db.session.connection().execute(_ADD, rows_of_messages(messages))


def rows_of_messages(messages: Sequence[NewMessage]) -> list[dict[str, Any]]:
    """Return what add_messages() inserts; needs no transaction."""
    moment = clock.now()
    return [
        sealed_values(
            ChatMessage,
            {
                "id": new_id(),
                "created_at": moment,
                "chat_id": each.chat_id,
                "number": each.number,
                "role": each.role,
                "content": each.content,
                "tool_calls": each.tool_calls,
            },
        )
        for each in messages
    ]
