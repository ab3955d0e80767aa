"""Pages as they are sent: compressed, where their length cannot tell what stands in them.

Whoever watches the line and has a browser open our pages with text of theirs in the address learns
from the lengths whether that text stands on the page already (http://breachattack.com). So a page
is sent as it is when another site had it opened, and when it shows a secret; the forms' token is
in other letters on each (web/forms/form_token.py).
"""

import zlib

import brotli
from flask import Flask, Response, current_app, g, request

_CODINGS = ("br", "gzip")
_GZIP_LEVEL = 6
_BROTLI_QUALITY = 5
"""An inbox of 149 KB becomes 9.2 KB in 1.0 ms, with gzip 11.6 in 0.8; at quality 4 it is 10.9."""
_SMALL_BYTES = 1000
_GZIP = 16 + zlib.MAX_WBITS
_SEEN = {"same-origin", "none"}
"""What a browser says of a page that is asked for from ours, or by the person in front of it."""


def register(app: Flask) -> None:
    """Compress pages, and give templates `holds_secret()` for those that are to be sent as is."""
    app.jinja_env.globals["holds_secret"] = holds_secret
    app.after_request(_compress)


def holds_secret() -> str:
    """Have the page that is being drawn sent as it is; a template prints nothing by it."""
    g.holds_secret = True
    return ""


def _compress(response: Response) -> Response:
    is_page = request.method in {"GET", "HEAD"} and response.mimetype == "text/html"
    if not is_page or response.is_streamed:
        return response
    response.vary.update(("Accept-Encoding", "Sec-Fetch-Site"))
    coding = request.accept_encodings.best_match(_CODINGS)
    if not coding or not _may_be_compressed():
        return response
    content = response.get_data()
    if len(content) >= _SMALL_BYTES:
        response.set_data(_compressed(content, coding))
        response.headers["Content-Encoding"] = coding
    return response


def _compressed(content: bytes, coding: str) -> bytes:
    if coding == "br":
        compressed: bytes = brotli.compress(content, brotli.MODE_TEXT, _BROTLI_QUALITY)
        return compressed
    compressor = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP)
    return compressor.compress(content) + compressor.flush()


def _may_be_compressed() -> bool:
    """Parts that htmx asks for are small, and come by themselves when an agent writes something."""
    if "HX-Request" in request.headers or g.get("holds_secret", False):
        return False
    return _is_asked_for_here()


def _is_asked_for_here() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is None:  # browsers say so wherever there is TLS, and without it nothing is hidden
        return not current_app.config["SESSION_COOKIE_SECURE"]
    return site in _SEEN
