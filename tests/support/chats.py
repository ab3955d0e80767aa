"""Agents and chats that many tests begin with."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from opensink_web.json_value import JSONObject
from opensink_web.message_template.renderer import TemplateRenderer
from opensink_web.models import Agent, Chat, ChatMessage, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.initial_messages import Message, check_initial_messages
from opensink_web.operations.executions.chat_submission import (
    ChatInput,
    check_chats,
    draft_chats,
    submit_chats,
)
from opensink_web.operations.executions.draft import Draft
from opensink_web.operations.executions.staging import stage
from opensink_web.operations.executions.submission import Options
from opensink_web.operations.idempotency import HeldKey
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.services import EXTENSION, Services
from tests.conftest import Person
from tests.support.executions import principal_of
from tests.support.scenarios import ENDPOINT, POLICY


def make_agent(
    person: Person,
    endpoint: EndpointSpec | None = ENDPOINT,
    *,
    initial_messages: Sequence[Message] = (),
    **fields: Any,
) -> UUID:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    checked = check_initial_messages(workspace, templates(), initial_messages)
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        given: Any = {"name": "Clerk", "initial_messages": checked, **fields}
        return create_agent(workspace, POLICY, execution_endpoint=endpoint, **given).id


def templates() -> TemplateRenderer:
    services: Services = current_app.extensions[EXTENSION]
    return services.templates


def chat_input(message: str = "Hello", **variables: Any) -> ChatInput:
    return ChatInput(message, variables)


def submit_some(
    person: Person,
    agent_id: UUID,
    inputs: Sequence[ChatInput],
    *,
    batch_callback_url: str | None = None,
    **options: Any,
) -> Draft:
    checked = check_chats(db.session.get_one(Agent, agent_id), templates(), inputs)
    draft = draft_chats(
        db.session.get_one(Agent, agent_id),
        checked,
        Options(trigger_type="batch", **options),
        batch_callback_url=batch_callback_url,
    )
    with stage(draft, lambda: principal_of(person), HeldKey(None)) as staged, writing():
        submit_chats(principal_of(person), db.session.get_one(Agent, agent_id), staged)
    return draft


def said_in(chat_id: UUID) -> list[tuple[str, Any]]:
    """Return who said what in a chat."""
    with reading():
        query = select(ChatMessage).where(ChatMessage.chat_id == chat_id)
        rows = db.session.scalars(query.order_by(ChatMessage.number))
        return [(row.role, row.content) for row in rows]


def variables_of(chat_id: UUID) -> JSONObject:
    with reading():
        return db.session.get_one(Chat, chat_id).input_variables
