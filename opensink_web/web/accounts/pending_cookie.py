"""What a browser keeps for the minutes that something takes, encrypted.

It is apart from the session, which begins anew when somebody signs in, and which every answer to
a signed-in browser writes again.
"""

from datetime import timedelta
from hashlib import sha256
from typing import Any

from flask import current_app, request
from werkzeug import Response

from opensink_web.json_value import JSONValue
from opensink_web.web.below_path import cookie_path
from opensink_web.web.forms.sealed_value import seal, unseal

_AT_ONCE_MAX = 5


class PendingCookie:
    """A cookie of this browser for addresses below `path`, which counts for `lifetime`.

    With a `key` there is one for each, so that tabs that do the same at once do not disturb each
    other; of those begun and never finished a browser keeps a few.
    """

    def __init__(self, name: str, *, path: str, lifetime: timedelta) -> None:
        self._name = name
        self._path = path
        self._lifetime = lifetime

    def read(self, key: str = "") -> Any:
        """Return what was kept, None when it is nothing or too old."""
        name = self._name_of(key)
        return unseal(name, request.cookies.get(name, ""))

    def keep(self, response: Response, value: JSONValue, key: str = "") -> Response:
        """Keep a JSON value, in the place of what was kept under this key before."""
        name = self._name_of(key)
        others = [each for each in request.cookies if each.startswith(self._prefix)]
        # browsers send the oldest first
        for each in others[: max(len(others) + 1 - _AT_ONCE_MAX, 0)]:
            response.delete_cookie(each, path=cookie_path(self._path))
        response.set_cookie(
            name,
            seal(name, value, lifetime=self._lifetime),
            max_age=self._lifetime,
            path=cookie_path(self._path),
            httponly=True,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            samesite="Lax",  # it must come along when another site leads back to us
        )
        return response

    def drop(self, response: Response, key: str = "") -> Response:
        """Keep nothing under this key any more."""
        response.delete_cookie(self._name_of(key), path=cookie_path(self._path))
        return response

    @property
    def _prefix(self) -> str:
        return f"{self._name}."

    def _name_of(self, key: str) -> str:
        return f"{self._prefix}{sha256(key.encode()).hexdigest()[:12]}" if key else self._name
