"""How much of a proposal was changed, in words, wherever a decision is told of in a line."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONValue
from opensink_web.models import InputRequest
from opensink_web.operations.requests.answer import with_edit_count, with_edits
from opensink_web.web.rendering.happenings import Happening


def edits_in(input_requests: Iterable[InputRequest]) -> dict[UUID, str]:
    """Say of each request how much was changed of what was proposed; "" where nothing was."""
    words = {}
    for input_request in input_requests:
        words[input_request.id] = ""
        with suppress(UnreadableSecret):
            words[input_request.id] = with_edits(input_request.edited)
    return words


def with_edits_of(what: Happening, details: JSONValue) -> Happening:
    """Add to a decision in a history how much was changed, as its details count it."""
    count = details.get("edited_count") if isinstance(details, dict) else None
    return replace(what, title=what.title + with_edit_count(count if isinstance(count, int) else 0))
