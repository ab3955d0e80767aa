"""What a line of a list says of a request, and whether that is all there is to see of it.

A decision is made on what was seen. Where a line leaves something out, or something in it cannot be
seen, the request has to be looked at first: on a page that shows it whole beside others, unless it
is too long for that, or on its own.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.models import InputRequest, InputRequestKind
from opensink_web.schema.one_click import NO, YES, OneClick, one_click
from opensink_web.schema.secrets import secrets_of
from opensink_web.visible_text import has_hidden, in_plain

EXCERPT_LENGTH = 160
PREVIEW_LENGTH = 120
LABEL_LENGTH = 24
"""Of a button; it may break into two lines."""
WHOLE_LENGTH = 240
"""So long may a title or a call's input be to be shown whole, in several lines."""
MESSAGE_LENGTH = 4000
"""So long may a message or a call's input be to be shown whole beside many others."""
_EMPHASIS = re.compile(r"(\*\*|__|~~|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w))")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_BLOCK = re.compile(r"^(?:[#>\s]|[-*+]\s|\d+[.)]\s)+")
_PLAIN_KEY = re.compile(r"[\w-]+(?: [\w-]+)*")
"""Any other could pass for several keys with their values."""
_LOST_IN_PLAIN = re.compile(r"~~|\]\(|^\s*\d+[.)]\s", re.MULTILINE)
"""What says something else in plain text: what is crossed out, an address, a number."""


class Shown(StrEnum):
    """Where somebody decides on a request beside others: in a line, or with all of it."""

    IN_A_LINE = "line"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class WholeText:
    """All that is asked, as it was written: the message, what the schema says besides, and what is
    answered, by the words for it, where that is more than a Yes or No.
    """

    message: str
    words: tuple[str, ...]
    answers: tuple[tuple[str, JSONValue], ...]


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
        facts = preview_of(request.schema, request.proposal or {}, WHOLE_LENGTH)
        texts: JSONValue = [request.title, request.proposal]
        is_cut = facts.endswith("…")
    else:
        facts = ""
        texts = [request.title, request.message]
        is_cut = excerpt.endswith("…") or bool(rest) or _is_more_than_a_line(request)
    is_whole = not (is_cut or len(request.title) > WHOLE_LENGTH or has_hidden(texts))
    return RowText(in_plain(excerpt), facts, is_whole)


def click_of(request: InputRequest) -> OneClick | None:
    """Return what one click can answer of a request; None where it has to be opened, as what was
    answered to a question in the step before. Raises: UnreadableSecret.
    """
    is_question = request.kind is not InputRequestKind.APPROVAL
    if is_question and request.sealed_step_answer is not None:
        return None
    return one_click(request.schema, request.proposal)


def is_seen_whole(click: OneClick) -> bool:
    """Return True if a row has room for what its buttons say and for what they answer."""
    labels, question = [click.yes_label, click.no_label], asked_by(click)
    is_short = max(map(len, labels)) <= LABEL_LENGTH and len(question) <= EXCERPT_LENGTH
    is_plain = len(click.words) <= 1 and not any(map(_is_more_in_markdown, click.words))
    return is_short and is_plain and not click.has_more and not has_hidden([*labels, question])


def asked_by(click: OneClick) -> str:
    """Return the question that a click answers, with what the schema says of it."""
    return ": ".join(filter(None, (click.question, *map(_plain, click.words))))


def whole_text_of(request: InputRequest, click: OneClick) -> WholeText | None:
    """Return all that is asked, where a click can answer it; None where it has to be opened, since
    it is too long or has characters that cannot be seen. Raises: UnreadableSecret.
    """
    answers: list[tuple[str, JSONValue]] = [(click.yes_label, click.yes)]
    if request.kind is InputRequestKind.APPROVAL:
        answers = [("Input", click.yes)]
    else:
        answers.append((click.no_label, click.no))
        if not click.has_more and (click.yes_label, click.no_label) == (YES, NO):
            answers = []
    words = tuple(filter(None, (click.question, *click.words)))
    texts: JSONValue = [*words, *(list(answer) for answer in answers)]
    is_short = len(dump(texts)) <= MESSAGE_LENGTH and not has_hidden(texts)
    if not (is_short and is_message_clear(request)):
        return None
    return WholeText(request.message, words, tuple(answers))


def is_message_clear(request: InputRequest) -> bool:
    """Return True if title and message can be shown beside others. Raises: UnreadableSecret."""
    is_short = len(request.message) <= MESSAGE_LENGTH
    return is_short and not has_hidden([request.title, request.message])


def is_clear_beside_others(request: InputRequest, click: OneClick, shown: Shown) -> bool:
    """Return True if all that a click decides on is seen where it is shown like that.

    Raises: UnreadableSecret.
    """
    match shown:
        case Shown.IN_A_LINE:
            return is_seen_whole(click) and row_text_of(request).is_whole
        case Shown.WHOLE:
            return whole_text_of(request, click) is not None
        case _:
            assert_never(shown)


def _excerpt_of(request: InputRequest) -> tuple[str, str]:
    """Return the message's first line, and what follows it."""
    line, rest = first_line(request.message)
    if line == request.title:  # an execution's prompt begins with what became its title
        return first_line(rest)
    return line, rest


def _is_more_than_a_line(request: InputRequest) -> bool:
    """Return True if a message is not what its first line says in plain text."""
    lines = [line for line in request.message.splitlines() if line.strip()]
    is_title_first = bool(lines) and first_line(lines[0])[0] == request.title
    return len(lines) > 1 + is_title_first or _LOST_IN_PLAIN.search(request.message) is not None


def _plain(markdown: str) -> str:
    return first_line(markdown)[0]


def _is_more_in_markdown(text: str) -> bool:
    return bool(first_line(text)[1]) or _LOST_IN_PLAIN.search(text) is not None


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
