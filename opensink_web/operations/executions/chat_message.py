"""What was said in chats, written down in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from opensink_web import clock
from opensink_web.json_value import JSONValue
from opensink_web.models import ChatMessage, db
from opensink_web.models.base import new_id
from opensink_web.models.sealed import sealed_values

# Built once, because building a statement costs more than running it.
_ADD = insert(ChatMessage)


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to write down; `number` counts those of its chat from 0."""

    chat_id: UUID
    number: int
    role: str
    content: JSONValue
    tool_calls: list[JSONValue] | None = None


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
