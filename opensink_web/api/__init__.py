"""The JSON API for agents and applications under /api/v1, one file per noun."""

from flask import Flask


def register(app: Flask) -> None:
    """Tie the API to the application."""
