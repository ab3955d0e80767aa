"""Chores: work on many rows, a slice in a transaction, with room for others in between.

Each says whether there is something to do, which writes nothing, and does some of it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opensink_web.models.transaction import reading, writing
from opensink_web.operations.batch import cancel_some_left, is_any_left_to_cancel

SECONDS_PER_SWEEP = 0.5


@dataclass(frozen=True, slots=True)
class Chore:
    """`is_wanted` looks whether there is something to do; `do_some` does a slice of it."""

    is_wanted: Callable[[], bool]
    do_some: Callable[[], int]

    def go_on(self) -> bool:
        """Do a slice; return whether there was anything to do."""
        with reading():
            if not self.is_wanted():
                return False
        with writing():
            return self.do_some() > 0


CHORES = (Chore(is_any_left_to_cancel, cancel_some_left),)


def do_chores(chores: Sequence[Chore] = CHORES, seconds: float = SECONDS_PER_SWEEP) -> None:
    """Do what there is to do, for about so long."""
    ends_at = time.monotonic() + seconds
    for chore in chores:
        began_at = time.monotonic()
        while began_at < ends_at and chore.go_on():
            # whoever waited meanwhile gets as much time to write
            time.sleep(time.monotonic() - began_at)
            began_at = time.monotonic()
