"""Lists in pages: which page and which filters the address asks for, and addresses of others."""

from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from flask import request, url_for

from opensink_web.errors import InvalidInput
from opensink_web.operations.page import COUNTED_MAX, PageRequest

Word = TypeVar("Word", bound=StrEnum)
ROWS_PER_PAGE = 50
# only these: an argument that somebody made up could be one of url_for()'s own
_FILTERS = ("view", "agent", "status", "kind", "search", "target", "user", "batch")


def counted(count: int) -> str:
    """Write a count that goes up to COUNTED_MAX; nothing for none."""
    if count >= COUNTED_MAX:
        return f"{COUNTED_MAX - 1}+"
    return str(count) if count else ""


def page_request() -> PageRequest:
    """Return which page of the list is asked for; a bad cursor is found out by the operation."""
    return PageRequest(limit=ROWS_PER_PAGE, trail=request.args.get("trail") or None)


def chosen_word(words: type[Word], name: str) -> Word | None:
    """Return the word a filter is set to, None for any. Raises: InvalidInput."""
    text = request.args.get(name)
    if not text:
        return None
    try:
        return words(text)
    except ValueError:
        raise InvalidInput(f"There is no {name} of this name to filter by.") from None


def chosen_id(name: str) -> UUID | None:
    """Return the id a filter is set to, None for any. Raises: InvalidInput."""
    text = request.args.get(name)
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(f"The {name} to filter by is not an id.") from None


def chosen_text(name: str) -> str:
    """Return what is searched for; nothing that is kept has a NUL in it."""
    return request.args.get(name, "").replace("\0", "").strip()


def same_list(**changes: str | None) -> str:
    """Return this list's address, its filters as they are but for the changes; None clears one."""
    filters = {name: request.args.get(name) for name in _FILTERS} | changes
    place = dict(request.view_args or {})
    place |= {name: value for name, value in filters.items() if value}
    return url_for(str(request.endpoint), **place)
