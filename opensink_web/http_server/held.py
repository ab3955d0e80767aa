"""What an application says to have its answer held back, without a thread that waits.

A server that can do so says it by `environ[MAY_HOLD]`: True, or False while too many are held. The
application then sets `environ[HELD]` to a Held and returns; what it returns is not sent. Later it
is called with the same environ once more, where `environ[RESUMED]` is that Held, for the answer;
the body is not there again.
"""

from collections.abc import Callable
from typing import Protocol

MAY_HOLD = "opensink.may_hold"
HELD = "opensink.held"
RESUMED = "opensink.resumed"


class Held(Protocol):
    """Why an answer is held back, and for how long at most."""

    @property
    def seconds(self) -> float:
        """How long at most."""

    def begin(self, wake: Callable[[], None]) -> None:
        """Begin to look; `wake` may be called from any thread, once there is an answer."""

    def end(self) -> None:
        """Stop looking: it is answered, or whoever asked has gone."""
