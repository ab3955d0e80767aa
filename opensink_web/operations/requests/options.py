"""What may be said of a request besides the question: how urgent it is, what it is about, until
when it can be decided and what happens then.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from opensink_web import clock
from opensink_web.errors import FieldError, InvalidAnswer, InvalidInput
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import WEB_ADDRESS, OnExpire, Quorum
from opensink_web.operations.requests.assignment import ASSIGNEES_MAX, Assignee
from opensink_web.schema.validation import validate
from opensink_web.visible_text import first_hidden

PRIORITY_MAX = 100
TAGS_MAX = 20
TAG_LENGTH_MAX = 64
CONTEXT_MAX = 20
ADDRESS_LENGTH_MAX = 2048
RESPONSES_MAX = 20
SECONDS_MAX = 10 * 366 * 86_400


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """Options of one request; `context` are links, each of `{text, href, type}`.

    `default_response` is what a deadline answers by itself, where `on_expire` says so. With
    `forbid_requester` somebody else has to decide than for whom it is asked. `required_responses`
    is how many people have to say the same, by what `quorum` says. `assignees` are those whose it
    is; nobody in particular where there are none.
    """

    allow_decline: bool = True
    priority: int = 0
    tags: tuple[str, ...] = ()
    reference: str | None = None
    context: list[JSONObject] = field(default_factory=list)
    expires_at: datetime | None = None
    on_expire: OnExpire = OnExpire.NONE
    default_response: JSONObject | None = None
    forbid_requester: bool = False
    required_responses: int = 1
    quorum: Quorum | None = None
    assignees: tuple[Assignee, ...] = ()


NO_OPTIONS = RequestOptions()
_LINE = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
_LINK: JSONObject = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 255},
        "href": {"type": "string", "maxLength": ADDRESS_LENGTH_MAX, "pattern": WEB_ADDRESS},
        "type": {"enum": ["link", "attachment"]},
    },
    "required": ["text", "href"],
    "additionalProperties": False,
}
_NAME_OF_ASSIGNEE: JSONObject = {"type": "string", "minLength": 1, "maxLength": 320}


def _named_by(word: str) -> JSONObject:
    return {
        "type": "object",
        "properties": {word: _NAME_OF_ASSIGNEE},
        "required": [word],
        "additionalProperties": False,
    }


ASSIGNEE: JSONObject = {"anyOf": [_NAME_OF_ASSIGNEE, _named_by("user"), _named_by("team")]}
"""How programs name a member or a team; a text alone is a member."""
_SENT: JSONObject = {
    "type": "object",
    "properties": {
        "allow_decline": {"type": "boolean"},
        "priority": {"type": "integer", "minimum": 0, "maximum": PRIORITY_MAX},
        "tags": {
            "type": "array",
            "maxItems": TAGS_MAX,
            "items": {"type": "string", "maxLength": TAG_LENGTH_MAX, "pattern": _LINE},
        },
        "reference": {"type": "string", "maxLength": 255, "pattern": _LINE},
        "context": {"type": "array", "maxItems": CONTEXT_MAX, "items": _LINK},
        "expires_at": {"type": "string", "format": "date-time"},
        "expires_in_seconds": {"type": "number", "minimum": 1, "maximum": SECONDS_MAX},
        "on_expire": {"enum": [each.value for each in OnExpire]},
        "default_response": {"type": "object"},
        "forbid_requester": {"type": "boolean"},
        "required_responses": {"type": "integer", "minimum": 1, "maximum": RESPONSES_MAX},
        "quorum": {"enum": [each.value for each in Quorum]},
        "assignees": {"type": "array", "maxItems": ASSIGNEES_MAX, "items": ASSIGNEE},
    },
    "additionalProperties": False,
}
"""What a function may send with its question; bodies of the API are read by api/request_body.py."""


def options_of(sent: JSONObject) -> RequestOptions:
    """Read the options of a function's question; `expires_in_seconds` count from now.

    Who its `assignees` are is looked up apart. Raises: InvalidInput.
    """
    errors = validate(_SENT, sent)
    if not errors and {"expires_at", "expires_in_seconds"} <= sent.keys():
        errors = (FieldError("/expires_in_seconds", "Say either this or expires_at."),)
    if errors:
        raise InvalidInput("The options of the question are not valid.", errors=errors)
    values: dict[str, Any] = {key: value for key, value in sent.items() if key != "assignees"}
    if (seconds := values.pop("expires_in_seconds", None)) is not None:
        values["expires_at"] = clock.now() + timedelta(seconds=seconds)
    elif "expires_at" in values:
        values["expires_at"] = datetime.fromisoformat(values["expires_at"]).astimezone(UTC)
    if "on_expire" in values:
        values["on_expire"] = OnExpire(values["on_expire"])
    if "quorum" in values:
        values["quorum"] = Quorum(values["quorum"])
    for name in ("priority", "required_responses"):
        if name in values:
            values[name] = int(values[name])
    values["tags"] = tuple(values.get("tags", ()))
    values["context"] = [{"type": "link", **link} for link in values.get("context", [])]
    return RequestOptions(**values)


def check_options(options: RequestOptions, schema: JSONValue) -> None:
    """Check what a deadline does, before it is promised, and that words can be seen. May take its
    time: call it outside a transaction that writes.

    Raises: InvalidInput; InvalidAnswer for a default that does not fit the schema.
    """
    _check_seen(options)
    if options.quorum is not None and options.required_responses == 1:
        message = "Say with it in required_responses how many people have to answer, 2 or more."
        raise _wrong("/quorum", message)
    if options.expires_at is None and options.on_expire is not OnExpire.NONE:
        raise _wrong("/on_expire", "Say when, in expires_at; without a deadline nothing expires.")
    if options.expires_at is not None:
        check_deadline(options.expires_at)
    if options.on_expire is not OnExpire.DEFAULT:
        if options.default_response is not None:
            message = 'Say "on_expire": "default" with it, or the answer would never be given.'
            raise _wrong("/default_response", message)
        return
    if options.default_response is None:
        message = 'This is needed with "on_expire": "default": the answer that is given then.'
        raise _wrong("/default_response", message)
    errors = validate(schema, options.default_response)
    if errors:
        message = "The default response does not match the request's schema."
        raise InvalidAnswer(message, errors=errors).below("/default_response")


def _check_seen(options: RequestOptions) -> None:
    """Raises: InvalidInput for words to find or to follow in which something cannot be seen.

    Two tags that look the same would be two, and a link would lead elsewhere than it says.
    """
    words = {f"/tags/{number}": tag for number, tag in enumerate(options.tags)}
    words |= {
        f"/context/{number}/{name}": str(link[name])
        for number, link in enumerate(options.context)
        for name in ("text", "href")
    }
    for path, text in {**words, "/reference": options.reference or ""}.items():
        hidden = first_hidden(text)
        if hidden is not None:
            raise _wrong(path, f"This has characters that nobody sees, such as {hidden}.")


def check_deadline(expires_at: datetime) -> None:
    """Raises: InvalidInput."""
    if expires_at <= clock.now():
        raise _wrong("/expires_at", "This must be a moment in the future.")


def _wrong(path: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors=(FieldError(path, message),))
