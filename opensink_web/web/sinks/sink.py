"""Sinks: their list, making, changing and deleting one, and its secret."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, SelectChoice, SelectField
from wtforms.validators import InputRequired, Length

from opensink_web.errors import Conflict, InvalidInput
from opensink_web.models import Sink, SinkColor
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.sinks import sink as sinks
from opensink_web.operations.sinks.queries import count_items, find_sink, list_sinks
from opensink_web.web.access import requires, services
from opensink_web.web.forms.settings_form import LineField, ParagraphsField, SettingsForm
from opensink_web.web.rendering.listing import page_request, same_list
from opensink_web.web.sinks.feed import feed_page

blueprint = Blueprint("sink", __name__)
_SINKS = "/w/<workspace_slug>/sinks"
_SINK = _SINKS + "/<uuid:sink_id>"
COUNTED_TO_DELETE_MAX = 100_000


class SinkForm(SettingsForm):
    name = LineField("Name", [InputRequired("Enter a name.")])
    description = ParagraphsField(
        "Description",
        [Length(max=sinks.DESCRIPTION_LENGTH_MAX, message="Use at most %(max)d characters.")],
        description="What agents put into it.",
    )
    color = SelectField(
        "Color", choices=[SelectChoice(each.value, each.value.title()) for each in SinkColor]
    )
    is_public = BooleanField(
        "Everybody may read it",
        description="On a page of its own, without an account, that shows this sink alone.",
    )
    public_slug = LineField(
        "Public address",
        description="Small letters, digits and hyphens. Leave it empty for one made of the name.",
    )
    is_indexed = BooleanField("Search engines may list that page")

    def changes(self) -> sinks.SinkChanges:
        """Return what was entered."""
        return {
            "name": self.name.data,
            "description": self.description.data or None,
            "color": SinkColor(self.color.data),
            "is_public": self.is_public.data,
            "public_slug": self.public_slug.data or None,
            "is_indexed": self.is_indexed.data,
        }


@blueprint.get(_SINKS)
@requires("sinks", Action.READ)
def index(principal: Principal) -> ResponseReturnValue:
    """List the sinks, newest first."""
    page = list_sinks(principal.workspace, page_request())
    return render_template(
        "sink/index.html",
        sinks=page.items,
        counts=count_items(page.items),
        may_write=principal.may("sinks", Action.WRITE),
        next_href=same_list(trail=page.trail) if page.trail else None,
        first_href=None if page_request().trail is None else same_list(),
    )


@blueprint.get(_SINK)
@requires("sink_items", Action.READ)
def show(principal: Principal, sink_id: UUID) -> ResponseReturnValue:
    """Show what is in a sink."""
    return feed_page(principal, find_sink(principal.workspace, sink_id))


@blueprint.route(_SINKS + "/new", methods=["GET", "POST"])
@requires("sinks", Action.WRITE)
def create(principal: Principal) -> ResponseReturnValue:
    """Make a sink."""
    form = SinkForm()
    if form.validate_on_submit():
        try:
            with writing():
                sink = sinks.create_sink(principal.workspace, principal.user, **form.changes())
                sink_id, name = sink.id, sink.name
        except (InvalidInput, Conflict) as error:
            form.show(error)
        else:
            flash(f"The sink {name} is made. Now put something into it.", "success")
            return _to_settings(principal, sink_id)
    return _form_page(form, None)


@blueprint.route(_SINK + "/edit", methods=["GET", "POST"])
@requires("sinks", Action.WRITE)
def edit(principal: Principal, sink_id: UUID) -> ResponseReturnValue:
    """Change a sink; the page also has its secret, asked for, and how to send to it."""
    form = SinkForm(obj=find_sink(principal.workspace, sink_id))
    if form.validate_on_submit():
        try:
            with writing():
                name = sinks.update_sink(principal.workspace, sink_id, **form.changes()).name
        except (InvalidInput, Conflict) as error:
            form.show(error)
        else:
            flash(f"The sink {name} is changed.", "success")
            return _to_settings(principal, sink_id)
    return _form_page(form, find_sink(principal.workspace, sink_id))


@blueprint.post(_SINK + "/secret")
@requires("sinks", Action.WRITE)
def show_secret(principal: Principal, sink_id: UUID) -> ResponseReturnValue:
    """Show the secret of a sink to who asks for it, with a call to copy that works."""
    with writing():
        sink = sinks.show_secret(principal.workspace, sink_id)
        secret = sink.secret
    return _secret_page(find_sink(principal.workspace, sink_id), secret)


@blueprint.post(_SINK + "/rotate-secret")
@requires("sinks", Action.WRITE)
def rotate_secret(principal: Principal, sink_id: UUID) -> ResponseReturnValue:
    """Replace the secret of a sink, and show the new one."""
    with writing():
        secret = sinks.rotate_secret(principal.workspace, sink_id).secret
    return _secret_page(find_sink(principal.workspace, sink_id), secret)


@blueprint.post(_SINK + "/delete")
@requires("sinks", Action.WRITE)
def delete(principal: Principal, sink_id: UUID) -> ResponseReturnValue:
    """Delete a sink with all that is in it."""
    with writing():
        name = sinks.delete_sink(principal.workspace, sink_id)
    flash(f"The sink {name} is deleted.", "success")
    return redirect(url_for("sink.index", workspace_slug=principal.workspace.slug), 303)


def _secret_page(sink: Sink, secret: str) -> ResponseReturnValue:
    address = f"{services().settings.public_url}/api/v1/sinks/{sink.id}/items"
    return render_template("sink/secret.html", sink=sink, secret=secret, address=address)


def _form_page(form: SinkForm, sink: Sink | None) -> ResponseReturnValue:
    count = 0 if sink is None else count_items([sink], most=COUNTED_TO_DELETE_MAX)[sink.id]
    page = render_template(
        "sink/edit.html", form=form, sink=sink, count=count, counted_max=COUNTED_TO_DELETE_MAX
    )
    return page, 422 if form.errors else 200


def _to_settings(principal: Principal, sink_id: UUID) -> ResponseReturnValue:
    slug = principal.workspace.slug
    return redirect(url_for("sink.edit", workspace_slug=slug, sink_id=sink_id), 303)
