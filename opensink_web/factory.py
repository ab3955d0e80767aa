"""create_app(): the only place that wires the packages together, pages and API included."""

import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.routing import Rule

from opensink_web import api, runtime, web
from opensink_web.contract import (
    acting,
    large_response,
    last_use,
    live,
    throttle,
    tracing,
    waiting,
)
from opensink_web.contract.mounting import describe
from opensink_web.contract.openapi import server_url
from opensink_web.contract.problem import error_response
from opensink_web.contract.surface import surface_of
from opensink_web.errors import Unavailable
from opensink_web.models.transaction import is_outage
from opensink_web.operations.accounts.user_session import SESSION_LIFETIME
from opensink_web.settings import Settings
from opensink_web.web.below_path import live_below_path
from opensink_web.web.open_page import answer_open_pages
from opensink_web.web.proxies import trust_proxies
from opensink_web.wiring import SynchronousFlask, wire

ROUTES = (*api.ROUTES, *runtime.ROUTES)
"""Every declared route."""
_log = logging.getLogger(__name__)


class LazyRule(Rule):
    """A route whose addresses are built by code that is written when the first one is.

    To write it for all of them took nine tenths of what it takes to make an application.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        @cache
        def builder() -> Callable[..., tuple[str, str]]:
            return super(LazyRule, self)._compile_builder(append_unknown)

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            return builder()(rule, **values)

        return build


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application. Opens no connection. Raises: ConfigurationError."""
    settings = settings or Settings.from_env()
    app = SynchronousFlask(
        "opensink_web",
        template_folder=str(_folder("templates")),
        static_folder=str(_folder("static")),
    )
    app.url_rule_class = LazyRule
    app.config.update(_flask_config(settings))
    app.url_map.merge_slashes = False  # a doubled slash names nothing, in either language
    wire(app, settings)
    web.register(app)
    throttle.set_up(app)
    last_use.set_up(app)
    acting.set_up(app)
    tracing.set_up(app)
    waiting.set_up(app)
    live.set_up(app)
    large_response.set_up(app)
    api.register(app)
    runtime.register(app)
    describe(app, ROUTES, server_url(settings.public_url))
    answer_open_pages(app)
    live_below_path(app, settings.public_url)
    trust_proxies(app, settings.trusted_proxies)
    # no cookie opens these, so no other site's form can use one
    web.csrf.exempt(api.blueprint)
    web.csrf.exempt(runtime.blueprint)
    app.register_error_handler(Exception, _answer_error)
    return app


def _answer_error(error: Exception) -> ResponseReturnValue:
    """Answer an error in the language of whoever asked: JSON where programs call, else a page."""
    if is_outage(error):
        _log.error("The database failed", exc_info=error)
        error = Unavailable("The database does not answer just now. Please try again.")
    surface = surface_of(request.path)
    return error_response(error, surface) if surface is not None else web.error_page(error)


def _folder(name: str) -> Path:
    """Find templates or static files: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


def session_cookie_name(public_url: str) -> str:
    """Name it so that browsers take it over HTTPS alone, and from no other host.

    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes
    """
    parts = urlsplit(public_url)
    if parts.scheme != "https":
        return "opensink_session"
    return "__Secure-opensink_session" if parts.path else "__Host-opensink_session"


def _flask_config(settings: Settings) -> dict[str, Any]:
    is_https = settings.public_url.startswith("https:")
    return {
        "MAX_CONTENT_LENGTH": settings.max_body_bytes,
        "MAX_FORM_MEMORY_SIZE": settings.max_body_bytes,
        "MAX_FORM_PARTS": 20_000,
        "SESSION_COOKIE_NAME": session_cookie_name(settings.public_url),
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": is_https,
        "PERMANENT_SESSION_LIFETIME": SESSION_LIFETIME,
        # a late answer to an older request must not bring the cookie from before a sign-in back
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PREFERRED_URL_SCHEME": "https" if is_https else "http",
        # a review that was left open overnight must still submit
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,  # web/origin.py looks where a form came from
        "SEND_FILE_MAX_AGE_DEFAULT": 0,
    }
