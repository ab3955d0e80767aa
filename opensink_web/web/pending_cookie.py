"""What a browser keeps for the minutes that something takes: signed, so that only we can write it.

It is apart from the session, which begins anew when somebody signs in, and which every answer to
a signed-in browser writes again.
"""

from datetime import timedelta
from typing import Any

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug import Response

from opensink_web import clock


class PendingCookie:
    """A cookie of this browser for addresses below `path`, which counts for `lifetime`."""

    def __init__(self, name: str, *, path: str, lifetime: timedelta) -> None:
        self._name = name
        self._path = path
        self._lifetime = lifetime

    def read(self) -> Any:
        """Return what was kept, None when it is nothing or too old."""
        try:
            until, value = self._serializer().loads(request.cookies.get(self._name, ""))
        except BadSignature:
            return None
        return value if clock.now().timestamp() < until else None

    def keep(self, response: Response, value: Any) -> Response:
        """Keep a JSON value, in the place of what was kept before."""
        until = (clock.now() + self._lifetime).timestamp()
        response.set_cookie(
            self._name,
            self._serializer().dumps([until, value]),
            max_age=self._lifetime,
            path=self._path,
            httponly=True,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            samesite="Lax",  # it must come along when another site leads back to us
        )
        return response

    def drop(self, response: Response) -> Response:
        """Keep nothing any more."""
        response.delete_cookie(self._name, path=self._path)
        return response

    def _serializer(self) -> URLSafeSerializer:
        return URLSafeSerializer(current_app.secret_key or "", salt=self._name)
