"""Static files as browsers get them: one style sheet and one script for all pages, and more for
those on which something is answered or set. Each is joined from the small files that one reads and
edits, minified and compressed once, at addresses that change with the content.

Nothing is built beforehand: the first page that names a file has it joined, the first browser that
asks for it has it compressed, and it is kept in memory. While Flask's debug mode is on, changed
files are read anew.
"""

import gzip
import mimetypes
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from posixpath import normpath

import brotli
from flask import Flask, Response, current_app, g, request, url_for
from werkzeug.security import safe_join

from opensink_web.errors import NotFound

STYLE = "style.css"
SETTINGS = "settings.css"
EXECUTIONS = "executions.css"
SCRIPT = "script.js"
ANSWERING = "answering.js"
LISTS = "lists.js"
INSIGHTS = "insights.css"
SINKS = "sinks.css"
GALLERY = "gallery.css"
REFERENCE = "reference.css"
JOBS = "jobs.css"
STATUS = "status.css"
CONFIGURATIONS = "configurations.css"
ANSWER_TABLE = "answers.css"
BUNDLES = {
    # in the order of the cascade: the frame, what all pages have, then what some have
    STYLE: (
        "vendor/tabler-1.6.1/tabler.subset.css",
        "css/tokens.css",
        "css/shell.css",
        "css/components.css",
        "css/history.css",
        "css/tables.css",
        "css/forms.css",
        "css/markdown.css",
        "css/admin.css",
        "css/answer.css",
        "css/answer-parts.css",
        "css/review.css",
        "css/comments.css",
        "css/inbox.css",
        "css/bulk.css",
    ),
    # after the other, for the pages of Settings, and for those of executions
    SETTINGS: ("css/settings.css",),
    EXECUTIONS: ("css/execution.css",),
    SCRIPT: (
        "vendor/htmx-2.0.11/htmx.min.js",
        "js/toasts.js",
        "js/requests.js",
        "js/times.js",
        "js/copy.js",
        "js/disclosure.js",
        "js/forms.js",
        "js/count.js",
        "js/live.js",
        "js/keys.js",
        "js/review.js",
    ),
    # after the other, for the pages that list requests, to which whoever has signed in comes first
    LISTS: ("js/select.js", "js/arrivals.js", "js/inbox.js", "js/device-again.js"),
    INSIGHTS: ("css/insights.css",),
    SINKS: ("css/sinks.css",),
    GALLERY: ("css/gallery.css",),
    REFERENCE: ("css/reference.css",),
    JOBS: ("css/jobs.css",),
    STATUS: ("css/status.css",),
    CONFIGURATIONS: ("css/configuration.css",),
    ANSWER_TABLE: ("css/answer-table.css",),
    # and for those that have a form made of a schema
    ANSWERING: (
        "js/answer.js",
        "js/filter.js",
        "js/proposed.js",
        "js/redraw.js",
        "js/scalar.js",
        "js/draft.js",
        "js/comment.js",
    ),
}
ALONE = (
    *("js/theme.js", "js/forms.js", "js/table.js", "js/disclosure.js"),
    *("js/device.js", "js/zone.js", "js/mention.js", "js/times.js", "js/strip.js"),
    "js/again.js",
)
"""What pages load by themselves: before the first paint, without htmx, for one page or one box."""
_FOREVER = "public, max-age=31536000, immutable"
_SMALL_BYTES = 256
_MINIFIED = {".js": "application/javascript", ".css": "text/css"}


@dataclass(frozen=True)
class Asset:
    """What stands at one address."""

    content: bytes
    mimetype: str
    fingerprint: str

    @cached_property
    def gzip(self) -> bytes:
        return gzip.compress(self.content, 9, mtime=0)

    @cached_property
    def brotli(self) -> bytes:
        """A tenth less than gzip, for 0.1 s of a processor: browsers take it from HTTPS."""
        compressed: bytes = brotli.compress(self.content, brotli.MODE_TEXT, 11)
        return compressed

    def in_coding(self, coding: str | None) -> bytes:
        match coding:
            case "br":
                return self.brotli
            case "gzip":
                return self.gzip
            case _:
                return self.content


def register(app: Flask) -> None:
    """Give templates `asset()`, and serve what it names."""
    app.jinja_env.globals["asset"] = asset
    app.view_functions["static"] = _serve


def asset(name: str) -> str:
    """Return the address of a bundle or a static file.

    Raises: FileNotFoundError, so that a misspelt name fails in the first test that renders it.
    """
    known: dict[str, str] = g.setdefault("asset_addresses", {})
    if name not in known:  # a page may have a hundred icons, all from one file
        known[name] = url_for("static", filename=name, v=_find(name).fingerprint)
    return known[name]


def content_of(name: str) -> bytes:
    """Return a static file as it is sent, uncompressed. Raises: FileNotFoundError."""
    return _find(name).content


def _serve(filename: str) -> Response:
    try:
        served = _find(filename)
    except OSError as error:
        raise NotFound("There is no file at this address.") from error
    is_small = len(served.content) <= _SMALL_BYTES
    coding = None if is_small else request.accept_encodings.best_match(("br", "gzip"))
    response = Response(served.in_coding(coding))
    response.mimetype = served.mimetype
    if coding:
        response.headers["Content-Encoding"] = coding
    response.vary.add("Accept-Encoding")
    if request.args.get("v") == served.fingerprint:
        response.headers["Cache-Control"] = _FOREVER  # nobody asks whether it is still so
        return response
    # an address of another version, asked for while one replaces the other, must not be kept
    response.headers["Cache-Control"] = "no-cache"
    # what is compressed is not the same byte by byte
    response.set_etag(f"{served.fingerprint}-{coding}" if coding else served.fingerprint)
    response.make_conditional(request)
    return response


def _find(name: str) -> Asset:
    folder = current_app.static_folder or ""
    changed = _changed(folder, name) if current_app.debug else ()
    return _load(folder, name, changed)


def _changed(folder: str, name: str) -> tuple[int, ...]:
    return tuple(path.stat().st_mtime_ns for path in _paths(folder, name))


@lru_cache(maxsize=256)
def _load(folder: str, name: str, changed: tuple[int, ...]) -> Asset:
    # A script that ends without a semicolon would call what comes next in brackets.
    between = b";\n" if name.endswith(".js") else b"\n"
    content = between.join(_to_send(path) for path in _paths(folder, name))
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(content, mimetype, sha256(content).hexdigest()[:12])


def _to_send(path: Path) -> bytes:
    """Read a file; of what is not minified already, what browsers need."""
    kind = None if ".min." in path.name else _MINIFIED.get(path.suffix)
    if kind is None:
        return path.read_bytes()
    # It is Go, whose threads are not forked with a process: loaded before, it never answers after.
    try:
        from minify import string as minified
    except ImportError:  # there is none for a Mac: to its owner they are sent as they are written
        return path.read_bytes()
    text: str = minified(kind, path.read_text())
    return text.encode()


def _paths(folder: str, name: str) -> list[Path]:
    """Raises: FileNotFoundError for what leads out of the folder, or is written in two ways."""
    paths = [safe_join(folder, part) for part in BUNDLES.get(name, (name,))]
    if None in paths or normpath(name) != name:  # each way would be kept in memory by itself
        raise FileNotFoundError(name)
    return [Path(path) for path in paths if path]
