"""What a person was told: each message with how it went, and sending one again."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from opensink_web.errors import Conflict
from opensink_web.models import NotificationEvent, NotificationMessage
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.notifications.ledger import KEPT, send_again
from opensink_web.operations.notifications.queries import messages_of
from opensink_web.operations.requests.named import requests_named
from opensink_web.web.access import requires
from opensink_web.web.rendering.kind_words import message_kind
from opensink_web.web.rendering.listing import page_request, same_list

blueprint = Blueprint("notification_message", __name__)
_MESSAGES = "/w/<workspace_slug>/notifications/messages"
_OWN = requires("notifications", Action.WRITE)


@blueprint.get(_MESSAGES)
@_OWN
def index(principal: Principal) -> ResponseReturnValue:
    """List what whoever looks was told, newest first."""
    page = messages_of(principal.workspace, principal.user, page_request())
    return render_template(
        "notification_message/index.html",
        messages=page.items,
        kind_text=message_kind,
        titles=_titles(principal, page.items),
        href_of={each.id: _href_of(principal, each) for each in page.items},
        kept_days=KEPT.days,
        next_href=same_list(trail=page.trail) if page.trail else None,
        first_href=same_list() if page_request().trail else None,
    )


@blueprint.post(_MESSAGES + "/<uuid:message_id>/again")
@_OWN
def again(principal: Principal, message_id: UUID) -> ResponseReturnValue:
    """Send a message once more, of what still waits."""
    try:
        with writing():
            send_again(principal, message_id)
    except Conflict as error:
        flash(error.message, "danger")
    else:
        flash("It is being sent again. What was decided meanwhile is left out.", "success")
    return redirect(url_for(".index", workspace_slug=principal.workspace.slug), 303)


def _titles(
    principal: Principal, messages: Sequence[NotificationMessage]
) -> dict[UUID, str | None]:
    """Return what is asked where a message is about one request, by the message's id."""
    ids = {each.id: {item.request_id for item in each.items} for each in messages}
    requests = requests_named(principal.workspace, {one for own in ids.values() for one in own})
    titles: dict[UUID, str | None] = {}
    for message_id, own in ids.items():
        request = requests.get(next(iter(own))) if len(own) == 1 else None
        titles[message_id] = request.title if request else None
    return titles


def _href_of(principal: Principal, message: NotificationMessage) -> str | None:
    """Return where what a message tells of is, if that is one thing."""
    items = {each.request_id: each for each in message.items}
    if len(items) != 1:
        return None
    (item,) = items.values()
    slug = principal.workspace.slug
    if item.event is NotificationEvent.BATCH_ASKED:
        return url_for("batch.show", workspace_slug=slug, batch_id=item.request_id)
    return url_for("input_request.show", workspace_slug=slug, request_id=item.request_id)
