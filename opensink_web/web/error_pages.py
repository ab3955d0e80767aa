"""Errors as pages: what happened, and what to do next."""

import logging

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from opensink_web.errors import NotAuthenticated, OpenSinkError, PermissionMissing, RateLimited
from opensink_web.web.access import principal_of_path, to_sign_in
from opensink_web.web.attempts import retry_after
from opensink_web.web.forms.typed import typed_again
from opensink_web.web.origin import ForeignForm

_OLD_FORM = (
    "This form is from before you signed in or out, or cookies are off. Nothing was changed; load "
    "the page again."
)
_WITH_MENU = (400, 403, 404, 405, 409)
_log = logging.getLogger(__name__)


def error_page(error: Exception) -> ResponseReturnValue:
    """Answer an error that a page raised."""
    if isinstance(error, NotAuthenticated):
        return to_sign_in()
    if isinstance(error, PermissionMissing):
        return _page(error.status, None)  # a person has a role; the permission's name is for keys
    if isinstance(error, RateLimited):
        return *_page(error.status, error.message), retry_after(error)
    if isinstance(error, OpenSinkError):
        return _page(error.status, error.message)
    if isinstance(error, ForeignForm):  # nobody else shall fill in a form of ours
        page = render_template("errors/foreign_form.html", message=error.description)
        return page, 400
    if isinstance(error, CSRFError):
        return _after_an_old_token()
    if isinstance(error, HTTPException) and error.code is not None:
        if error.code < 400:
            return error.get_response()
        return _page(error.code, None)
    _log.error("A page failed", exc_info=error)
    return _page(500, None)


def _after_an_old_token() -> ResponseReturnValue:
    try:
        return typed_again() or _page(400, _OLD_FORM)
    except Exception as other:  # whatever it is: it would not come here by itself a second time
        return error_page(other)


def _page(status: int, message: str | None) -> tuple[str, int]:
    """Draw a page with the menu of whoever is in the workspace that its address names.

    Not where the database may be what failed, nor where the server shall do less.
    """
    if status in _WITH_MENU:
        try:
            g.principal = g.get("principal") or principal_of_path(request.path)
            return _drawn("base.html", status, message)
        except Exception:
            _log.exception("An error page cannot have its menu")
    return _drawn("bare.html", status, message)


def _drawn(frame: str, status: int, message: str | None) -> tuple[str, int]:
    frame = frame if g.get("principal") else "bare.html"
    page = render_template("errors/error.html", frame=frame, status=status, message=message)
    return page, status
