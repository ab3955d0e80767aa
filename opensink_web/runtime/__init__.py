"""The execution API at the server's root, one file per noun; existing clients expect it there.

It differs from /api/v1 as contract.surface.RUNTIME says. To add a route, declare it beside its noun
with `Routes(<resource>, RUNTIME)`; to add a noun, name its routes in ROUTES.
"""

from flask import Flask

from opensink_web.contract.mounting import blueprint_of
from opensink_web.contract.route import Route
from opensink_web.contract.surface import RUNTIME
from opensink_web.runtime import auth, batch, chat, execution, function

__all__ = ["ROUTES", "blueprint", "register"]

ROUTES: tuple[Route, ...] = (
    *auth.routes,
    *function.routes,
    *execution.routes,
    *batch.routes,
    *chat.routes,
)
"""Every route of the execution API."""

blueprint = blueprint_of(RUNTIME, ROUTES)
"""For the factory to take out of the browsers' CSRF protection."""


def register(app: Flask) -> None:
    """Tie the execution API to the application."""
    app.register_blueprint(blueprint)
