"""The headers that every answer carries, whatever made it."""

from flask import Flask, Response, current_app, request

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
_HSTS_SECONDS = 365 * 24 * 3600


def register(app: Flask) -> None:
    """Set the headers after every request."""
    app.after_request(_set_headers)


def _set_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    # not no-referrer: Flask-WTF checks the Referer of forms sent over HTTPS
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    if current_app.config["SESSION_COOKIE_SECURE"]:  # that is, PUBLIC_URL is https
        headers.setdefault("Strict-Transport-Security", f"max-age={_HSTS_SECONDS}")
    if request.endpoint == "static":
        _let_static_files_be_kept(response)
    else:
        headers.setdefault("Cache-Control", "no-store")
    return response


def _let_static_files_be_kept(response: Response) -> None:
    """An address with ?v= names one content for ever."""
    if "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
