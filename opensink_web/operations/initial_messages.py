"""An agent's first messages: checked when they are kept, filled in when a chat begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.message_template.sandbox import RenderingFailed, Templates, check_template

ROLES = ("system", "developer", "user", "assistant")
MESSAGES_MAX = 10
TEMPLATES_LENGTH_MAX = 32_768
VARIABLES_LENGTH_MAX = 128 * 1024
SECONDS = 0.1
"""How long filling in may take for a batch, and how much longer for each of its inputs."""
SECONDS_PER_INPUT = 0.001

_TOO_MUCH = (
    f"There are at most {MESSAGES_MAX} first messages, of {TEMPLATES_LENGTH_MAX} characters "
    "together."
)


@dataclass(frozen=True, slots=True)
class Message:
    """A message, or the template of one. `role` says who speaks, one of ROLES."""

    role: str
    content: str


def check_initial_messages(messages: Sequence[Message]) -> list[Any]:
    """Return the messages as they are kept. Raises: InvalidInput with a pointer for each wrong."""
    length = sum(len(each.content) for each in messages)
    if len(messages) > MESSAGES_MAX or length > TEMPLATES_LENGTH_MAX:
        raise InvalidInput(_TOO_MUCH, errors=(FieldError("", _TOO_MUCH),))
    errors = [
        error for index, message in enumerate(messages) for error in _errors_of(index, message)
    ]
    if errors:
        raise InvalidInput("These first messages cannot be kept.", errors=tuple(errors))
    return [{"role": each.role, "content": each.content} for each in messages]


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


class Renderer:
    """Fills first messages in, for one chat after the other."""

    def __init__(self, stored: Sequence[Any], inputs: int) -> None:
        self._roles = [str(each["role"]) for each in stored]
        contents = [str(each["content"]) for each in stored]
        self._templates = Templates(contents, SECONDS + SECONDS_PER_INPUT * inputs)

    def render(self, variables: JSONObject) -> list[Message]:
        """Return a chat's first messages. Raises: RenderingFailed."""
        if not self._roles:
            return []
        if len(dump(variables)) > VARIABLES_LENGTH_MAX:
            raise RenderingFailed(f"The variables are more than {VARIABLES_LENGTH_MAX} characters.")
        texts = self._templates.render(variables)
        return [Message(*each) for each in zip(self._roles, texts, strict=True)]


def _errors_of(index: int, message: Message) -> list[FieldError]:
    errors = []
    if message.role not in ROLES:
        errors.append(FieldError(f"/{index}/role", f"The role is one of {', '.join(ROLES)}."))
    wrong = _why_no_content(message.content)
    if wrong is not None:
        errors.append(FieldError(f"/{index}/content", wrong))
    return errors


def _why_no_content(content: str) -> str | None:
    if not content.strip():
        return "The content says something."
    return check_template(content)
