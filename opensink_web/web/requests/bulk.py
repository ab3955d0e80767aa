"""Deciding on many requests: those that were chosen in a list, or a whole group of one filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import InvalidInput, PermissionMissing
from opensink_web.models import InputRequest, InputRequestStatus
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions.bulk import (
    MAX_ROWS,
    RowDecision,
    Verdict,
    decide_many,
    undo_many,
)
from opensink_web.operations.decisions.bulk_result import keep_results
from opensink_web.operations.decisions.queries import RowResult, find_results
from opensink_web.operations.page import PageRequest
from opensink_web.operations.requests.listing import (
    count_listed,
    list_page,
    list_these,
)
from opensink_web.web.access import requires, services
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged, version_of
from opensink_web.web.requests.assignable import Assignable, assignable_in
from opensink_web.web.requests.inbox_filter import InboxFilter
from opensink_web.web.requests.inbox_row import Row, rows_of
from opensink_web.web.requests.input_request import DeclineForm
from opensink_web.web.requests.row_choice import Mark

blueprint = Blueprint("bulk", __name__)
_PAGE = "/w/<workspace_slug>/inbox/bulk"
CHOSEN = "chosen"
VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class BulkPage:
    """Requests to decide on together. `total` are in the list, of which `rows` are shown.

    `chosen` are the ids of those that are ticked; `error` says why nothing was done.
    """

    filters: InboxFilter
    rows: Sequence[Row]
    chosen: frozenset[UUID]
    total: int
    decline: DeclineForm
    error: str | None
    declines: bool
    assignable: Assignable
    most: int = MAX_ROWS


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What became of one request; `row` is None where there is none of that id."""

    row: Row | None
    refusal: str | None

    @property
    def is_taken_back(self) -> bool:
        """Return True if it was decided and waits again."""
        is_waiting = self.row is not None and self.row.is_waiting
        return not self.refusal and is_waiting and not self.is_counted

    @property
    def is_counted(self) -> bool:
        """Return True if it waits for others: to say the same, or in the next step of a rule."""
        if self.refusal or self.row is None or not self.row.is_waiting:
            return False
        return self.row.is_counted or (self.row.tally is not None and self.row.tally.has_passed_on)

    @property
    def is_moving(self) -> bool:
        """Return True while it has not taken effect, or its call has not ended."""
        if self.row is None:
            return False
        outcome = self.row.decided.result if self.row.decided else None
        return self.row.status is InputRequestStatus.HELD or (
            outcome is not None and outcome.is_live
        )


@dataclass(frozen=True, slots=True)
class ResultPage:
    """What became of many; `undo_seconds` is for how long something can be taken back.

    `refresh_href` is asked for news while something is to come.
    """

    id: UUID
    filters: InboxFilter
    refused: Sequence[ResultRow]
    taken_back: Sequence[ResultRow]
    counted: Sequence[ResultRow]
    decided: Sequence[ResultRow]
    undo_seconds: float | None
    refresh_href: str | None

    @property
    def title(self) -> str:
        """How many there are of each, those of which there are none left out."""
        counts = (
            (self.counted, "waiting for others"),
            (self.taken_back, "taken back"),
            (self.refused, "not"),
        )
        words = [f"{len(rows)} {word}" for rows, word in counts if rows]
        return ", ".join([f"{len(self.decided)} decided", *words])


@blueprint.get(_PAGE)
@requires("agent_session_input_requests", Action.WRITE)
def show(principal: Principal) -> ResponseReturnValue:
    """Show what waits in a list, all of it chosen, to be decided at once."""
    filters = InboxFilter.from_address(principal.workspace).waiting
    requests = list_page(principal.workspace, filters.listed, PageRequest(limit=MAX_ROWS)).items
    return _page(principal, filters, requests, None)


@blueprint.post(_PAGE)
@requires("agent_session_input_requests", Action.WRITE)
def decide(principal: Principal) -> ResponseReturnValue:
    """Decide on what was chosen, each on its own, and show what became of each."""
    filters = InboxFilter.from_address(principal.workspace)
    marks = list(map(Mark.from_text, request.form.getlist(CHOSEN)))
    verdict = chosen_verdict()
    why = DeclineForm()
    if verdict is Verdict.DECLINE and marks and not why.validate_on_submit():
        return choose_again(principal, filters, marks, why, declines=True)
    decisions = [
        RowDecision(each.request_id, verdict, each.seen, each.shown, reason=why.reason.data or "")
        for each in marks
    ]
    try:
        results = decide_many(
            principal.workspace,
            decisions,
            by=principal.user,
            hold_seconds=services().settings.undo_seconds,
        )
    except InvalidInput as error:
        return choose_again(principal, filters, marks, why, error=error.message)
    return show_results(principal, filters, results)


@blueprint.get(f"{_PAGE}/<uuid:bulk_id>")
@requires("agent_session_input_requests", Action.READ)
def result(principal: Principal, bulk_id: UUID) -> ResponseReturnValue:
    """Show row by row what became of many requests, or to htmx the part that updates itself."""
    kept, results = find_results(principal.workspace, bulk_id)
    filters = InboxFilter.from_address(principal.workspace)
    requests = list_these(principal.workspace, [each.request_id for each in results])
    rows = {each.id: each for each in rows_of(principal, filters, requests)}
    drawn = [ResultRow(rows.get(each.request_id), each.refusal) for each in results]
    version = version_of(
        [
            (each.row.status, each.row.decided, each.row.tally) if each.row else None
            for each in drawn
        ]
    )
    if is_unchanged(version):
        return UNCHANGED
    is_theirs = kept.decided_by_id == principal.user.id
    undo_seconds = [each.row.undo_seconds for each in drawn if each.row and each.row.undo_seconds]
    page = ResultPage(
        id=bulk_id,
        filters=filters,
        refused=[each for each in drawn if each.refusal],
        taken_back=[each for each in drawn if each.is_taken_back],
        counted=[each for each in drawn if each.is_counted],
        decided=[
            each for each in drawn if not (each.refusal or each.is_taken_back or each.is_counted)
        ],
        undo_seconds=max(undo_seconds, default=None) if is_theirs else None,
        refresh_href=filters.address("bulk.result", bulk_id=bulk_id, version=version)
        if any(each.is_moving for each in drawn)
        else None,
    )
    template = "bulk/_result.html" if request.htmx else "bulk/result.html"
    return render_template(template, page=page)


@blueprint.post(f"{_PAGE}/<uuid:bulk_id>/undo")
@requires("agent_session_input_requests", Action.WRITE)
def undo(principal: Principal, bulk_id: UUID) -> ResponseReturnValue:
    """Take all back that can be taken back, and say how much that was."""
    kept, results = find_results(principal.workspace, bulk_id)
    if kept.decided_by_id != principal.user.id:
        raise PermissionMissing("Only who decided can undo it.")
    decided = [each.request_id for each in results if each.is_decided]
    undone = undo_many(principal.workspace, decided, by=principal.user)
    late = sum(not each.is_decided for each in undone)
    flash(*_words_of_undo(len(undone) - late, late))
    filters = InboxFilter.from_address(principal.workspace)
    return redirect(filters.address("bulk.result", bulk_id=bulk_id), 303)


def chosen_verdict() -> Verdict:
    """Return what was decided on rows of a list. Raises: InvalidInput."""
    try:
        verdict = Verdict(request.form.get(VERDICT, ""))
    except ValueError:
        verdict = Verdict.ANSWER
    if verdict is Verdict.ANSWER:
        raise InvalidInput("Choose what to decide: yes, no or decline.")
    return verdict


def show_results(
    principal: Principal, filters: InboxFilter, results: Sequence[RowResult]
) -> ResponseReturnValue:
    """Keep what became of requests and lead to the page that says so."""
    with writing():
        bulk_id = keep_results(principal.workspace, results, by=principal.user).id
    return redirect(filters.address("bulk.result", bulk_id=bulk_id), 303)


def _words_of_undo(undone: int, late: int) -> tuple[str, str]:
    """Say what was taken back, and how that is drawn."""
    words = "1 decision was" if undone == 1 else f"{undone} decisions were"
    if not late:
        return f"{words} taken back.", "success"
    others = "1 could not be" if late == 1 else f"{late} could not be"
    if not undone:
        return "Nothing could be taken back: it has taken effect.", "warning"
    return f"{words} taken back. {others}: they have taken effect.", "warning"


def choose_again(
    principal: Principal,
    filters: InboxFilter,
    marks: Sequence[Mark],
    decline: DeclineForm,
    *,
    error: str | None = None,
    declines: bool = False,
) -> ResponseReturnValue:
    """Show what was chosen once more; the whole list where nothing was."""
    ids = [each.request_id for each in marks][:MAX_ROWS]
    requests = list_these(principal.workspace, ids)
    if not ids:
        filters = filters.waiting
        requests = list_page(principal.workspace, filters.listed, PageRequest(MAX_ROWS)).items
    return _page(
        principal,
        filters,
        requests,
        set(ids) if ids else None,
        decline=decline,
        error=error,
        declines=declines,
    ), 422


def _page(
    principal: Principal,
    filters: InboxFilter,
    requests: Sequence[InputRequest],
    chosen: set[UUID] | None,
    *,
    decline: DeclineForm | None = None,
    error: str | None = None,
    declines: bool = False,
) -> str:
    """Draw requests whole; `chosen` are those that are ticked, None for all that can be seen."""
    rows = rows_of(principal, filters, requests)
    if chosen is None:
        chosen = {each.id for each in rows if each.choice and not each.choice.has_to_be_opened}
    page = BulkPage(
        filters=filters,
        rows=rows,
        chosen=frozenset(chosen),
        total=max(count_listed(principal.workspace, filters.listed), len(requests)),
        decline=decline or DeclineForm(),
        error=error,
        declines=declines,
        assignable=assignable_in(principal.workspace),
    )
    return render_template("bulk/show.html", page=page)
