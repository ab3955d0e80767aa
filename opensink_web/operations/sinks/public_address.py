"""The address of a public sink's page: `/sinks/<slug>`, of which there is one on the server."""

import re
import secrets

from opensink_web.errors import FieldError, InvalidInput
from opensink_web.operations.name import plain_slug

SLUG_LENGTH_MAX = 63
SLUG = f"^[a-z0-9](?:[a-z0-9-]{{1,{SLUG_LENGTH_MAX - 2}}})[a-z0-9]$"
_REFUSED = frozenset(
    {"admin", "all", "api", "docs", "edit", "feed", "health", "help", "inbox", "items", "new"}
    | {"official", "opensink", "public", "secret", "settings", "sign-in", "sink", "sinks"}
    | {"static", "status", "support", "system"}
)
"""Names that speak for the server, or that an address of ours may need one day."""
_IS_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")
_RANDOM_LENGTH = 8
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that are taken for another when they are read out."""


def checked_slug(slug: str) -> str:
    """Return a slug that somebody chose. Raises: InvalidInput."""
    message = None
    if not re.fullmatch(SLUG, slug):
        message = (
            "A public address has 3 to 63 small letters, digits and hyphens, and no hyphen at "
            "either end."
        )
    elif slug in _REFUSED or _IS_ID.fullmatch(slug):
        message = "This address cannot be had. Choose another one."
    if message is not None:
        raise InvalidInput(message, errors=(FieldError("/public_slug", message),))
    return slug


def slug_for(name: str) -> str:
    """Make an address out of a sink's name: with what nobody guesses, so that it is free.

    A number in its place would say that others are called the same.
    """
    random = "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_LENGTH))
    most = SLUG_LENGTH_MAX - _RANDOM_LENGTH - 1
    return f"{plain_slug(name, most).strip('-') or 'sink'}-{random}"
