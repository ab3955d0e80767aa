"""Secrets that somebody has typed while their form is not sent yet: sealed into the page.

What a page brings back can be read by this server alone, counts for the one person, form and field
it was typed in, and for a day; so it may be drawn again without ever being shown.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from opensink_web import clock
from opensink_web.errors import InvalidInput, UnreadableSecret
from opensink_web.json_value import JSONValue
from opensink_web.models.sealed import keyring

LIFETIME = timedelta(days=1)
_GONE = "What you typed here is no longer kept. Type it again."


@dataclass(frozen=True, slots=True)
class PageVault:
    """Seals for one person (`user_id`) and one form: `subject` names what it is about."""

    user_id: UUID
    subject: str

    def seal(self, place: str, value: JSONValue) -> str:
        """Return a value as it goes into a page."""
        until = (clock.now() + LIFETIME).timestamp()
        return keyring().encrypt(json.dumps([self._name(place), until, value]).encode())

    def unseal(self, place: str, sealed: str) -> JSONValue:
        """Return a value that a page has brought back. Raises: InvalidInput."""
        try:
            name, until, value = json.loads(keyring().decrypt(sealed))
        except (UnreadableSecret, ValueError):
            raise InvalidInput(_GONE) from None
        if name != self._name(place) or until < clock.now().timestamp():
            raise InvalidInput(_GONE)
        return value  # type: ignore[no-any-return]  # JSON

    def _name(self, place: str) -> str:
        return f"typed {self.user_id} {self.subject} {place}"
