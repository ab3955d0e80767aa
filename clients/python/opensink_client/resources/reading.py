"""How what the API answers becomes a value, and how moments are sent."""

from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

Resource = TypeVar("Resource")


def read(kind: type[Resource], content: dict[str, Any]) -> Resource:
    """Return what a response describes; of fields that are not known here nothing is said.

    What an older server does not say yet is left at its default.
    """
    known = [each.name for each in fields(kind)]  # type: ignore[arg-type]  # every kind is a dataclass
    return kind(**{name: content[name] for name in known if name in content})


def with_moments(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body to send, its moments written as RFC 3339."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in body.items()
    }
