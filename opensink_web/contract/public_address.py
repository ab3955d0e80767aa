"""Where browsers and programs reach this server: what addresses in answers and pages begin with."""

from urllib.parse import urlsplit

from flask import current_app, request, url_for

from opensink_web.services import EXTENSION, Services


def public_root() -> str:
    """Return where browsers and programs reach this server, the path included."""
    return f"{_public_origin()}{request.script_root}"


def public_address(endpoint: str, **values: object) -> str:
    """Return the whole address of a page, for people who get it elsewhere than in their browser."""
    # url_for has the path already
    return _public_origin() + url_for(endpoint, **values)  # type: ignore[arg-type]  # Flask's own annotation is Any


def _public_origin() -> str:
    services: Services = current_app.extensions[EXTENSION]
    return urlsplit(services.settings.public_url)._replace(path="").geturl()
