"""One line of the inbox: who asks, what, and what can be seen of it without opening it."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.models import InputRequest, InputRequestKind, InputRequestStatus
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.visible_text import in_plain
from opensink_web.web.requests.decided import Decided, decided_of
from opensink_web.web.requests.inbox_filter import InboxFilter
from opensink_web.web.requests.row_choice import RowChoice, choice_of
from opensink_web.web.requests.stored_answer import preview_of

EXCERPT_LENGTH = 160
_EMPHASIS = re.compile(r"(\*\*|__|~~|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w))")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_BLOCK = re.compile(r"^(?:[#>\s]|[-*+]\s|\d+[.)]\s)+")


@dataclass(frozen=True, slots=True)
class Row:
    """A request as it stands in the list.

    `excerpt` is the message's first line in plain text, `facts` with which input a call is made
    that waits for approval; either may be empty. `decided` is what was decided and its outcome.
    `choice` is what the reader may decide here; `undo_seconds` is for how long they
    can take their decision back.
    """

    input_request: InputRequest
    filters: InboxFilter
    href: str
    excerpt: str
    facts: str
    decided: Decided | None
    is_overdue: bool
    choice: RowChoice | None
    undo_seconds: float | None

    def action(self, endpoint: str, **values: str) -> str:
        """Return the address of something that is done to the request, from this list."""
        return self.filters.address(endpoint, request_id=self.id, **values)

    @property
    def id(self) -> UUID:
        return self.input_request.id

    @property
    def status(self) -> InputRequestStatus:
        return self.input_request.status

    @property
    def is_waiting(self) -> bool:
        return self.status is InputRequestStatus.PENDING

    @property
    def is_approval(self) -> bool:
        return self.input_request.kind is InputRequestKind.APPROVAL


def rows_of(
    principal: Principal, filters: InboxFilter, requests: Sequence[InputRequest]
) -> list[Row]:
    """Draw up the lines of a list; opened from there, a request knows its filter."""
    decided = decided_of(principal, requests)
    may_decide = principal.may("agent_session_input_requests", Action.WRITE)
    return [
        Row(
            input_request=request,
            filters=filters,
            href=filters.request_href(request.id),
            excerpt=_excerpt(request),
            facts=_facts(request),
            decided=decided.get(request.id),
            is_overdue=_is_overdue(request),
            choice=choice_of(request) if may_decide else None,
            undo_seconds=_undo_seconds(principal, request),
        )
        for request in requests
    ]


def first_line(markdown: str) -> str:
    """Return the first line of Markdown that says something, as plain text."""
    for line in markdown[: EXCERPT_LENGTH * 8].splitlines():
        text = _EMPHASIS.sub("", _LINK.sub(r"\1", _BLOCK.sub("", line))).strip()
        if any(character.isalnum() for character in text):
            return text if len(text) <= EXCERPT_LENGTH else text[:EXCERPT_LENGTH] + "…"
    return ""


def _excerpt(request: InputRequest) -> str:
    with suppress(UnreadableSecret):
        message = request.message.strip()
        line = first_line(message)
        if line == request.title:  # an execution's prompt begins with what became its title
            line = first_line(message.partition("\n")[2])
        return in_plain(line)
    return ""


def _facts(request: InputRequest) -> str:
    if request.kind is InputRequestKind.APPROVAL:
        with suppress(UnreadableSecret):
            return preview_of(request.schema, request.proposed_response or {})
    return ""


def _is_overdue(request: InputRequest) -> bool:
    due = request.expires_at
    return request.status is InputRequestStatus.PENDING and due is not None and due <= clock.now()


def _undo_seconds(principal: Principal, request: InputRequest) -> float | None:
    """Return for how long the reader can take their decision back; None if they cannot."""
    until = request.held_until
    is_held = request.status is InputRequestStatus.HELD
    if not is_held or until is None or request.resolved_by_id != principal.user.id:
        return None
    return max((until - clock.now()).total_seconds(), 0)
