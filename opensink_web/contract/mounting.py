"""Mounting routes in the application: their rules, and the document that describes them all."""

from functools import cache

from flask import Blueprint, Flask, Response
from flask.typing import RouteCallable

from opensink_web import json_value
from opensink_web.contract.call import answer_call
from opensink_web.contract.openapi import openapi_document
from opensink_web.contract.route import Route
from opensink_web.contract.surface import API, Surface

OPENAPI_ADDRESS = f"{API.prefix}/openapi.json"


def blueprint_of(surface: Surface, routes: tuple[Route, ...]) -> Blueprint:
    """Make the blueprint that answers a surface's routes."""
    made = Blueprint(surface.name, __name__, url_prefix=surface.prefix or None)
    for route in routes:
        made.add_url_rule(
            route.path.replace("{", "<").replace("}", ">"),
            endpoint=route.name,
            view_func=_view_of(route),
            methods=[route.method],
        )
    return made


def describe(app: Flask, routes: tuple[Route, ...], server: str | None) -> None:
    """Let everybody read the description of all routes."""

    @cache  # it takes a tenth of a second to write, and anybody may ask for it
    def document() -> bytes:
        return json_value.dump(openapi_document(routes, server)).encode()

    def openapi() -> Response:
        return Response(document(), content_type="application/json")

    app.add_url_rule(OPENAPI_ADDRESS, view_func=openapi)


def _view_of(route: Route) -> RouteCallable:
    def view(**path_values: str) -> Response:
        return answer_call(route, path_values)

    return view
