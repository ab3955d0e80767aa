"""What may be said of a request besides the question: how urgent it is, what it is about, until
when it can be decided and what happens then.
"""

from dataclasses import dataclass, field
from datetime import datetime

from opensink_web import clock
from opensink_web.errors import FieldError, InvalidAnswer, InvalidInput
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import OnExpire
from opensink_web.schema.validation import validate

PRIORITY_MAX = 100
TAGS_MAX = 20
TAG_LENGTH_MAX = 64
CONTEXT_MAX = 20


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """Options of one request; `context` are links, each of `{text, href, type}`.

    `default_response` is what a deadline answers by itself, where `on_expire` says so.
    """

    allow_decline: bool = True
    priority: int = 0
    tags: tuple[str, ...] = ()
    reference: str | None = None
    context: list[JSONObject] = field(default_factory=list)
    expires_at: datetime | None = None
    on_expire: OnExpire = OnExpire.NONE
    default_response: JSONObject | None = None


NO_OPTIONS = RequestOptions()


def check_options(options: RequestOptions, schema: JSONValue) -> None:
    """Check what a deadline does, before it is promised. May take its time: call it outside a
    transaction that writes.

    Raises: InvalidInput; InvalidAnswer for a default that does not fit the schema.
    """
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


def check_deadline(expires_at: datetime) -> None:
    """Raises: InvalidInput."""
    if expires_at <= clock.now():
        raise _wrong("/expires_at", "This must be a moment in the future.")


def _wrong(path: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors=(FieldError(path, message),))
