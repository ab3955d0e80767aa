"""Living below a path of a host: what PUBLIC_URL's path, or a trusted proxy's word, changes.

WSGI keeps that path apart as SCRIPT_NAME; `url_for` puts it before every address, and what routes
and compares sees only what follows. Some proxies strip the path before they pass a request on,
others do not, and both do.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from opensink_web.errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def live_below_path(app: Flask, public_url: str) -> None:
    """Have the application answer below PUBLIC_URL's path. Raises: ConfigurationError.

    To be called when all routes are there.
    """
    path = urlsplit(public_url).path
    taken = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()} - {""}
    if path and path.split("/")[1] in taken:
        raise ConfigurationError(
            f"PUBLIC_URL cannot end in {path}: pages of this server begin with it. Choose another"
            " path, such as /opensink."
        )
    app.config["APPLICATION_ROOT"] = path or "/"
    app.session_interface = _SessionsBelowPath()
    app.wsgi_app = _BelowPath(app.wsgi_app, path)  # type: ignore[method-assign]  # Flask's documented way


def cookie_path(path: str = "") -> str:
    """Return the Path of a cookie that is for addresses below one of ours."""
    return f"{request.script_root}{path}" or "/"


class _SessionsBelowPath(SecureCookieSessionInterface):
    """The session's cookie is no other application's on the same host."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        # programs send no cookie: then there is nothing to verify, and no key to be made for it
        if app.secret_key and self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def get_cookie_path(self, app: Flask) -> str:
        # browsers take a name with this prefix for the whole host alone
        return "/" if self.get_cookie_name(app).startswith("__Host-") else cookie_path()


class _BelowPath:
    """Takes the path off what a proxy passed on whole, and says which one it was."""

    def __init__(self, application: "WSGIApplication", path: str) -> None:
        self._application = application
        self._path = path

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if self._path:
            path = environ.get("PATH_INFO", "")
            if f"{path}/".startswith(f"{self._path}/"):
                environ["PATH_INFO"] = path.removeprefix(self._path) or "/"
            environ["SCRIPT_NAME"] = self._path
        else:  # as a trusted proxy says it (X-Forwarded-Prefix); nothing else becomes part of links
            prefix = environ.get("SCRIPT_NAME", "").rstrip("/")
            environ["SCRIPT_NAME"] = prefix if _PATH.fullmatch(prefix) else ""
        return self._application(environ, start_response)
