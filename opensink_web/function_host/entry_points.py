"""Which functions the installed packages advertise, in the entry-point group of ours.

Follows the packaging specification of entry points
(https://packaging.python.org/en/latest/specifications/entry-points/).
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from opensink_web.functions import Context

GROUP = "opensink.functions"

Handler = Callable[[Any, Context], Any]


def available_entry_points() -> tuple[str, ...]:
    """Return the names of all functions that are installed now, in alphabetical order."""
    return tuple(sorted(entry_points(group=GROUP).names))


def load(name: str) -> Handler:
    """Import a function; of packages that advertise the same name the first on the path counts.

    Raises: LookupError, TypeError, and whatever the package raises while it is imported.
    """
    entry_point = next(iter(entry_points(group=GROUP, name=name)), None)
    if entry_point is None:
        raise LookupError(f"No installed package advertises the entry point {name} in {GROUP}.")
    handler: Handler = entry_point.load()
    if not callable(handler):
        raise TypeError(f"{entry_point.value} is not callable.")
    return handler
