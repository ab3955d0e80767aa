"""Taking many requests on, or letting them go: those that were chosen in a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import InvalidInput
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions.bulk import Hold, hold_many
from opensink_web.operations.decisions.bulk_result import keep_results
from opensink_web.operations.decisions.queries import find_results
from opensink_web.operations.requests.listing import list_these
from opensink_web.web.access import requires, services
from opensink_web.web.requests.bulk import CHOSEN, ResultRow, choose_again
from opensink_web.web.requests.inbox_filter import InboxFilter
from opensink_web.web.requests.inbox_row import rows_of
from opensink_web.web.requests.input_request import DeclineForm
from opensink_web.web.requests.row_choice import Mark

blueprint = Blueprint("bulk_claim", __name__)
_PAGE = "/w/<workspace_slug>/inbox/bulk"


@dataclass(frozen=True, slots=True)
class HoldPage:
    """What became of each, of which some were refused; `done` is the word for the others."""

    filters: InboxFilter
    done: str
    refused: Sequence[ResultRow]
    held: Sequence[ResultRow]

    @property
    def title(self) -> str:
        return f"{len(self.held)} {self.done}, {len(self.refused)} not"


@blueprint.post(f"{_PAGE}/claim")
@requires("agent_session_input_requests", Action.WRITE)
def hold(principal: Principal) -> ResponseReturnValue:
    """Claim or release what was chosen, each on its own, and say of each that was not why."""
    filters = InboxFilter.from_address(principal.workspace)
    marks = list(map(Mark.from_text, request.form.getlist(CHOSEN)))
    try:
        done, results = hold_many(
            principal.workspace,
            [each.request_id for each in marks],
            _hold(),
            by=principal.user,
            minutes=services().settings.claim_minutes,
        )
    except InvalidInput as error:
        return choose_again(principal, filters, marks, DeclineForm(), error=error.message)
    if all(each.is_decided for each in results):
        word = "request is" if len(results) == 1 else "requests are"
        yours = "yours for now" if done is Hold.CLAIM else "free for others again"
        flash(f"{len(results)} {word} {yours}.", "success")
        return redirect(filters.inbox_href(), 303)
    with writing():
        bulk_id = keep_results(principal.workspace, results, by=principal.user).id
    where = "bulk_claim.claimed" if done is Hold.CLAIM else "bulk_claim.released"
    return redirect(filters.address(where, bulk_id=bulk_id), 303)


@blueprint.get(f"{_PAGE}/<uuid:bulk_id>/claimed")
@requires("agent_session_input_requests", Action.READ)
def claimed(principal: Principal, bulk_id: UUID) -> ResponseReturnValue:
    """Show row by row what was claimed, first what was not."""
    return _shown(principal, bulk_id, Hold.CLAIM)


@blueprint.get(f"{_PAGE}/<uuid:bulk_id>/released")
@requires("agent_session_input_requests", Action.READ)
def released(principal: Principal, bulk_id: UUID) -> ResponseReturnValue:
    """Show row by row what was let go, first what was not."""
    return _shown(principal, bulk_id, Hold.RELEASE)


def _shown(principal: Principal, bulk_id: UUID, hold: Hold) -> ResponseReturnValue:
    _, results = find_results(principal.workspace, bulk_id)
    filters = InboxFilter.from_address(principal.workspace)
    requests = list_these(principal.workspace, [each.request_id for each in results])
    rows = {each.id: each for each in rows_of(principal, filters, requests)}
    drawn = [ResultRow(rows.get(each.request_id), each.refusal) for each in results]
    page = HoldPage(
        filters=filters,
        done=_word(hold),
        refused=[each for each in drawn if each.refusal],
        held=[each for each in drawn if not each.refusal],
    )
    return render_template("bulk/held.html", page=page)


def _word(hold: Hold) -> str:
    match hold:
        case Hold.CLAIM | Hold.TOGGLE:
            return "claimed"
        case Hold.RELEASE:
            return "released"
        case _:
            assert_never(hold)


def _hold() -> Hold:
    try:
        return Hold(request.form.get("hold", ""))
    except ValueError:
        raise InvalidInput("Choose what to do: claim or release.") from None
