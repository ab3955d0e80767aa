"""Drafts: what somebody types is kept while they type, and is there again wherever they go on."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from opensink_web.errors import InvalidInput, UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import Draft, InputRequest, InputRequestStatus, Vote
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions.claim import renew
from opensink_web.operations.requests import draft as drafts
from opensink_web.operations.requests.queries import (
    find_draft,
    find_input_request,
    others_with_draft,
    predecessor_of,
)
from opensink_web.operations.requests.vote import is_voted_on, standing_votes, votes_of_each
from opensink_web.schema.changes import mark_changes
from opensink_web.schema.controls.sent import FormData
from opensink_web.schema.edits import proposal_of
from opensink_web.schema.form import AnswerForm, walk
from opensink_web.schema.moved import moved
from opensink_web.schema.one_click import one_click
from opensink_web.web.access import requires, services
from opensink_web.web.forms.kept_secret import PageVault

blueprint = Blueprint("draft", __name__)
_PAGE = "/w/<workspace_slug>/requests/<uuid:request_id>/draft"
SAVE_BUTTON = "_save_draft"
KNOWN = "_draft"
"""The field that says when the draft was saved that the form knows of."""
REVISIONS_MAX = 20
"""How far back it is looked for what somebody has typed."""
_BESIDE_THE_FIELDS = ("reason",)
_REPLACED = "X-Draft-Replaced"
_VERSION = "X-Draft"


@dataclass(frozen=True, slots=True)
class ShownDraft:
    """What a request's page says of drafts: when the reader's own was saved, who else has one.

    `version` is what the form brings back. `is_shown` where the draft says more than the form does
    by itself, or than buttons that are the whole answer, as after an undo. `may_stay_here` unless
    there may be a secret in the form: then the browser keeps nothing of it. `typed_for` is the
    revision for which it was typed, where something else is asked by now.
    """

    saved_at: datetime | None
    typed_for: int | None
    others: tuple[str, ...]
    may_stay_here: bool
    is_shown: bool

    @property
    def version(self) -> str:
        is_of_another = self.saved_at is None or self.typed_for is not None
        return "" if is_of_another or self.saved_at is None else self.saved_at.isoformat()


def draft_shown(
    principal: Principal, input_request: InputRequest, form: AnswerForm, *, has_buttons: bool
) -> ShownDraft:
    """Return what the page says of drafts; with `has_buttons` these are the whole answer."""
    own, typed_for = _own_draft(principal, input_request)
    others = (others_with_draft(each.id, principal.user.id) for each in _revisions(input_request))
    votes = votes_of_each([input_request]).get(input_request.id, [])
    sent = {each.user.email for each in votes if each.user}  # what they typed was sent
    return ShownDraft(
        own.updated_at if own else None,
        None if typed_for is input_request else typed_for.revision,
        tuple(sorted({email for emails in others for email in emails} - sent)),
        may_stay_here=not form.root.node.secrets.may_hold_any(),
        is_shown=not (has_buttons or form.is_as_drawn)
        or bool(reason_of_draft(principal, input_request)),
    )


def form_of_draft(principal: Principal, input_request: InputRequest) -> AnswerForm | None:
    """Return the form as the reader has left it, without secrets, else with what they have said and
    may change; None where there is neither.
    """
    own, typed_for = _own_draft(principal, input_request)
    # it is not worth a page that fails: a key may be lost, or the draft be of another release
    with suppress(UnreadableSecret, ValueError):
        if own is not None:
            fields = MultiDict([(name, text) for name, text in own.fields])
            form = submitted_form(principal, typed_for, fields)
            if typed_for is input_request:
                return form
            blank = AnswerForm.blank(input_request.schema, input_request.proposal)
            return submitted_form(principal, input_request, moved(fields, form, blank))
        said = _own_vote(principal, input_request)
        if said is not None and said.response is not None:
            form = _filled(input_request, said.response)
            return None if form.root.node.secrets.may_hold_any() else form
    return None


def _filled(input_request: InputRequest, value: JSONObject) -> AnswerForm:
    """Return the form with what was said, and with what of that is not as it was proposed."""
    form = AnswerForm.blank(input_request.schema, value)
    as_proposed = AnswerForm.blank(input_request.schema, input_request.proposal)
    proposal = proposal_of(input_request.schema, input_request.proposal)
    if proposal is None:
        form.changes = None
    else:
        form.changes = mark_changes(form.root, proposal, list(walk(as_proposed.root)))
    return form


def reason_of_draft(principal: Principal, input_request: InputRequest) -> str:
    """Return the reason that the reader has typed and not sent, else the one that they gave."""
    own, _ = _own_draft(principal, input_request)
    with suppress(UnreadableSecret, ValueError):
        if own is not None:
            return next((text for name, text in own.fields if name == "reason"), "")
        said = _own_vote(principal, input_request)
        return (said.reason if said else None) or ""
    return ""


def _own_vote(principal: Principal, input_request: InputRequest) -> Vote | None:
    """Return what the reader has said to a request that waits for others."""
    if not is_voted_on(input_request) or input_request.status is not InputRequestStatus.PENDING:
        return None
    votes = standing_votes(input_request)
    return next((each for each in votes if each.user_id == principal.user.id), None)


def _own_draft(
    principal: Principal, input_request: InputRequest
) -> tuple[Draft | None, InputRequest]:
    """Return what the reader has typed, and for which revision of a request that waits."""
    for revision in _revisions(input_request):
        own = find_draft(revision.id, principal.user.id)
        if own is not None:
            return own, revision
    return None, input_request


def _revisions(input_request: InputRequest) -> Iterator[InputRequest]:
    """Yield a request, and while it waits those that it was asked instead of, the newest first."""
    yield input_request
    before = input_request
    for _ in range(REVISIONS_MAX if input_request.status is InputRequestStatus.PENDING else 0):
        earlier = predecessor_of(before)
        if earlier is None:
            return
        yield earlier
        before = earlier


def submitted_form(
    principal: Principal, input_request: InputRequest, fields: FormData
) -> AnswerForm:
    """Return the form with what was sent in it."""
    vault = PageVault(principal.user.id, f"request {input_request.id}")
    return AnswerForm.submitted(input_request.schema, fields, input_request.proposal, vault)


def typed_in(form: AnswerForm) -> list[tuple[str, str]]:
    """Return what is kept of a form that was sent with this request."""
    beside = [(name, text) for name in _BESIDE_THE_FIELDS for text in request.form.getlist(name)]
    return [*form.typed, *((name, text) for name, text in beside if text)]


@blueprint.get(_PAGE)
@requires("agent_session_input_requests", Action.WRITE)
def version(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Answer nothing but when the reader's draft was saved, if there is one."""
    input_request = find_input_request(principal.workspace, request_id)
    own = find_draft(input_request.id, principal.user.id)
    response = make_response("", 204)
    if own is not None:
        response.headers[_VERSION] = own.updated_at.isoformat()
    return response


@blueprint.post(_PAGE)
@requires("agent_session_input_requests", Action.WRITE)
def save(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Keep what a form holds now; answers nothing but when, and whether it replaced another."""
    saved = save_sent(principal, request_id)
    response = make_response("", 204)
    if saved is not None:
        response.headers[_VERSION] = saved.saved_at.isoformat()
        if saved.has_replaced:
            response.headers[_REPLACED] = "1"
    return response


@blueprint.post(_PAGE + "/discard")
@requires("agent_session_input_requests", Action.WRITE)
def discard(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Forget the draft, and show the request as it was asked."""
    input_request = find_input_request(principal.workspace, request_id)
    with writing():
        for revision in _revisions(input_request):
            drafts.discard_draft(revision.id, principal.user.id)
    flash("Your draft was discarded.")
    return redirect(_back(principal, request_id), 303)


def save_sent(principal: Principal, request_id: UUID) -> drafts.SavedDraft | None:
    """Keep what was sent with this request, in a transaction of its own."""
    input_request = find_input_request(principal.workspace, request_id)
    fields = typed_in(submitted_form(principal, input_request, request.form))
    with writing():
        renew(request_id, principal.user.id, services().settings.claim_minutes)
        return drafts.save_draft(
            principal.workspace, request_id, principal.user, fields, known=_known()
        )


def save_held(
    principal: Principal,
    input_request: InputRequest,
    form: AnswerForm,
    value: JSONObject | None = None,
) -> None:
    """Keep what was sent beside the decision that it is, so that undoing it shows it again.

    Of an answer, its `value`, that one click gives there is nothing to show: nothing was typed.
    """
    if not services().settings.undo_seconds:
        return
    click = one_click(input_request.schema, input_request.proposal)
    if click is not None and value is not None and value in (click.yes, click.no):
        drafts.discard_draft(input_request.id, principal.user.id)
        return
    with suppress(InvalidInput):  # it is too much, and decided all the same
        drafts.save_draft(principal.workspace, input_request.id, principal.user, typed_in(form))


def saved_page(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Keep what was sent by the button that does only that, and show the request again."""
    save_sent(principal, request_id)
    flash("Your draft was saved.")
    return redirect(_back(principal, request_id), 303)


def _known() -> datetime | None:
    with suppress(ValueError):
        return datetime.fromisoformat(request.form.get(KNOWN, ""))
    return None


def _back(principal: Principal, request_id: UUID) -> str:
    page = url_for(
        "input_request.show", workspace_slug=principal.workspace.slug, request_id=request_id
    )
    query = request.query_string.decode()
    return f"{page}?{query}" if query else page
