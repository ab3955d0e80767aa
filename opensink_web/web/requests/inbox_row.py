"""One line of the inbox: who asks, what, and what can be seen of it without opening it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.models import (
    Absence,
    Assignment,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
)
from opensink_web.operations.accounts.deputy import absences_of
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions.authority import why_not_decided_by
from opensink_web.operations.requests.asked import asking_among
from opensink_web.operations.requests.claim import claims_of
from opensink_web.operations.requests.row_text import RowText, row_text_of
from opensink_web.operations.requests.step import steps_now
from opensink_web.operations.requests.vote import is_voted_on
from opensink_web.web.requests.decided import Decided, decided_of
from opensink_web.web.requests.inbox_filter import InboxFilter
from opensink_web.web.requests.row_choice import RowChoice, choice_of
from opensink_web.web.requests.votes import Tally, tallies_of

_PLAIN_YES = frozenset({"approve", "approved", "confirm", "confirmed", "ok", "yes"})
"""Titles of a field to which a yes means the same as to the request."""


@dataclass(frozen=True, slots=True)
class Row:
    """A request as it stands in the list.

    `decided` is what was decided and its outcome. `choice` is what the reader may decide here;
    `undo_seconds` is for how long they can take their decision back. `whose` names those it is
    assigned to, `claimed_by` who has taken it on. `is_forbidden` where the reader
    may not decide; `step` says in which step of a rule it waits; `tally` is how far it is, where
    several people have to answer. `asks_reader`: a comment mentions them, and they have not
    answered.
    """

    input_request: InputRequest
    filters: InboxFilter
    href: str
    text: RowText
    decided: Decided | None
    is_overdue: bool
    choice: RowChoice | None
    undo_seconds: float | None
    whose: str
    claimed_by: str
    is_forbidden: bool
    step: str
    tally: Tally | None
    asks_reader: bool

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
    def asks(self) -> str:
        """What the buttons answer, where that is not simply what the title asks."""
        question = self.choice.question if self.choice else ""
        is_said = question.casefold() in {self.input_request.title.casefold(), *_PLAIN_YES}
        return "" if is_said else question

    @property
    def is_waiting(self) -> bool:
        return self.status is InputRequestStatus.PENDING

    @property
    def is_counted(self) -> bool:
        """Return True if the reader has said something that can be taken back, and others wait."""
        return self.is_waiting and _has_said(self.tally)

    @property
    def differs_by_reader(self) -> bool:
        """Return True if not everybody who may decide may do so here, has to, or is asked."""
        request = self.input_request
        is_for_some = request.forbid_requester or is_voted_on(request)
        return self.asks_reader or (self.is_waiting and is_for_some)

    @property
    def is_approval(self) -> bool:
        return self.input_request.kind is InputRequestKind.APPROVAL


def rows_of(
    principal: Principal, filters: InboxFilter, requests: Sequence[InputRequest]
) -> list[Row]:
    """Draw up the lines of a list; opened from there, a request knows its filter."""
    decided = decided_of(principal, requests)
    may_decide = principal.may("agent_session_input_requests", Action.WRITE)
    claims = claims_of(requests)
    steps = steps_now([each for each in requests if _is_pending(each)])
    why_not = {
        each.id: why_not_decided_by(each, steps.get(each.id), principal.user.id)
        for each in requests
    }
    assigned = {whom.user_id for each in requests for whom in each.assignments if whom.user_id}
    away = absences_of(principal.workspace, assigned) if assigned else {}
    tallies = tallies_of(principal, requests)
    asking = asking_among(requests, principal.user)
    texts = {request.id: _text_of(request) for request in requests}
    return [
        Row(
            input_request=request,
            filters=filters,
            href=filters.request_href(request.id),
            text=texts[request.id],
            decided=decided.get(request.id),
            is_overdue=_is_overdue(request),
            choice=choice_of(request, texts[request.id])
            if may_decide and not why_not[request.id] and not _has_said(tallies.get(request.id))
            else None,
            undo_seconds=_undo_seconds(principal, request),
            whose=", ".join(_named(each, away) for each in request.assignments),
            claimed_by=claims[request.id].user.email if request.id in claims else "",
            is_forbidden=_is_pending(request) and bool(why_not[request.id]),
            step=steps[request.id].words if request.id in steps else "",
            tally=tallies.get(request.id),
            asks_reader=request.id in asking,
        )
        for request in requests
    ]


def _has_said(tally: Tally | None) -> bool:
    """Return True if the reader has had their say, and it is for others now."""
    return tally is not None and tally.own != ""


def _named(assignment: Assignment, away: Mapping[UUID, Absence]) -> str:
    """Name whose a request is, and who stands in for them."""
    absence = away.get(assignment.user_id) if assignment.user_id else None
    if absence is None:
        return assignment.name
    return f"{assignment.name} (away{f', {absence.deputy.email}' if absence.deputy else ''})"


def _text_of(request: InputRequest) -> RowText:
    with suppress(UnreadableSecret):
        return row_text_of(request)
    return RowText("", "", is_whole=False)


def _is_overdue(request: InputRequest) -> bool:
    due = request.expires_at
    return _is_pending(request) and due is not None and due <= clock.now()


def _is_pending(request: InputRequest) -> bool:
    return request.status is InputRequestStatus.PENDING


def _undo_seconds(principal: Principal, request: InputRequest) -> float | None:
    """Return for how long the reader can take their decision back; None if they cannot."""
    until = request.held_until
    is_held = request.status is InputRequestStatus.HELD
    if not is_held or until is None or request.resolved_by_id != principal.user.id:
        return None
    return max((until - clock.now()).total_seconds(), 0)
