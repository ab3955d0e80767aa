"""Channels: adding one, changing it, confirming it by a code, pausing, trying and removing it."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opensink_web.channels import CHANNELS
from opensink_web.channels.base import Channel
from opensink_web.errors import Conflict, InvalidInput, NotFound
from opensink_web.models import NotificationChannel
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.notifications.channel import (
    add_channel,
    change_channel,
    confirm,
    count_code,
    remove_channel,
    send_code,
    send_test,
    set_active,
)
from opensink_web.operations.notifications.queries import find_channel, last_test
from opensink_web.web.access import requires, services
from opensink_web.web.notifications.channel_form import (
    ChannelForm,
    channel_form,
    config_of,
    removal_of,
)
from opensink_web.web.notifications.place import place_of

blueprint = Blueprint("notification_channel", __name__)
_CHANNELS = "/w/<workspace_slug>/notifications/channels"
_CHANNEL = _CHANNELS + "/<uuid:channel_id>"
_OWN = requires("notifications", Action.WRITE)


@blueprint.route(_CHANNELS + "/new/<kind>", methods=["GET", "POST"])
@_OWN
def create(principal: Principal, kind: str) -> ResponseReturnValue:
    """Set a channel up."""
    channel = _typed(kind)
    form = channel_form(channel)
    if form.validate_on_submit():
        config = config_of(form, channel)
        count_code(services().limiter, principal, channel)
        try:
            with writing():
                row = add_channel(principal, kind, form.name.data, config, services().channel_tools)
                row_id, name, is_confirmed = row.id, row.name, row.confirmed_at is not None
        except (InvalidInput, Conflict) as error:
            form.show(error)
        else:
            if is_confirmed:
                flash(f"{name} is set up. You are told there of what waits.", "success")
                return _back(principal)
            flash(f"A code was sent to {name}. Enter it here.", "info")
            return _to(principal, row_id)
    return _page(form, channel, None)


@blueprint.route(_CHANNEL, methods=["GET", "POST"])
@_OWN
def edit(principal: Principal, channel_id: UUID) -> ResponseReturnValue:
    """Show one, and change it."""
    row = find_channel(principal.workspace, principal.user, channel_id)
    channel = CHANNELS[row.kind]
    form = channel_form(channel, row.name, row.config)
    if form.validate_on_submit():
        # what a browser set up it changes itself; people change its name
        config = row.config if channel.is_added_by_device else config_of(form, channel, row.config)
        if config != row.config:
            count_code(services().limiter, principal, channel)
        try:
            with writing():
                tools = services().channel_tools
                changed = change_channel(principal, channel_id, form.name.data, config, tools)
                name, is_confirmed = changed.name, changed.confirmed_at is not None
        except InvalidInput as error:
            form.show(error)
        else:
            said = f"{name} is changed."
            flash(
                said if is_confirmed else f"{said} Enter the code that was sent there.", "success"
            )
            return _back(principal) if is_confirmed else _to(principal, channel_id)
    return _page(form, channel, find_channel(principal.workspace, principal.user, channel_id))


@blueprint.post(_CHANNEL + "/confirm")
@_OWN
def confirm_it(principal: Principal, channel_id: UUID) -> ResponseReturnValue:
    """Take the code that was sent there."""
    with writing():
        is_right = confirm(principal, channel_id, request.form.get("code", ""))
    if is_right:
        flash("Confirmed. You are told there of what waits.", "success")
        return _back(principal)
    flash("That is not the code that was sent last.", "error")
    return _to(principal, channel_id)


@blueprint.post(_CHANNEL + "/code")
@_OWN
def code(principal: Principal, channel_id: UUID) -> ResponseReturnValue:
    """Send another code."""
    row = find_channel(principal.workspace, principal.user, channel_id)
    count_code(services().limiter, principal, CHANNELS[row.kind])
    with writing():
        send_code(principal, channel_id)
    flash("Another code was sent.", "success")
    return _to(principal, channel_id)


@blueprint.post(_CHANNEL + "/pause")
@_OWN
def pause(principal: Principal, channel_id: UUID) -> ResponseReturnValue:
    """Tell nothing there until it goes on."""
    with writing():
        name = set_active(principal, channel_id, is_active=False).name
    flash(f"{name} is paused.", "success")
    return _back(principal)


@blueprint.post(_CHANNEL + "/resume")
@_OWN
def resume(principal: Principal, channel_id: UUID) -> ResponseReturnValue:
    """Go on."""
    with writing():
        name = set_active(principal, channel_id, is_active=True).name
    flash(f"{name} goes on.", "success")
    return _back(principal)


@blueprint.post(_CHANNEL + "/test")
@_OWN
def test(principal: Principal, channel_id: UUID) -> ResponseReturnValue:
    """Send a message that says that messages arrive; the channel's page tells how that went."""
    with writing():
        send_test(principal, channel_id)
    return _to(principal, channel_id)


@blueprint.post(_CHANNEL + "/remove")
@_OWN
def remove(principal: Principal, channel_id: UUID) -> ResponseReturnValue:
    """Remove a channel."""
    with writing():
        name = remove_channel(principal, channel_id)
    flash(f"{name} is removed.", "success")
    return _back(principal)


def _typed(kind: str) -> Channel:
    """Return a kind that people set up by typing. Raises: NotFound."""
    channel = CHANNELS.get(kind)
    if channel is None or channel.is_added_by_device:
        raise NotFound("There is no such kind of channel.")
    return channel


def _page(
    form: ChannelForm, channel: Channel, row: NotificationChannel | None
) -> ResponseReturnValue:
    place = None if row is None else place_of(row)
    page = render_template(
        "notification/channel.html",
        form=form,
        kind=channel,
        channel=row,
        place=place,
        removal_of=removal_of,
        test=None if row is None else last_test(row),
    )
    return page, 422 if form.errors else 200


def _to(principal: Principal, channel_id: UUID) -> ResponseReturnValue:
    slug = principal.workspace.slug
    return redirect(
        url_for("notification_channel.edit", workspace_slug=slug, channel_id=channel_id), 303
    )


def _back(principal: Principal) -> ResponseReturnValue:
    return redirect(url_for("notification.index", workspace_slug=principal.workspace.slug), 303)
