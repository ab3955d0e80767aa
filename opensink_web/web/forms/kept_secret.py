"""Secrets that somebody has typed while their form is not sent yet: sealed into the page.

What a page brings back counts for the one person, form and field it was typed in, and for a day; so
the form may be drawn again without ever showing it.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONValue
from opensink_web.web.forms.sealed_value import seal, unseal

LIFETIME = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PageVault:
    """Seals for one person (`user_id`) and one form: `subject` names what it is about."""

    user_id: UUID
    subject: str

    def seal(self, place: str, value: JSONValue) -> str:
        """Return a value as it goes into a page."""
        return seal(self._purpose(place), [value], lifetime=LIFETIME)

    def unseal(self, place: str, sealed: str) -> JSONValue:
        """Return a value that a page has brought back. Raises: InvalidInput."""
        kept = unseal(self._purpose(place), sealed)
        if kept is None:
            raise InvalidInput("What you typed here is no longer kept. Type it again.")
        (value,) = kept
        return value  # type: ignore[no-any-return]  # JSON

    def _purpose(self, place: str) -> str:
        return f"secret typed by {self.user_id} in {self.subject} at {place}"
