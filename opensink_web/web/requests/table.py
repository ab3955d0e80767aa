"""Requests of one schema as a table: a row each, with the form's own controls in its cells."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request
from werkzeug.datastructures import ImmutableMultiDict

from opensink_web.errors import InvalidInput, NotFound
from opensink_web.json_value import dump
from opensink_web.models import InputRequest, InputRequestStatus
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions.bulk import RowDecision, Verdict, decide_many
from opensink_web.operations.decisions.queries import RowResult
from opensink_web.operations.page import PageRequest
from opensink_web.operations.requests.listing import list_page, list_these
from opensink_web.operations.requests.row_text import is_message_clear
from opensink_web.schema.cells import Cell, RowOfCells, row_of_cells
from opensink_web.schema.changes import RESTORE
from opensink_web.schema.form import AnswerForm
from opensink_web.web.access import requires, services
from opensink_web.web.forms.typed import keeps_typed
from opensink_web.web.requests.bulk import CHOSEN, show_results
from opensink_web.web.requests.inbox_filter import InboxFilter
from opensink_web.web.requests.inbox_row import Row, rows_of
from opensink_web.web.requests.row_choice import Mark

blueprint = Blueprint("table", __name__)
_PAGE = "/w/<workspace_slug>/inbox/table"
MAX_ROWS = 100
"""More are not drawn: each row has a form."""
_LOOKED_AT = 500
ROW = "row"
FOR_ALL = "all"
"""The name of the form whose answer goes to every row that is ticked, and of its button."""
_NOT_CHOSEN = "Tick the rows that you want to send."
_WRONG = "Look at the fields that are marked. Nothing was sent."
_UNSEEN = "Not all of what is ticked can be seen here. Open what says so. Nothing was sent."
_GONE = "There is no such input request in this table."


@dataclass(frozen=True, slots=True)
class TableRow:
    """One request with its cells; `mark` says what of it was seen.

    `lacks` is what cannot be seen here, or has to be filled in and has no cell: then the request
    has to be opened.
    """

    row: Row
    mark: str
    cells: RowOfCells
    is_chosen: bool
    lacks: str


@dataclass(frozen=True, slots=True)
class TablePage:
    """Requests of one schema; there is no table where their fields come and go.

    `others_href` leads to those of the list that ask for something else, of which there are
    `others`; `left` are so many that the table has no room for.
    """

    filters: InboxFilter
    columns: Sequence[Cell]
    rows: Sequence[TableRow]
    for_all: RowOfCells | None
    others: int
    others_href: str | None
    left: int
    error: str | None = None

    @property
    def words(self) -> Sequence[str]:
        """What the schema says of its fields together."""
        return self.rows[0].cells.words if self.rows else ()


@blueprint.post(f"{_PAGE}/choose")
@requires("agent_session_input_requests", Action.WRITE)
def choose(principal: Principal) -> ResponseReturnValue:
    """Lead from rows that were chosen in a list to their table; of all, where none was."""
    filters = InboxFilter.from_address(principal.workspace)
    marks = list(map(Mark.from_text, request.form.getlist(CHOSEN)))[:MAX_ROWS]
    ids = _text_of([each.request_id for each in marks])
    return redirect(filters.address("table.show", ids=ids or None), 303)


@blueprint.get(_PAGE)
@requires("agent_session_input_requests", Action.WRITE)
def show(principal: Principal) -> ResponseReturnValue:
    """Show those of a list, or of those that were chosen, that ask for the same."""
    filters = InboxFilter.from_address(principal.workspace).waiting
    ids = _chosen_ids()
    if ids:
        waiting = [
            each
            for each in list_these(principal.workspace, ids)
            if each.status is InputRequestStatus.PENDING
        ]
    else:
        page_request = PageRequest(limit=_LOOKED_AT)
        waiting = list_page(principal.workspace, filters.listed, page_request).items
    return _page(principal, filters, waiting)


@requires("agent_session_input_requests", Action.WRITE)
def _draw_again(principal: Principal) -> ResponseReturnValue:
    """Draw the table with what was sent in it, and a token of this sign-in."""
    error = "You have signed in again since this page was opened. Check your answers and send them."
    return _sent_page(principal, _sent(principal), error), 400


@blueprint.post(_PAGE)
@keeps_typed(_draw_again)
@requires("agent_session_input_requests", Action.WRITE)
def answer(principal: Principal) -> ResponseReturnValue:
    """Send the answers of the rows that are ticked, each on its own; of none if one is wrong."""
    sent = _sent(principal)
    if RESTORE in request.form:
        return _sent_page(principal, sent, None)
    if not sent.chosen:
        return _sent_page(principal, sent, _NOT_CHOSEN), 422
    if sent.unseen:
        return _sent_page(principal, sent, _UNSEEN), 422
    values = {each: sent.form_of(each).read().value for each in sent.chosen}
    decisions = [
        RowDecision(each, Verdict.ANSWER, seen=sent.marks[each].seen, answer=value)
        for each, value in values.items()
        if value is not None
    ]
    if len(decisions) < len(values):
        return _sent_page(principal, sent, _WRONG), 422
    results = decide_many(
        principal.workspace,
        decisions,
        by=principal.user,
        hold_seconds=services().settings.undo_seconds,
    )
    results += [RowResult(each, _GONE) for each in sent.gone]
    return show_results(principal, InboxFilter.from_address(principal.workspace), results)


@dataclass(frozen=True, slots=True)
class _Sent:
    """What came of the table: its rows, those that are ticked, and the form of each.

    `for_all` is the form whose answer goes to all that are ticked, if that was asked for. `gone`
    are those that are ticked and are not there, or ask for something else.
    """

    requests: Sequence[InputRequest]
    marks: dict[UUID, Mark]
    chosen: Sequence[UUID]
    forms: dict[UUID, AnswerForm]
    for_all: AnswerForm
    gone: Sequence[UUID]

    @property
    def unseen(self) -> bool:
        """Return True if anything that is ticked cannot be decided here, whatever the form says."""
        of_all = row_of_cells(_blank_for_all(self.requests[0]))
        is_for_all = FOR_ALL in request.form
        return (is_for_all and (of_all is None or bool(of_all.lacks))) or any(
            _lacks(each, _blank(each)) != "" for each in self.requests if each.id in self.chosen
        )

    def form_of(self, request_id: UUID) -> AnswerForm:
        """Return the form that says what is answered to a request."""
        return self.for_all if FOR_ALL in request.form else self.forms[request_id]


def _sent(principal: Principal) -> _Sent:
    """Read the table. Raises: InvalidInput; NotFound when none of its requests is there."""
    marks = {each.request_id: each for each in _marks(ROW)}
    requests = list_these(principal.workspace, list(marks)[:MAX_ROWS])
    if not requests:
        raise NotFound("There are no such input requests.")
    first = requests[0].schema
    same = [each for each in requests if each.schema == first]
    forms = {each.id: _submitted(each) for each in same}
    ticked = [each.request_id for each in _marks(CHOSEN)]
    return _Sent(
        requests=same,
        marks=marks,
        chosen=[each for each in ticked if each in forms],
        forms=forms,
        for_all=AnswerForm.submitted(first, request.form, name=FOR_ALL),
        gone=[each for each in ticked if each not in forms],
    )


def _marks(name: str) -> list[Mark]:
    return list(map(Mark.from_text, request.form.getlist(name)))


def _submitted(input_request: InputRequest) -> AnswerForm:
    """Return a row's form with what was sent; a button of its own may have put a proposal back."""
    form = AnswerForm.submitted(
        input_request.schema,
        request.form,
        input_request.proposal,
        name=_name_of(input_request),
    )
    restored = request.form.getlist(RESTORE)
    if not any(each.startswith(_name_of(input_request)) for each in restored):
        return form
    return form.changed_by(ImmutableMultiDict(request.form)) or form


def _blank(input_request: InputRequest) -> AnswerForm:
    proposed = input_request.proposal
    return AnswerForm.blank(input_request.schema, proposed, name=_name_of(input_request))


def _blank_for_all(input_request: InputRequest) -> AnswerForm:
    return AnswerForm.blank(input_request.schema, name=FOR_ALL)


def _lacks(input_request: InputRequest, blank: AnswerForm) -> str | None:
    """Return what of a request cannot be seen in a row, "" for nothing, None where it has no row.

    That is told by the form as it was asked, whatever came back: one made up may say anything.
    """
    cells = row_of_cells(blank)
    if cells is None:
        return None
    message = () if is_message_clear(input_request) else ("its message",)
    return ", ".join([*message, *cells.lacks])


def _name_of(input_request: InputRequest) -> str:
    return f"row{input_request.id.hex}"


def _text_of(ids: Sequence[UUID]) -> str:
    return ",".join(each.hex for each in ids)


def _chosen_ids() -> list[UUID]:
    texts = filter(None, request.args.get("ids", "").split(","))
    try:
        return [UUID(each) for each in texts][:MAX_ROWS]
    except ValueError:
        raise InvalidInput("The rows to show are not named by ids.") from None


def _page(
    principal: Principal, filters: InboxFilter, waiting: Sequence[InputRequest]
) -> ResponseReturnValue:
    """Draw those that ask for the same as most of them do, the first of which comes first."""
    texts = {each.id: dump(each.schema) for each in waiting}
    usual = next((text for text, _ in Counter(texts.values()).most_common(1)), None)
    same = [each for each in waiting if texts[each.id] == usual]
    others = [each.id for each in waiting if texts[each.id] != usual]
    shown = same[:MAX_ROWS]
    forms = {each.id: _blank(each) for each in shown}
    for_all = _blank_for_all(shown[0]) if shown else None
    rows = _table_rows(principal, filters, shown, forms, forms)
    page = _table(filters, rows, for_all, others, len(same) - len(shown), None)
    return render_template("table/show.html", page=page)


def _sent_page(principal: Principal, sent: _Sent, error: str | None) -> str:
    filters = InboxFilter.from_address(principal.workspace)
    chosen = set(sent.chosen)
    blanks = {each.id: _blank(each) for each in sent.requests}
    rows = _table_rows(
        principal, filters, sent.requests, sent.forms, blanks, marks=sent.marks, chosen=chosen
    )
    return render_template(
        "table/show.html", page=_table(filters, rows, sent.for_all, [], 0, error)
    )


def _table_rows(
    principal: Principal,
    filters: InboxFilter,
    requests: Sequence[InputRequest],
    forms: Mapping[UUID, AnswerForm],
    blanks: Mapping[UUID, AnswerForm],
    *,
    marks: Mapping[UUID, Mark] | None = None,
    chosen: Collection[UUID] = (),
) -> list[TableRow]:
    rows = []
    for row in rows_of(principal, filters, requests):
        cells, lacks = row_of_cells(forms[row.id]), _lacks(row.input_request, blanks[row.id])
        mark = (marks or {}).get(row.id) or (row.choice.mark if row.choice else None)
        if cells is not None and lacks is not None and mark is not None:
            rows.append(TableRow(row, str(mark), cells, row.id in chosen, lacks))
    return rows


def _table(
    filters: InboxFilter,
    rows: Sequence[TableRow],
    for_all: AnswerForm | None,
    others: Sequence[UUID],
    left: int,
    error: str | None,
) -> TablePage:
    other_ids = _text_of(others[:MAX_ROWS])
    return TablePage(
        filters=filters,
        columns=rows[0].cells.cells if rows else (),
        rows=rows,
        for_all=row_of_cells(for_all) if for_all and rows else None,
        others=len(others),
        others_href=filters.address("table.show", ids=other_ids) if others else None,
        left=left,
        error=error,
    )
