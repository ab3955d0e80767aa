"""The reference of the API, for everybody: it shows nobody's data, and nobody's key."""

from collections.abc import Callable
from functools import cache

from flask import Blueprint, current_app, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.contract.mounting import DOCUMENT
from opensink_web.contract.openapi import ABOUT
from opensink_web.contract.reference import Section, sections_of
from opensink_web.errors import NotFound
from opensink_web.json_value import JSONObject
from opensink_web.web.access import public, services

blueprint = Blueprint("reference", __name__)
QUERY_LENGTH_MAX = 100


@blueprint.get("/docs")
@public
def index() -> ResponseReturnValue:
    """List every operation, or those of which something is said."""
    query = request.args.get("q", "")[:QUERY_LENGTH_MAX].strip()
    words = query.lower().split()
    sections = [each.narrowed(words) for each in _sections()]
    return render_template(
        "reference/index.html",
        sections=[each for each in sections if each.operations],
        query=query,
        about=ABOUT,
        document_url=url_for("openapi"),
    )


@blueprint.get("/docs/<name>")
@public
def show(name: str) -> ResponseReturnValue:
    """Show the operations of a resource, each with its fields, a call and an answer."""
    sections = _sections()
    section = next((each for each in sections if each.name == name), None)
    if section is None:
        raise NotFound("There is no such page in the reference.")
    at = sections.index(section)
    return render_template(
        "reference/show.html",
        section=section,
        before=sections[at - 1] if at else None,
        after=sections[at + 1] if at + 1 < len(sections) else None,
    )


def _sections() -> tuple[Section, ...]:
    return _read(current_app.extensions[DOCUMENT], services().settings.public_url)


@cache
def _read(document: Callable[[], JSONObject], base: str) -> tuple[Section, ...]:
    return sections_of(document(), base)
