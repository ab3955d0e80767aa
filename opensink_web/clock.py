"""The one clock: everything that asks for the time asks here, so that tests can set it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, time-zone aware, in UTC."""
    return datetime.now(UTC)
