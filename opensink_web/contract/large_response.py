"""Answers so large that only some may be made at the same time, or they would take all memory.

What is read for one takes several times its size until it is sent, so it is reserved before it is
read. What is sent then counts where it is sent (http_server/limits.py).
"""

import threading

from flask import Flask, current_app, g

from opensink_web.errors import Unavailable

UNCOUNTED_CHARACTERS = 1024**2
CHARACTERS_AT_ONCE = 64 * 1024**2
_BUDGET = "opensink-large-answers"
_RESERVED = "reserved_characters"


def set_up(app: Flask) -> None:
    """Prepare for counting what the calls of a process have reserved."""
    app.extensions[_BUDGET] = _Budget()
    app.teardown_appcontext(_release)


def reserve(characters: int) -> None:
    """Reserve what is about to be read for this call, until it ends.

    Raises: Unavailable when others' calls have reserved too much.
    """
    if characters > UNCOUNTED_CHARACTERS:
        _budget().take(characters)
        setattr(g, _RESERVED, g.get(_RESERVED, 0) + characters)


def _release(_error: BaseException | None) -> None:
    reserved: int = g.pop(_RESERVED, 0)
    if reserved:
        _budget().give_back(reserved)


class _Budget:
    def __init__(self) -> None:
        self._taken = 0
        self._lock = threading.Lock()

    def take(self, characters: int) -> None:
        with self._lock:
            if self._taken and self._taken + characters > CHARACTERS_AT_ONCE:
                raise Unavailable(
                    "Others are reading very large lists just now. Please try again, or ask for"
                    " fewer at once."
                )
            self._taken += characters

    def give_back(self, characters: int) -> None:
        with self._lock:
            self._taken -= characters


def _budget() -> _Budget:
    budget: _Budget = current_app.extensions[_BUDGET]
    return budget
