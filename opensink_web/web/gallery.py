"""The gallery of forms, for everybody: what a schema can ask for, each with the form that it makes.

Whatever is filled in is checked, shown and forgotten; nothing here reads or writes a table.
"""

from functools import lru_cache
from itertools import groupby
from uuid import UUID

from flask import Blueprint, get_template_attribute, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request
from markupsafe import Markup

from opensink_web.errors import NotFound, RateLimited
from opensink_web.rate_limit import Rate, network_of
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.gallery import Construct, constructs
from opensink_web.web.access import public, services
from opensink_web.web.forms.answer_redraw import redrawn
from opensink_web.web.forms.form_preview import FormPreview, checked
from opensink_web.web.forms.form_token import anybodys_form
from opensink_web.web.forms.kept_secret import PageVault

blueprint = Blueprint("gallery", __name__)
_PAGE = "/docs/forms"
CHECK_RATE = Rate("gallery", 300, 600)
_NOBODY = UUID(int=0)
"""For whom secrets are sealed that somebody types who need not have signed in."""


@blueprint.get(_PAGE)
@public
def index() -> ResponseReturnValue:
    """Show every construct with its form."""
    forms = {each.name: _at_first(each) for each in constructs().values() if not each.is_large}
    groups = [
        (title, list(members)) for title, members in groupby(constructs().values(), _group_of)
    ]
    return render_template("gallery/index.html", groups=groups, forms=forms)


@blueprint.get(f"{_PAGE}/<name>")
@public
def show(name: str) -> ResponseReturnValue:
    """Show one construct."""
    return _page(_construct(name))


@blueprint.post(f"{_PAGE}/<name>")
@anybodys_form
@public
def check(name: str) -> ResponseReturnValue:
    """Say what would be answered, or what is wrong; or only draw the form anew."""
    construct = _construct(name)
    wait = services().local_limiter.take(CHECK_RATE, network_of(request.remote_addr or ""))
    if wait > 0:
        raise RateLimited(
            "Too many forms were checked from this address. Wait a moment and try again.",
            retry_after_seconds=wait,
        )
    vault = PageVault(_NOBODY, f"the gallery's {name}")
    form = AnswerForm.submitted(construct.schema, request.form, vault=vault, name=name)
    changed = form.changed_by(request.form)
    if changed is not None:
        return _redrawn(construct, FormPreview(changed))
    outcome = checked(form)
    return _page(construct, outcome, status=200 if outcome.is_answered else 422)


def _at_first(construct: Construct) -> Markup:
    return _drawn(construct.name, url_for("gallery.check", name=construct.name))


@lru_cache(maxsize=512)
def _drawn(name: str, url: str) -> Markup:
    """Draw a form as it is at first: always the same, and for all of them it takes a while."""
    form = AnswerForm.blank(constructs()[name].schema, name=name)
    fields = get_template_attribute("answer/_form.html", "answer_fields")
    changes = get_template_attribute("answer/_form.html", "answer_changes")
    return Markup(fields(form, url) + changes(form))  # noqa: S704 - two macros'


def _construct(name: str) -> Construct:
    construct = constructs().get(name)
    if construct is None:
        raise NotFound("There is no such form in the gallery.")
    return construct


def _group_of(construct: Construct) -> str:
    return construct.group


def _redrawn(construct: Construct, outcome: FormPreview) -> ResponseReturnValue:
    return redrawn(
        outcome.form,
        lambda: _page(construct, outcome),
        lambda: render_template("gallery/_form.html", construct=construct, outcome=outcome),
    )


def _page(
    construct: Construct, outcome: FormPreview | None = None, *, status: int = 200
) -> ResponseReturnValue:
    names = list(constructs())
    at = names.index(construct.name)
    page = render_template(
        "gallery/show.html",
        construct=construct,
        outcome=outcome,
        fields=None if outcome else _at_first(construct),
        before=constructs()[names[at - 1]] if at else None,
        after=constructs()[names[at + 1]] if at + 1 < len(names) else None,
    )
    return page, status
