"""Whose form it is: the token in every form of a signed-in person carries their id.

Flask-WTF signs the token and compares it with the session's. A token of an earlier session is
refused there, but its signature still tells for whom the form was drawn.
"""

import secrets
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from flask import current_app, request, session
from itsdangerous import BadData, URLSafeTimedSerializer

View = TypeVar("View", bound=Callable[..., Any])

_ANYBODYS = "form_is_anybodys"
_FIELD = "csrf_token"
_HEADER = "X-CSRFToken"


def begin_tokens(user_id: UUID) -> None:
    """Have the forms of the session that begins carry whose they are."""
    session[_FIELD] = f"{secrets.token_hex(20)}.{user_id}"


def anybodys_form(view: View) -> View:
    """Declare that a view's form is for whoever is not signed in yet, to become so.

    Several tabs may show such forms at once, and each can be sent whatever the others did
    meanwhile to the session that all of them share.
    """
    setattr(view, _ANYBODYS, True)
    return view


def is_anybodys(view: object) -> bool:
    """Return True if a view is declared so."""
    return getattr(view, _ANYBODYS, False)


def is_anybodys_form() -> bool:
    """Return True if what was sent is such a form, with a token that we made for nobody.

    It needs a browser that keeps cookies, or nobody could be signed in by it.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    raw = _verified(_token() or "")
    return is_anybodys(view) and _FIELD in session and bool(raw) and "." not in raw


def writer() -> UUID | None:
    """Return for whom the form that was sent was drawn; None for nobody, or somebody unknown.

    A form without any token was drawn in the session whose cookie came with it.
    """
    token = _token()
    raw = _verified(token) if token else str(session.get(_FIELD, ""))
    try:
        return UUID(raw.partition(".")[2])
    except ValueError:
        return None


def _token() -> str | None:
    return request.form.get(_FIELD) or request.headers.get(_HEADER)


def _verified(token: str) -> str:
    signer = URLSafeTimedSerializer(current_app.secret_key or "", salt="wtf-csrf-token")
    try:
        return str(signer.loads(token))  # however old it is
    except BadData:
        return ""
