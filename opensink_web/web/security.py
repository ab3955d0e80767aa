"""What holds for every request: the headers of its answer, and what it may not hold itself."""

from flask import Flask, Response, current_app, g, request
from flask_wtf.csrf import CSRFProtect

from opensink_web.errors import NotFound
from opensink_web.web.access import services
from opensink_web.web.forms.form_token import is_anybodys_form, masked_token, unmasked
from opensink_web.web.origin import came_from_our_page

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    )
)
PAGE_HEADERS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    # not no-referrer: with it browsers send forms with `Origin: null`
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)
_FILE_HEADERS = (("X-Content-Type-Options", "nosniff"),)
_PICTURE_HEADERS = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    *_FILE_HEADERS,
)
"""Of static files, which are no pages; a picture can be opened like one."""
_HSTS_SECONDS = 365 * 24 * 3600


class FormProtection(CSRFProtect):  # type: ignore[misc]  # Flask-WTF ships no types
    """Flask-WTF's tokens, behind a look at where the form came from.

    That takes the place of Flask-WTF's own look at the Referer (WTF_CSRF_SSL_STRICT).
    """

    def init_app(self, app: Flask) -> None:
        super().init_app(app)
        app.jinja_env.globals["csrf_token"] = masked_token
        app.context_processor(lambda: {"csrf_token": masked_token})

    def _get_csrf_token(self) -> str | None:
        return unmasked(super()._get_csrf_token())

    def protect(self, apply_exemptions: bool = False) -> None:
        """Raises: CSRFError."""
        is_exempt = apply_exemptions and (not request.endpoint or self._is_exempt())
        if is_exempt or request.method not in current_app.config["WTF_CSRF_METHODS"]:
            return
        is_ours = came_from_our_page(services().settings.public_url)
        if is_ours and is_anybodys_form():
            g.csrf_valid = True  # what Flask-WTF's forms look at
        else:
            super().protect(apply_exemptions)


def register(app: Flask) -> None:
    """Look at every request before it is answered, and set the headers after."""
    app.before_request(_refuse_nul)
    app.after_request(_set_headers)


def _refuse_nul() -> None:
    """PostgreSQL takes no NUL even to compare with, so such an address can name nothing."""
    if "\0" in request.path:
        raise NotFound("There is nothing at this address.")


def _headers_of(response: Response) -> tuple[tuple[str, str], ...]:
    """Policies say what a page may do, and are 0.4 KB of each answer."""
    if request.endpoint != "static" or response.status_code >= 400:
        return PAGE_HEADERS
    is_code = response.mimetype in {"text/css", "text/javascript"}
    return _FILE_HEADERS if is_code else _PICTURE_HEADERS


def _set_headers(response: Response) -> Response:
    return set_headers(response, _headers_of(response))


def set_headers(response: Response, wanted: tuple[tuple[str, str], ...] = PAGE_HEADERS) -> Response:
    """Set the headers of every answer that says nothing else itself."""
    headers = response.headers
    there = {name.lower() for name, _ in headers}  # Werkzeug's own look raises for each that is not
    for name, value in wanted:
        if name.lower() not in there:
            headers.add(name, value)
    if current_app.config["SESSION_COOKIE_SECURE"]:  # that is, PUBLIC_URL is https
        headers.setdefault("Strict-Transport-Security", f"max-age={_HSTS_SECONDS}")
    if "cache-control" not in there:
        headers.add("Cache-Control", "no-store")
    return response
