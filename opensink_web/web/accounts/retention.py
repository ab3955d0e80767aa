"""Retention: for how many days the workspace keeps what has ended."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import IntegerField
from wtforms.validators import Optional

from opensink_web.errors import InvalidInput
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.kept import Kept, Term
from opensink_web.operations.own_retention import (
    COUNTED_MAX,
    DAYS_MIN,
    check_days,
    count_going,
    own_days,
    set_retention,
)
from opensink_web.web.access import requires, services
from opensink_web.web.forms.settings_form import SettingsForm

blueprint = Blueprint("retention", __name__)
CONFIRMED = "confirmed"


class RetentionForm(SettingsForm):
    sessions = IntegerField("Sessions, in days", [Optional()])
    executions = IntegerField("Executions and batches, in days", [Optional()])
    chats = IntegerField("Chats, in days", [Optional()])
    audit = IntegerField("Audit, in days", [Optional()])
    job_runs = IntegerField("Runs of jobs, in days", [Optional()])
    sink_items = IntegerField("Items of sinks, in days", [Optional()])

    def days(self) -> dict[Term, int | None]:
        """Return what was entered; None for what was left empty."""
        return {term: self[term.value].data for term in Term}

    def as_text(self) -> str:
        """Return the same as a text, by which it is known that what is confirmed was counted."""
        return " ".join(str(each or 0) for each in self.days().values())


@blueprint.route("/w/<workspace_slug>/admin/retention", methods=["GET", "POST"])
@requires("workspace", Action.WRITE)
def show(principal: Principal) -> ResponseReturnValue:
    """Show for how long things are kept; a POST changes it, once it was said what would go."""
    workspace, server = principal.workspace, of_server()
    form = RetentionForm(data={term.value: days for term, days in own_days(workspace).items()})
    going: Mapping[Kept, int] = {}
    if form.validate_on_submit():
        try:
            check_days(form.days(), server)
            if request.form.get(CONFIRMED) != form.as_text():
                going = count_going(workspace, form.days(), server)
            if not going:
                with writing():
                    set_retention(workspace, form.days(), server)
                flash("What is kept, and for how long, is saved.", "success")
                slug = workspace.slug
                return redirect(url_for("retention.show", workspace_slug=slug), 303)
        except InvalidInput as error:
            form.show(error)
    page = render_template(
        "retention/show.html",
        form=form,
        going=[(_words(kind), count) for kind, count in going.items()],
        counted_max=COUNTED_MAX,
        of_server=server,
        days_min=DAYS_MIN,
    )
    return page, 422 if form.errors else 200


def of_server() -> dict[Term, int]:
    """Return for how many days this server keeps things; 0 is for good."""
    settings = services().settings
    return {
        Term.SESSIONS: settings.retention_days_sessions,
        Term.EXECUTIONS: settings.retention_days_executions,
        Term.CHATS: settings.retention_days_chats,
        Term.AUDIT: settings.retention_days_audit,
        Term.JOB_RUNS: settings.retention_days_job_runs,
        Term.SINK_ITEMS: settings.retention_days_sink_items,
    }


def _words(kind: Kept) -> str:
    return kind.value.capitalize()
