"""Mounting routes in the application: their rules, and the document that describes them all."""

from collections.abc import Collection
from functools import cache

from flask import Blueprint, Flask, Response
from flask.typing import RouteCallable
from werkzeug.routing import Map, UnicodeConverter

from opensink_web import json_value
from opensink_web.contract.call import answer_call
from opensink_web.contract.openapi import openapi_document
from opensink_web.contract.route import Route
from opensink_web.contract.surface import API, Surface
from opensink_web.json_value import JSONObject

DOCUMENT = "opensink-document"
"""The application's extension that returns the description of all routes."""
OPENAPI_ADDRESS = f"{API.prefix}/openapi.json"


def blueprint_of(surface: Surface, routes: tuple[Route, ...]) -> Blueprint:
    """Make the blueprint that answers a surface's routes."""
    made = Blueprint(surface.name, __name__, url_prefix=surface.prefix or None)
    made.record_once(lambda state: state.app.url_map.converters.update(but=_But))
    paths = {tuple(route.path.split("/")) for route in routes}
    for route in routes:
        made.add_url_rule(
            _rule(tuple(route.path.split("/")), paths),
            endpoint=route.name,
            view_func=_view_of(route),
            methods=[route.method],
        )
    return made


class _But(UnicodeConverter):
    """A part of a path that is none of these words, for they name something themselves."""

    def __init__(self, map: Map, *words: str) -> None:  # noqa: A002 - Werkzeug's own name
        super().__init__(map)
        self.regex = rf"(?!(?:{'|'.join(words)})\Z)[^/]+"


def _rule(path: tuple[str, ...], paths: Collection[tuple[str, ...]]) -> str:
    """Write a path as Flask has it.

    Where `/things/{thing_id}` can be read and `/things/preview` only be sent to, reading the latter
    is no matter of a thing with an odd id: the method is wrong there.
    """
    parts = []
    for at, part in enumerate(path):
        words = [
            other[at]
            for other in sorted(paths)
            if len(other) == len(path) and other[:at] == path[:at] and other[at][:1] != "{"
        ]
        but = "but({}):".format(", ".join(words)) if words else ""
        parts.append(f"<{but}{part[1:-1]}>" if part.startswith("{") else part)
    return "/".join(parts)


def describe(app: Flask, routes: tuple[Route, ...], server: str | None) -> None:
    """Let everybody read the description of all routes."""

    @cache  # it takes a tenth of a second to write, and anybody may ask for it
    def document() -> JSONObject:
        return openapi_document(routes, server)

    @cache
    def text() -> bytes:
        return json_value.dump(document()).encode()

    def openapi() -> Response:
        return Response(text(), content_type="application/json")

    app.extensions[DOCUMENT] = document
    app.add_url_rule(OPENAPI_ADDRESS, view_func=openapi)


def _view_of(route: Route) -> RouteCallable:
    def view(**path_values: str) -> Response:
        return answer_call(route, path_values)

    return view
