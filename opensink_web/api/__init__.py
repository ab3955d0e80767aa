"""The JSON API for agents and applications under /api/v1, one file per noun.

    contract  a route, declared once: what it takes, answers and needs
    shapes    what bodies, queries, answers and pages share
    call      one call of a declared route: who, may they, what; then the transaction
    gate      how many keys may be guessed, and how often a key may call
    received  reading a request, and saying what is wrong with it
    problem   the one error body
    waiting   holding an answer until a request leaves `pending`
    openapi   OpenAPI 3.1, drawn up from the declarations

To add a route, declare it beside its noun; to add a noun, name its routes in openapi.ROUTES.
"""

from flask import Blueprint, Flask, Response
from flask.typing import RouteCallable

from opensink_web import json_value
from opensink_web.api import gate, waiting
from opensink_web.api.call import answer_call
from opensink_web.api.contract import PREFIX, Route
from opensink_web.api.openapi import ROUTES, openapi_document
from opensink_web.api.problem import error_answer
from opensink_web.services import EXTENSION, Services

__all__ = ["blueprint", "error_answer", "register"]


def register(app: Flask) -> None:
    """Tie the API to the application. Its errors are the factory's to hand to error_answer()."""
    services: Services = app.extensions[EXTENSION]
    waiting.set_up(app, services.settings.web_threads)
    gate.set_up(app)
    app.register_blueprint(blueprint)


def openapi() -> Response:
    """Answer the API's description; everybody may read it."""
    return Response(json_value.dump(openapi_document()), content_type="application/json")


def _view_of(route: Route) -> RouteCallable:
    def view(**path_values: str) -> Response:
        return answer_call(route, path_values)

    return view


def _blueprint() -> Blueprint:
    made = Blueprint("api", __name__, url_prefix=PREFIX)
    made.add_url_rule("/openapi.json", view_func=openapi)
    for route in ROUTES:
        made.add_url_rule(
            route.path.replace("{", "<").replace("}", ">"),
            endpoint=route.name,
            view_func=_view_of(route),
            methods=[route.method],
        )
    return made


blueprint = _blueprint()
"""All of /api/v1, for the factory to take out of the browsers' CSRF protection."""
