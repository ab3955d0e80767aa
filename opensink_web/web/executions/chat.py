"""A chat with an agent: what was said, and the executions that it was said in."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from opensink_web.models import Chat, ChatMessage, Execution
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.operations.executions.queries.chat import email_of_user, find_chat, transcript_of
from opensink_web.operations.executions.queries.execution import executions_of_chat
from opensink_web.web.access import requires
from opensink_web.web.executions.execution_data import ShownJson, shown_json
from opensink_web.web.executions.reach import only_user, reaches_rows_of

blueprint = Blueprint("chat", __name__)
_SPEAKERS = {
    "system": "System",
    "developer": "Developer",
    "user": "User",
    "assistant": "Agent",
    "tool": "Tool",
}


@dataclass(frozen=True, slots=True)
class Said:
    """A message as it is drawn: a text as Markdown, parts and tools' calls as JSON.

    `speaker` is the role in a word of ours, `role` its own where there is none. What the agent
    answered it said itself, whatever role it gave.
    """

    message: ChatMessage
    speaker: str
    role: str | None
    text: str | None
    parts: ShownJson | None
    tool_calls: ShownJson | None


@dataclass(frozen=True, slots=True)
class ChatPage:
    """A chat as it is drawn; `executions` are those that the reader may see."""

    chat: Chat
    user_email: str | None
    said: list[Said]
    variables: ShownJson | None
    executions: list[Execution]


@blueprint.get("/w/<workspace_slug>/chats/<uuid:chat_id>")
@requires("chats", Action.READ, least=Reach.OWN)
def show(principal: Principal, chat_id: UUID) -> ResponseReturnValue:
    """Show what was said in a chat."""
    user_id = only_user(principal, "chats", Action.READ)
    chat = find_chat(principal.workspace, chat_id, user_id=user_id)
    messages = transcript_of(chat)
    page = ChatPage(
        chat=chat,
        user_email=email_of_user(chat),
        # what it began with was written at one moment; what is later the agent has answered
        said=[_said(each, each.created_at > messages[0].created_at) for each in messages],
        variables=shown_json(chat.input_variables) if chat.input_variables else None,
        executions=[
            each
            for each in executions_of_chat(principal.workspace, chat.id)
            if reaches_rows_of(principal, "executions", Action.READ, each.user_id)
        ],
    )
    return render_template("chat/show.html", page=page)


def _said(message: ChatMessage, is_answer: bool) -> Said:
    is_text = isinstance(message.content, str)
    if is_answer:
        speaker, role = "Agent", None if message.role == "assistant" else message.role
    else:
        speaker = _SPEAKERS.get(message.role, "Message")
        role = None if message.role in _SPEAKERS else message.role
    return Said(
        message=message,
        speaker=speaker,
        role=role,
        text=message.content if is_text else None,
        parts=None if is_text else shown_json(message.content),
        tool_calls=shown_json(message.tool_calls) if message.tool_calls else None,
    )
