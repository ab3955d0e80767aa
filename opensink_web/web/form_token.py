"""Whose form it is: the token in every form of a signed-in person carries their id.

Flask-WTF signs the token and compares it with the session's. A token of an earlier session is
refused there, but its signature still tells for whom the form was drawn.
"""

import secrets
from uuid import UUID

from flask import current_app, request, session
from itsdangerous import BadData, URLSafeTimedSerializer

_FIELD = "csrf_token"
_HEADER = "X-CSRFToken"


def begin_tokens(user_id: UUID) -> None:
    """Have the forms of the session that begins carry whose they are."""
    session[_FIELD] = f"{secrets.token_hex(20)}.{user_id}"


def writer() -> UUID | None:
    """Return for whom the form that was sent was drawn; None for nobody, or somebody unknown.

    A form without any token was drawn in the session whose cookie came with it.
    """
    token = request.form.get(_FIELD) or request.headers.get(_HEADER)
    raw = _verified(token) if token else str(session.get(_FIELD, ""))
    try:
        return UUID(raw.partition(".")[2])
    except ValueError:
        return None


def _verified(token: str) -> str:
    signer = URLSafeTimedSerializer(current_app.secret_key or "", salt="wtf-csrf-token")
    try:
        return str(signer.loads(token))  # however old it is
    except BadData:
        return ""
