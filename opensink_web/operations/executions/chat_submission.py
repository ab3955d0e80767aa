"""Taking chats with an agent on, a batch at once: everything is checked before anything is stored.

Each begins with the agent's first messages, filled in, and what the caller says. An execution of
each has the agent answer it. Filling in is done before, outside the transaction; that looks only
whether the messages are still the same.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from opensink_web.errors import Conflict, NotFound
from opensink_web.json_value import JSONObject
from opensink_web.message_template.renderer import TemplateRenderer
from opensink_web.models import Agent, ExecutionKind, Workspace, db
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.agents.initial_messages import (
    FirstMessages,
    Message,
    fill_in,
    refusal_of_input,
)
from opensink_web.operations.agents.queries import endpoint_of
from opensink_web.operations.executions.draft import Draft
from opensink_web.operations.executions.staging import accept
from opensink_web.operations.executions.submission import (
    BATCH_SIZE_MAX_DEFAULT,
    Options,
    TargetSnapshot,
    check_options,
    check_size,
)
from opensink_web.outbound.endpoint_call import EndpointSpec

MESSAGE_LENGTH_MAX = 1_000_000
_USER = "user"


@dataclass(frozen=True, slots=True)
class ChatInput:
    """What one chat of a batch begins with."""

    message: str
    input_variables: JSONObject


@dataclass(frozen=True, slots=True)
class CheckedChats:
    """Chats that can be taken on, with the first messages as check_chats() found them."""

    inputs: Sequence[ChatInput]
    first_messages: FirstMessages


def check_chats(
    agent: Agent,
    renderer: TemplateRenderer,
    inputs: Sequence[ChatInput],
    size_max: int = BATCH_SIZE_MAX_DEFAULT,
) -> CheckedChats:
    """Check chats and fill their first messages in. Call it outside a transaction that writes.

    Raises: BatchSizeRefused; InvalidChatInput naming the index of the input that is wrong;
    Conflict for first messages that are no templates; RateLimited; Unavailable.
    """
    check_size(inputs, size_max)
    for index, each in enumerate(inputs):
        if not 1 <= len(each.message) <= MESSAGE_LENGTH_MAX:
            wrong = f"A message has 1 to {MESSAGE_LENGTH_MAX} characters."
            raise refusal_of_input(index, "message", wrong)
    variables = [each.input_variables for each in inputs]
    return CheckedChats(inputs, fill_in(agent, renderer, variables))


def draft_chats(
    agent: Agent,
    checked: CheckedChats,
    options: Options,
    *,
    batch_callback_url: str | None = None,
    rerun_of_id: UUID | None = None,
) -> Draft:
    """Put chats together for submit_chats(), or to be staged before. Writes nothing.

    `options.trigger_id` is the prefix of the executions' own. Raises: InvalidInput; Conflict for an
    agent that cannot be called; UnreadableSecret.
    """
    check_options(options)
    return Draft(
        target=_target_of(agent),
        inputs=[
            {"input_variables": each.input_variables, "message": each.message}
            for each in checked.inputs
        ],
        options=options,
        checked_against=checked.first_messages.stored,
        callback_url=batch_callback_url,
        beginnings=_beginnings(checked),
        rerun_of_id=rerun_of_id,
    )


def submit_chats(principal: Principal, agent: Agent, draft: Draft) -> None:
    """Take chats on, staged or not.

    Raises: Conflict for an agent that cannot be called, or was changed meanwhile; what accept()
    raises; UnreadableSecret.
    """
    address = f"{agent.namespace}/{agent.slug}"
    if draft.checked_against != (agent.initial_messages or []):
        raise Conflict(
            f"The first messages of {address} were changed just now, so nothing was executed. "
            "Please try again."
        )
    if draft.target != _target_of(agent):
        raise Conflict(
            f"{address} was changed just now, so nothing was executed. Please try again."
        )
    accept(principal, draft)


def find_addressed_agent(workspace: Workspace, namespace: str, slug: str) -> Agent:
    """Find an agent by its address; nobody deletes it before the commit. Raises: NotFound."""
    query = (
        select(Agent)
        .where(Agent.workspace_id == workspace.id, Agent.namespace == namespace, Agent.slug == slug)
        .with_for_update(read=True, key_share=True)
    )
    agent = db.session.scalars(query).one_or_none()
    if agent is None:
        raise NotFound("There is no such agent.")
    return agent


def _target_of(agent: Agent) -> TargetSnapshot:
    """Raises: Conflict; UnreadableSecret."""
    return TargetSnapshot(
        kind=ExecutionKind.AGENT,
        id=agent.id,
        namespace=agent.namespace,
        name=agent.slug,
        timeout_seconds=math.ceil(_callable_endpoint_of(agent).timeout_seconds),
    )


def _callable_endpoint_of(agent: Agent) -> EndpointSpec:
    endpoint = endpoint_of(agent)
    address = f"{agent.namespace}/{agent.slug}"
    if endpoint is None:
        raise Conflict(
            f"{address} has no execution endpoint, so nobody can answer its chats. Give it one: on "
            f"its page, or by PATCH /api/v1/agents/{agent.id}."
        )
    return endpoint


def _beginnings(checked: CheckedChats) -> list[list[Message]]:
    """Return what each chat begins with."""
    of_chats = checked.first_messages.of_chats
    return [
        [*said, Message(_USER, each.message)]
        for said, each in zip(of_chats, checked.inputs, strict=True)
    ]
