"""The pages: one file per page area, forms beside their views."""

from flask import Flask

from opensink_web.web import health


def register(app: Flask) -> None:
    """Tie the pages to the application."""
    app.register_blueprint(health.blueprint)
