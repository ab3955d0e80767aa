"""An agent's first messages: checked when they are kept, filled in when a chat begins.

Both take their time, in a process of their own, and are done before the transaction that writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from opensink_web.errors import Conflict, FieldError, InvalidChatInput, InvalidInput
from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.message_template.renderer import NotFilledIn, TemplateRenderer, TemplatesRefused
from opensink_web.models import Agent, Workspace
from opensink_web.models.transaction import end_reading

ROLES = ("system", "developer", "user", "assistant")
MESSAGES_MAX = 10
TEMPLATES_LENGTH_MAX = 32_768
VARIABLES_LENGTH_MAX = 128 * 1024

_PLACE = "/initial_messages"
_TOO_MUCH = (
    f"There are at most {MESSAGES_MAX} first messages, of {TEMPLATES_LENGTH_MAX} characters "
    "together."
)


@dataclass(frozen=True, slots=True)
class Message:
    """A message, or the template of one. `role` says who speaks, one of ROLES."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class CheckedMessages:
    """First messages that can be kept: check_initial_messages() has looked."""

    messages: Sequence[Message] = ()

    def to_json(self) -> list[Any] | None:
        """Return what is stored of them."""
        return [{"role": each.role, "content": each.content} for each in self.messages] or None


@dataclass(frozen=True, slots=True)
class FirstMessages:
    """What each chat of a batch begins with, filled in from what an agent had `stored`."""

    stored: list[Any]
    of_chats: list[list[Message]]


def check_initial_messages(
    workspace: Workspace, renderer: TemplateRenderer, messages: Sequence[Message]
) -> CheckedMessages:
    """Look whether these can be kept; takes its time, so no transaction that writes may be open.

    Raises: InvalidInput with a pointer below /initial_messages for each that is wrong;
    RateLimited; Unavailable.
    """
    length = sum(len(each.content) for each in messages)
    if len(messages) > MESSAGES_MAX or length > TEMPLATES_LENGTH_MAX:
        raise InvalidInput(_TOO_MUCH, errors=(FieldError(_PLACE, _TOO_MUCH),))
    errors = []
    for index, each in enumerate(messages):
        if each.role not in ROLES:
            roles = f"The role is one of {', '.join(ROLES)}."
            errors.append(FieldError(f"{_PLACE}/{index}/role", roles))
        if not each.content.strip():
            errors.append(FieldError(f"{_PLACE}/{index}/content", "Enter the message's text."))
    errors = errors or _errors_in_templates(workspace, renderer, messages)
    if errors:
        raise InvalidInput("The first messages are not valid.", errors=tuple(errors))
    return CheckedMessages(messages)


def _errors_in_templates(
    workspace: Workspace, renderer: TemplateRenderer, messages: Sequence[Message]
) -> list[FieldError]:
    owner = workspace.id
    end_reading()
    try:
        renderer.check(owner, [each.content for each in messages])
    except TemplatesRefused as refusal:
        return [
            FieldError(f"{_PLACE}/{index}/content", wrong)
            for index, wrong in enumerate(refusal.errors)
            if wrong is not None
        ] or [FieldError(_PLACE, refusal.message)]
    return []


def read_initial_messages(text: str) -> list[Message]:
    """Read what somebody has typed, JSON or nothing. Raises: InvalidInput."""
    stored = parse(text) if text.strip() else []
    if not isinstance(stored, list) or not all(map(_is_message, stored)):
        raise InvalidInput(
            'Enter a JSON list such as [{"role": "system", "content": "Speak {{ language }}."}].'
        )
    return [Message(str(each["role"]), str(each["content"])) for each in cast("list[Any]", stored)]


def _is_message(value: JSONValue) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"role", "content"}
        and all(isinstance(each, str) for each in value.values())
    )


def fill_in(
    agent: Agent, renderer: TemplateRenderer, inputs: Sequence[JSONObject]
) -> FirstMessages:
    """Fill an agent's first messages in for each chat; takes its time, as the check does.

    Raises: InvalidChatInput for the first input at fault; Conflict; RateLimited; Unavailable.
    """
    owner, address = agent.workspace_id, f"{agent.namespace}/{agent.slug}"
    stored: list[Any] = agent.initial_messages or []
    end_reading()
    for index, variables in enumerate(inputs if stored else ()):
        if len(dump(variables)) > VARIABLES_LENGTH_MAX:
            wrong = f"The variables are more than {VARIABLES_LENGTH_MAX} characters."
            raise refusal_of_input(index, "input_variables", wrong)
    try:
        texts = renderer.render(owner, [each["content"] for each in stored], inputs)
    except NotFilledIn as failure:
        raise refusal_of_input(failure.index, "input_variables", failure.message) from None
    except TemplatesRefused as refusal:
        why = next(filter(None, refusal.errors), refusal.message)
        raise Conflict(
            f"The first messages of {address} are no templates that can be filled in. {why} Change "
            "them on the agent's page."
        ) from None
    roles = [str(each["role"]) for each in stored]
    return FirstMessages(
        stored, [[Message(*each) for each in zip(roles, said, strict=True)] for said in texts]
    )


def refusal_of_input(index: int, field: str, message: str) -> InvalidChatInput:
    """Return the refusal of a batch because of one of its inputs."""
    error = FieldError(f"/inputs/{index}/{field}", message)
    return InvalidChatInput(f"Input {index} cannot be taken. {message}", errors=(error,))
