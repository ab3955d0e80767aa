"""What a line of a list says of a request, and whether that is all there is to see of it.

A decision is made on what was seen. Where a line leaves something out, or something in it cannot be
seen, the request has to be opened first.
"""

import re
from dataclasses import dataclass

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.models import InputRequest, InputRequestKind
from opensink_web.schema.one_click import OneClick
from opensink_web.schema.secrets import secrets_of
from opensink_web.visible_text import has_hidden, in_plain

EXCERPT_LENGTH = 160
PREVIEW_LENGTH = 120
LABEL_LENGTH = 24
"""Of a button; it may break into two lines."""
WHOLE_LENGTH = 240
"""So long may a title or a call's input be to be shown whole, in several lines."""
_EMPHASIS = re.compile(r"(\*\*|__|~~|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w))")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_BLOCK = re.compile(r"^(?:[#>\s]|[-*+]\s|\d+[.)]\s)+")
_PLAIN_KEY = re.compile(r"[\w-]+(?: [\w-]+)*")
"""Any other could pass for several keys with their values."""


@dataclass(frozen=True, slots=True)
class RowText:
    """What stands in a line below the title; either may be empty.

    `excerpt` is the message's first line in plain text, `facts` with which input a call is made
    that waits for approval. `is_whole` if nothing that is asked is left out or hidden.
    """

    excerpt: str
    facts: str
    is_whole: bool


def row_text_of(request: InputRequest) -> RowText:
    """Draw up what a line says of a request. Raises: UnreadableSecret."""
    excerpt, rest = _excerpt_of(request)
    if request.kind is InputRequestKind.APPROVAL:
        # its message names the function and who calls it, which stand in the row
        facts = preview_of(request.schema, request.proposed_response or {}, WHOLE_LENGTH)
        texts: JSONValue = [request.title, request.proposed_response]
        is_cut = facts.endswith("…")
    else:
        facts = ""
        texts = [request.title, request.message]
        is_cut = excerpt.endswith("…") or bool(rest)
    is_whole = not (is_cut or len(request.title) > WHOLE_LENGTH or has_hidden(texts))
    return RowText(in_plain(excerpt), facts, is_whole)


def is_seen_whole(click: OneClick) -> bool:
    """Return True if a row has room for what its buttons say and for what they answer."""
    words = [click.yes_label, click.no_label, click.question]
    is_short = max(map(len, words[:2])) <= LABEL_LENGTH and len(click.question) <= EXCERPT_LENGTH
    return is_short and not click.has_more and not has_hidden([*words])


def _excerpt_of(request: InputRequest) -> tuple[str, str]:
    """Return the message's first line, and what follows it."""
    line, rest = first_line(request.message)
    if line == request.title:  # an execution's prompt begins with what became its title
        return first_line(rest)
    return line, rest


def first_line(markdown: str) -> tuple[str, str]:
    """Return the first line of Markdown that says something, as plain text, and what follows."""
    lines = markdown.strip().splitlines()
    for number, line in enumerate(lines[: EXCERPT_LENGTH * 8]):
        text = _EMPHASIS.sub("", _LINK.sub(r"\1", _BLOCK.sub("", line))).strip()
        if any(character.isalnum() for character in text):
            rest = "\n".join(lines[number + 1 :]).strip()
            return text if len(text) <= EXCERPT_LENGTH else text[:EXCERPT_LENGTH] + "…", rest
    return "", markdown.strip()


def preview_of(schema: JSONValue, response: JSONObject, whole_length: int = PREVIEW_LENGTH) -> str:
    """Return an answer in a line, its secrets left out: its beginning, if all of it is too long."""
    shown = secrets_of(schema).hide(response)
    parts = shown.items() if isinstance(shown, dict) else ()
    line = ", ".join(
        f"{key if _PLAIN_KEY.fullmatch(key) else dump(key)}: {dump(value)}" for key, value in parts
    )
    return line if len(line) <= whole_length else line[:PREVIEW_LENGTH] + "…"
