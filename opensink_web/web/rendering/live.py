"""Parts of a page that update themselves: htmx asks again, and is answered only with news.

A part carries the version it was drawn from in its own address. Unchanged, the answer is 204 and
the page stays as it is: the focus, what is unfolded, where the reader has scrolled to.
"""

from hashlib import sha256

from flask.typing import ResponseReturnValue
from htmx_flask import request

UNCHANGED: ResponseReturnValue = ("", 204)


def version_of(*facts: object) -> str:
    """Return a short text that differs as soon as one of the facts does; rows are no facts."""
    return sha256(repr(facts).encode()).hexdigest()[:16]


def is_unchanged(version: str) -> bool:
    """Return True if the page that asks shows this version already."""
    return bool(request.htmx) and request.args.get("version") == version
