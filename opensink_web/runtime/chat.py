"""/agents/{namespace}/{slug}/chats/batch and /chats: having agents answer, and what was said."""

from datetime import datetime
from typing import Annotated, Self, TypeAlias
from uuid import UUID

from flask import current_app
from pydantic import Field, JsonValue

from opensink_web.contract.example import Example
from opensink_web.contract.route import Permission, Routes
from opensink_web.contract.shapes import (
    JsonObject,
    Line,
    ListResponse,
    Query,
    Received,
    ResponseModel,
    SliceLimit,
    SliceStart,
)
from opensink_web.contract.surface import RUNTIME
from opensink_web.models import Agent, Chat, ChatMessage
from opensink_web.operations.accounts.delegation import EXECUTING, THIS_CHAT
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.operations.agents.agent import ADDRESSABLE
from opensink_web.operations.executions import chat_submission
from opensink_web.operations.executions.draft import Draft
from opensink_web.operations.executions.queries import chat as chats
from opensink_web.operations.executions.staging import stage
from opensink_web.operations.page import TRAIL, PageRequest
from opensink_web.runtime.callback_url import check_callback_urls
from opensink_web.runtime.function import BatchOptions, QueuedBatchResponse
from opensink_web.services import EXTENSION, Services

RESOURCE = "chats"
# an agent belongs to the workspace; what is the caller's own are the chats
_CHAT = Permission("agents", "chat", path="{namespace}/{slug}", least=Reach.OWN)
_READ = Permission(RESOURCE, Action.READ, least=Reach.OWN)
routes = Routes(
    RESOURCE, RUNTIME, title="Chats", about="Conversations with agents, submitted many at once."
)

AgentPathName: TypeAlias = Annotated[str, Field(pattern=ADDRESSABLE)]
"""An agent's namespace or slug in a path."""


class ChatInput(Received):
    """The agent's first messages are filled in with `input_variables`; then comes `message`."""

    input_variables: JsonObject | None = None
    message: Annotated[str, Field(min_length=1, max_length=chat_submission.MESSAGE_LENGTH_MAX)]

    def to_input(self) -> chat_submission.ChatInput:
        """Return what operations take."""
        return chat_submission.ChatInput(self.message, self.input_variables or {})


class ChatBatch(BatchOptions):
    """At least one input and at most MAX_BATCH_SIZE. A field that is null is as if not there.

    The i-th execution, from 0, has the trigger id `{trigger_id_prefix}:{i}`.
    """

    inputs: list[ChatInput]


class QueuedChatsResponse(QueuedBatchResponse):
    """The ids are in the inputs' order."""

    chat_ids: list[UUID]


class ChatQuery(Query):
    agent_namespace: str | None = None
    agent_slug: str | None = None
    q: Line | None = Field(
        default=None, description="Only those with this in their title or their agent's name."
    )
    include_archived: bool = Field(
        default=False, description="Taken and ignored: no chat is archived here."
    )
    skip: SliceStart = 0
    limit: SliceLimit = 100
    cursor: Annotated[str, Field(json_schema_extra={"pattern": TRAIL})] | None = Field(
        default=None, description="What X-Next-Cursor said before."
    )


class AgentAddressResponse(ResponseModel):
    """The agent's address."""

    namespace: str
    slug: str

    @classmethod
    def of_agent(cls, agent: Agent | None) -> Self | None:
        """Write the address of an agent, if it is still there."""
        return None if agent is None else cls.of(agent)


class ChatMessageResponse(ResponseModel):
    """What somebody said: a text, or the list of parts that some models speak in."""

    role: str
    content: JsonValue
    tool_calls: list[JsonValue] | None
    created_at: datetime


class ChatResponse(ResponseModel):
    """A conversation of somebody with an agent, which is null once it is deleted."""

    id: UUID
    chat_id: UUID = Field(description="Equal to `id`.")
    agent: AgentAddressResponse | None
    title: str | None = Field(
        description="Of the message that it began with; null in lists for older chats."
    )
    user_id: UUID
    created_at: datetime
    input_variables: JsonObject

    @classmethod
    def of_chat(cls, chat: Chat) -> Self:
        """Write a chat."""
        return cls(
            id=chat.id,
            chat_id=chat.id,
            agent=AgentAddressResponse.of_agent(chat.agent),
            title=chats.readable_title(chat),
            user_id=chat.user_id,
            created_at=chat.created_at,
            input_variables=chat.input_variables,
        )


class TranscriptResponse(ChatResponse):
    """A chat with all that was said in it, in order."""

    messages: list[ChatMessageResponse]

    @classmethod
    def of_transcript(cls, chat: Chat, said: list[ChatMessage]) -> Self:
        """Write a chat and what was said."""
        messages = [ChatMessageResponse.of(each) for each in said]
        whole = cls(**dict(ChatResponse.of_chat(chat)), messages=messages)
        if whole.title is not None:
            return whole
        questions = [each.content for each in said if each.role == "user"]
        first = questions[0] if questions and isinstance(questions[0], str) else None
        return whole.model_copy(update={"title": first and chats.title_of(first)})


def _check_batch(principal: Principal, namespace: str, slug: str, body: ChatBatch) -> Draft:
    """Refuse callbacks that may not be made, and inputs that first messages cannot be made of.

    Raises: CallbackRefused; NotFound; what check_chats() and draft_chats() raise.
    """
    check_callback_urls(body)
    services: Services = current_app.extensions[EXTENSION]
    agent = chat_submission.find_addressed_agent(principal.workspace, namespace, slug)
    inputs = [each.to_input() for each in body.inputs]
    checked = chat_submission.check_chats(
        agent, services.templates, inputs, services.settings.max_batch_size
    )
    # filling in ended the transaction that the agent was read in
    agent = chat_submission.find_addressed_agent(principal.workspace, namespace, slug)
    url = body.batch_callback_url
    return chat_submission.draft_chats(agent, checked, body.options, batch_callback_url=url)


@routes.post(
    "/agents/{namespace}/{slug}/chats/batch",
    summary="Have an agent answer many chats, each in an execution of its own.",
    status=202,
    permission=_CHAT,
    delegated=EXECUTING,
    errors=(400, 409),
    takes_batch=True,
    precheck=_check_batch,
    stage=stage,
    example=Example(
        path={"namespace": "default"},
        body={
            "inputs": [
                {"message": "Which lamp is the brightest?"},
                {"message": "Which one is the cheapest?"},
            ],
            "trigger_id_prefix": "questions",
        },
    ),
)
def chat_batch(
    principal: Principal,
    namespace: AgentPathName,
    slug: AgentPathName,
    body: ChatBatch,
    checked: Draft,
) -> QueuedChatsResponse:
    del body  # the draft has all of it
    agent = chat_submission.find_addressed_agent(principal.workspace, namespace, slug)
    chat_submission.submit_chats(principal, agent, checked)
    return QueuedChatsResponse(
        batch_id=checked.batch_id,
        execution_ids=checked.execution_ids,
        chat_ids=checked.chat_ids,
        total=len(checked.chat_ids),
    )


@routes.get(
    "/chats",
    summary="List chats, newest first.",
    permission=_READ,
    example=Example(query={"agent_slug": "{slug}", "limit": 20}),
)
def list_chats(principal: Principal, query: ChatQuery) -> ListResponse[ChatResponse]:
    filters = chats.ChatFilter(
        user_id=_READ.only_user_of(principal),
        agent_namespace=query.agent_namespace,
        agent_slug=query.agent_slug,
        search=query.q,
    )
    request = PageRequest(query.limit, query.cursor, "cursor")
    page = chats.list_chats(principal.workspace, filters, request, skip=query.skip)
    answer = ListResponse[ChatResponse]([ChatResponse.of_chat(each) for each in page.items])
    if page.trail is None:
        return answer
    is_paged = not query.model_fields_set.isdisjoint({"skip", "limit", "cursor"})
    answer = answer.followed_by(page.trail)
    return answer if is_paged else answer.cut()


@routes.get(
    "/chats/{chat_id}",
    summary="Read what was said in a chat.",
    permission=_READ,
    delegated=THIS_CHAT,
)
def get_chat(principal: Principal, chat_id: UUID) -> TranscriptResponse:
    user_id = _READ.only_user_of(principal)
    chat = chats.find_chat(principal.workspace, chat_id, user_id=user_id)
    return TranscriptResponse.of_transcript(chat, chats.transcript_of(chat))
