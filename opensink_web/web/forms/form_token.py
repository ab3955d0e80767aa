"""Whose form it is: the token in every form of a signed-in person carries their id.

Flask-WTF signs the token and compares it with the session's. A token of an earlier session is
refused there, but its signature still tells for whom the form was drawn.

Pages are sent compressed, and their lengths are seen by whoever watches the line. So each answer
has the token in other letters: what is guessed of it in one, as by a search that repeats it, says
nothing of the next (http://breachattack.com).
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import shake_128
from typing import Any, TypeVar
from uuid import UUID

from flask import current_app, g, request, session
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadData, URLSafeTimedSerializer

View = TypeVar("View", bound=Callable[..., Any])

_ANYBODYS = "form_is_anybodys"
_FIELD = "csrf_token"
_HEADER = "X-CSRFToken"
_PAD_BYTES = 16


def begin_tokens(user_id: UUID) -> None:
    """Have the forms of the session that begins carry whose they are."""
    session[_FIELD] = f"{secrets.token_hex(20)}.{user_id}"


def masked_token() -> str:
    """Return the session's token for the forms of one answer, in letters that no other has."""
    if "masked_token" not in g:
        pad = secrets.token_bytes(_PAD_BYTES)
        masked = pad + _mixed(generate_csrf().encode(), pad)
        g.masked_token = urlsafe_b64encode(masked).decode()
    return str(g.masked_token)


def unmasked(token: str | None) -> str | None:
    """Return the token that was sent as Flask-WTF knows it; None for none and what is none."""
    try:
        sent = urlsafe_b64decode((token or "").encode("ascii"))
        return _mixed(sent[_PAD_BYTES:], sent[:_PAD_BYTES]).decode("ascii") or None
    except ValueError:
        return None


def _mixed(text: bytes, pad: bytes) -> bytes:
    stream = shake_128(pad).digest(len(text))
    return bytes(one ^ other for one, other in zip(text, stream, strict=True))


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
        # however old it is; or as it stood in pages that were open while we were upgraded
        return str(signer.loads(unmasked(token) or token))
    except BadData:
        return ""
