"""The status page: how the whole installation is, what is wrong first; the same as JSON.

Who may see it is said in reader.py. It names no workspace but by its id.
"""

from datetime import UTC, datetime

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request
from wtforms import PasswordField
from wtforms.validators import InputRequired

from opensink_web.errors import NotFound, RateLimited
from opensink_web.operations.status.checks import findings_of
from opensink_web.operations.status.condition import Condition, read_condition
from opensink_web.operations.status.figures import WaitingIn
from opensink_web.operations.status.finding import Verdict
from opensink_web.operations.status.report import as_json, worst
from opensink_web.web.access import public, services
from opensink_web.web.attempts import retry_after
from opensink_web.web.forms.form_token import anybodys_form
from opensink_web.web.forms.settings_form import SettingsForm
from opensink_web.web.operators.reader import has_entered_token, is_operator, is_token, let_in

blueprint = Blueprint("status", __name__)
_STARTED_AT = datetime.now(UTC)


class TokenForm(SettingsForm):
    token = PasswordField("Token", [InputRequired("Enter the METRICS_TOKEN of this server.")])


@blueprint.route("/status", methods=["GET", "POST"])
@anybodys_form
@public
def show() -> ResponseReturnValue:
    """Show how the server is, or to htmx the part that changes; ask for the token before."""
    if request.method == "POST" or not _may_see():
        return _enter()
    condition = _read()
    findings = list(findings_of(condition))
    page = render_template(
        "status/_condition.html" if request.htmx else "status/show.html",
        condition=condition,
        findings=findings,
        verdict=worst(findings),
        wrong=[each for each in findings if each.verdict is not Verdict.OK],
        waiting=sorted(
            (each for each in _waiting_of(condition) if each.count), key=lambda each: -each.count
        ),
        web_since=_STARTED_AT,
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/status.json")
@public
def show_json() -> ResponseReturnValue:
    """Say the same to a program, with the token as a bearer token."""
    if not is_operator():
        raise NotFound("There is nothing at this address.")
    condition = _read()
    return as_json(condition, list(findings_of(condition))), {"Cache-Control": "no-store"}


def _may_see() -> bool:
    return is_operator() or has_entered_token()


def _read() -> Condition:
    wired = services()
    return read_condition(wired.settings, wired.readiness(), wired.backlog)


def _waiting_of(condition: Condition) -> list[WaitingIn]:
    return [] if condition.database is None else list(condition.database.waiting)


def _enter() -> ResponseReturnValue:
    """Ask for the token, and let in whoever has it."""
    if not services().settings.metrics_token:
        raise NotFound("There is nothing at this address.")
    form = TokenForm()
    if form.validate_on_submit():
        try:
            if is_token(form.token.data):
                return let_in(make_response(redirect(url_for("status.show"), 303)))
            form.form_errors.append("This is not the METRICS_TOKEN of this server.")
        except RateLimited as error:
            form.form_errors.append(error.message)
            return render_template("status/token.html", form=form), error.status, retry_after(error)
    return render_template("status/token.html", form=form), 422 if form.errors else 200
