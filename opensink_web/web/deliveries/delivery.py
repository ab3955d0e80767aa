"""Deliveries: every call to an agent's endpoint, each attempt at it, and making one again."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import Conflict, InvalidInput
from opensink_web.models import DeliveryKind, DeliveryStatus
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.deliveries import delivery as operations
from opensink_web.operations.deliveries import queries, redelivery
from opensink_web.operations.deliveries.record import attempts_of
from opensink_web.operations.requests.named import requests_named
from opensink_web.operations.requests.queries import find_input_request
from opensink_web.web.access import requires, safe_next
from opensink_web.web.deliveries.delivery_attempts import attempts_in_words
from opensink_web.web.deliveries.delivery_wait import wait_of
from opensink_web.web.forms.choice import agent_choice, chosen_agent
from opensink_web.web.rendering import happenings
from opensink_web.web.rendering.kind_words import attempt_trigger, delivery_kind
from opensink_web.web.rendering.listing import chosen_text, chosen_word, page_request, same_list
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged, version_of
from opensink_web.web.rendering.words import badge

blueprint = Blueprint("delivery", __name__)


@dataclass(frozen=True, slots=True)
class FailedCalls:
    """So many of an agent can be made again in one go; `has_more` where more have failed."""

    agent_id: UUID
    count: int
    has_more: bool


_TABS = (None, DeliveryStatus.FAILED, DeliveryStatus.PENDING, DeliveryStatus.SUCCEEDED)


@blueprint.get("/w/<workspace_slug>/deliveries")
@requires("deliveries", Action.READ)
def index(principal: Principal) -> ResponseReturnValue:
    """List the deliveries, newest first, or to htmx the part that updates itself."""
    filters = queries.DeliveryFilter(
        agent_id=chosen_agent(principal.workspace),
        kind=chosen_word(DeliveryKind, "kind"),
        status=chosen_word(DeliveryStatus, "status"),
        search=chosen_text("search") or None,
    )
    page = queries.list_deliveries(principal.workspace, filters, page_request())
    asked_ids = {each.input_request_id for each in page.items if each.input_request_id}
    requests = requests_named(principal.workspace, asked_ids)
    version = version_of([(each.id, each.updated_at, each.next_at) for each in page.items])
    if is_unchanged(version):
        return UNCHANGED
    is_first_page = page_request().trail is None
    return render_template(
        "delivery/_list.html" if request.htmx else "delivery/index.html",
        deliveries=page.items,
        requests=requests,
        progress=attempts_in_words(page.items),
        refresh_href=same_list(version=version) if is_first_page else None,
        failed=failed_calls(principal, filters.agent_id),
        filters=filters,
        kinds=[(kind, delivery_kind(kind)) for kind in DeliveryKind],
        kind_text=delivery_kind,
        tabs=_tabs(filters),
        agents=agent_choice(principal.workspace, filters.agent_id),
        next_href=same_list(trail=page.trail) if page.trail else None,
        first_href=None if is_first_page else same_list(),
    )


@blueprint.get("/w/<workspace_slug>/deliveries/<uuid:delivery_id>")
@requires("deliveries", Action.READ)
def show(principal: Principal, delivery_id: UUID) -> ResponseReturnValue:
    """Show a delivery with its attempts, or to htmx the part that updates itself."""
    delivery = queries.find_delivery(principal.workspace, delivery_id)
    attempts = attempts_of(delivery)
    outcomes = [(attempt.number, attempt.outcome) for attempt in attempts]
    version = version_of(delivery.status, delivery.updated_at, wait_of(delivery), outcomes)
    if is_unchanged(version):
        return UNCHANGED
    asked_id = delivery.input_request_id
    return render_template(
        "delivery/_delivery.html" if request.htmx else "delivery/show.html",
        delivery=delivery,
        attempts=attempts,
        input_request=find_input_request(principal.workspace, asked_id) if asked_id else None,
        kind_text=delivery_kind,
        trigger_text=attempt_trigger,
        attempt_of=happenings.attempt,
        wait=wait_of(delivery),
        progress=attempts_in_words([delivery]).get(delivery.id),
        may_see_agent=principal.may("agents", Action.WRITE),
        may_redeliver=principal.may("deliveries", Action.WRITE),
        version=version,
    )


@blueprint.post("/w/<workspace_slug>/deliveries/<uuid:delivery_id>/redeliver")
@requires("deliveries", Action.WRITE)
def redeliver(principal: Principal, delivery_id: UUID) -> ResponseReturnValue:
    """Have a failed call made again; `back` is the page to go on with, if not the delivery's."""
    refusal = None
    try:
        with writing():
            operations.redeliver(principal.workspace, delivery_id)
    except Conflict as error:
        refusal = error.message
    if request.htmx:  # the page that asked says what becomes of it
        return "", 204
    if refusal:
        flash(refusal, "danger")
    else:
        flash("The agent's endpoint is being called again.", "success")
    slug = principal.workspace.slug
    shown = url_for("delivery.show", workspace_slug=slug, delivery_id=delivery_id)
    return redirect(safe_next(request.form.get("back")) or shown, 303)


@blueprint.post("/w/<workspace_slug>/deliveries/<uuid:delivery_id>/try-now")
@requires("deliveries", Action.WRITE)
def try_now(principal: Principal, delivery_id: UUID) -> ResponseReturnValue:
    """Have a call made at once that waits for its next attempt."""
    try:
        with writing():
            redelivery.try_now(principal.workspace, delivery_id)
    except Conflict as error:
        flash(error.message, "danger")
    else:
        flash("The agent's endpoint is being called now.", "success")
    slug = principal.workspace.slug
    return redirect(url_for("delivery.show", workspace_slug=slug, delivery_id=delivery_id), 303)


@blueprint.post("/w/<workspace_slug>/deliveries/redeliver")
@requires("deliveries", Action.WRITE)
def redeliver_failed(principal: Principal) -> ResponseReturnValue:
    """Have all failed calls of an agent made again."""
    agent_id = request.form.get("agent", type=UUID)
    if agent_id is None:
        raise InvalidInput("Say of which agent the failed calls are to be made again.")
    made = redelivery.redeliver_failed(principal.workspace, agent_id)
    if made.count == 0:
        flash("No call to this agent has failed any more, so none is made again.", "info")
    else:
        calls = "One call is" if made.count == 1 else f"{made.count:,} calls are"
        more = " There are more: deliver them again once these are done." if made.has_more else ""
        flash(f"{calls} being made again.{more}", "success")
    slug = principal.workspace.slug
    return redirect(url_for("delivery.index", workspace_slug=slug, agent=agent_id), 303)


def failed_calls(principal: Principal, agent_id: UUID | None) -> FailedCalls | None:
    """Return what is offered to be made again; None where nothing is, or not to this reader."""
    if agent_id is None or not principal.may("deliveries", Action.WRITE):
        return None
    count = redelivery.count_failed(principal.workspace, agent_id)
    is_more = count > redelivery.REDELIVERED_MAX
    shown = min(count, redelivery.REDELIVERED_MAX)
    return FailedCalls(agent_id, shown, has_more=is_more) if count else None


def _tabs(filters: queries.DeliveryFilter) -> list[tuple[str, str, bool, None]]:
    """Return the tabs above the list, as the macro takes them: all, and each status."""
    return [
        (
            badge(status).text if status else "All",
            same_list(status=status and status.value, trail=None),
            filters.status is status,
            None,
        )
        for status in _TABS
    ]
