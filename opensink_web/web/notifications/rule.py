"""Rules of a channel: making, trying, changing and removing one."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opensink_web.channels import CHANNELS
from opensink_web.errors import Conflict, InvalidInput
from opensink_web.models import NotificationChannel, NotificationRule
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.notifications.queries import find_channel, find_rule
from opensink_web.operations.notifications.rule import (
    RuleTerms,
    add_rule,
    change_rule,
    draft_rule,
    remove_rule,
)
from opensink_web.operations.notifications.tryout import LOOKED_AT, would_match
from opensink_web.web.access import requires
from opensink_web.web.notifications.rule_form import RuleForm, form_of, suggestions, terms_of

blueprint = Blueprint("notification_rule", __name__)
_RULES = "/w/<workspace_slug>/notifications/channels/<uuid:channel_id>/rules"
_RULE = "/w/<workspace_slug>/notifications/rules/<uuid:rule_id>"
_OWN = requires("notifications", Action.WRITE)
SHOWN_MAX = 8


@blueprint.route(_RULES + "/new", methods=["GET", "POST"])
@_OWN
def new(principal: Principal, channel_id: UUID) -> ResponseReturnValue:
    """Make a rule; or only show what it would tell of now."""
    find_channel(principal.workspace, principal.user, channel_id)
    form = form_of(None)
    terms = _sent_terms(form, principal)
    if terms is not None and not _is_tried():
        try:
            with writing():
                name = add_rule(principal, channel_id, terms).channel.name
        except (InvalidInput, Conflict) as error:
            form.show(error)
        else:
            flash(f"The rule is added to {name}.", "success")
            return _back(principal)
    channel = find_channel(principal.workspace, principal.user, channel_id)
    return _page(principal, form, channel, None)


@blueprint.route(_RULE, methods=["GET", "POST"])
@_OWN
def edit(principal: Principal, rule_id: UUID) -> ResponseReturnValue:
    """Change a rule; or only show what it would tell of now."""
    form = form_of(find_rule(principal.workspace, principal.user, rule_id))
    terms = _sent_terms(form, principal)
    if terms is not None and not _is_tried():
        try:
            with writing():
                change_rule(principal, rule_id, terms)
        except InvalidInput as error:
            form.show(error)
        else:
            flash("The rule is changed.", "success")
            return _back(principal)
    rule = find_rule(principal.workspace, principal.user, rule_id)
    return _page(principal, form, rule.channel, rule)


@blueprint.post(_RULE + "/remove")
@_OWN
def remove(principal: Principal, rule_id: UUID) -> ResponseReturnValue:
    """Remove a rule."""
    with writing():
        remove_rule(principal, rule_id)
    flash("The rule is removed.", "success")
    return _back(principal)


def _sent_terms(form: RuleForm, principal: Principal) -> RuleTerms | None:
    return terms_of(form, principal.workspace) if form.validate_on_submit() else None


def _is_tried() -> bool:
    """Return True if the button was the one that stores nothing."""
    return "try" in request.form


def _page(
    principal: Principal,
    form: RuleForm,
    channel: NotificationChannel,
    rule: NotificationRule | None,
) -> ResponseReturnValue:
    matches = None
    # as it was stored, where it was not sent yet; what was refused is tried once it is mended
    terms = None if form.errors else terms_of(form, principal.workspace)
    if terms is not None:
        try:
            matches = would_match(principal, draft_rule(principal, terms))
        except InvalidInput as error:
            form.show(error)
    page = render_template(
        "notification_rule/edit.html",
        form=form,
        channel=channel,
        place=CHANNELS[channel.kind].shown(channel.config),
        rule=rule,
        matches=matches,
        shown_max=SHOWN_MAX,
        looked_at=LOOKED_AT,
        suggestions=suggestions(principal.workspace),
    )
    return page, 422 if form.errors else 200


def _back(principal: Principal) -> ResponseReturnValue:
    return redirect(url_for("notification.index", workspace_slug=principal.workspace.slug), 303)
