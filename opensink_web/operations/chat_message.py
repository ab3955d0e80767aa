"""What was said in chats: read for the agent that is called, and written down in bulk."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, insert, select

from opensink_web import clock
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import ChatMessage, db
from opensink_web.models.base import new_id
from opensink_web.models.transaction import run_prepared

# Built once, because building a statement costs more than running it.
_SAID = (
    select(ChatMessage.chat_id, ChatMessage.role, ChatMessage.content, ChatMessage.tool_calls)
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
    """Return what was said in each chat, as an agent is told: `{role, content, tool_calls?}`."""
    said: dict[UUID, list[JSONObject]] = {chat_id: [] for chat_id in chat_ids}
    if not said:
        return said
    for row in run_prepared(_SAID, {"of_chats": list(said)}):
        message: JSONObject = {"role": row.role, "content": row.content}
        if row.tool_calls is not None:
            message["tool_calls"] = row.tool_calls
        said[row.chat_id].append(message)
    return said


def add_messages(messages: Sequence[NewMessage]) -> None:
    """Write messages down."""
    if not messages:
        return
    moment = clock.now()
    rows = [
        {
            "id": new_id(),
            "created_at": moment,
            "chat_id": each.chat_id,
            "number": each.number,
            "role": each.role,
            "content": each.content,
            "tool_calls": each.tool_calls,
        }
        for each in messages
    ]
    db.session.connection().execute(_ADD, rows)
