"""Chores: work on many rows, a slice in a transaction, with room for others in between.

Each says whether there is something to do, which writes nothing, and does some of it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from opensink_web.models.transaction import reading, writing
from opensink_web.operations.deletion import delete_some_left, is_anything_left
from opensink_web.operations.executions.batch import cancel_some_left, is_any_left_to_cancel
from opensink_web.operations.executions.queueing import is_any_unqueued, queue_some
from opensink_web.operations.executions.staging import delete_some_given_up, is_any_given_up
from opensink_web.operations.retention import Kept, cutoffs, is_any_prunable, prune_some
from opensink_web.settings import Settings

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


QUEUEING = (Chore(is_any_unqueued, queue_some),)
CANCELLING = (Chore(is_any_left_to_cancel, cancel_some_left),)
DELETING = (Chore(is_anything_left, delete_some_left), Chore(is_any_given_up, delete_some_given_up))


def pruning(settings: Settings) -> list[Chore]:
    """Return what deletes that which has been kept for as long as the settings say."""
    return [
        Chore(partial(is_any_prunable, kind, cutoff), partial(prune_some, kind, cutoff))
        for kind, cutoff in cutoffs(kept_days(settings)).items()
    ]


def kept_days(settings: Settings) -> dict[Kept, int]:
    """Return for how long each kind is kept; 0 is for good."""
    return {kind: _days(kind, settings) for kind in Kept}


def _days(kind: Kept, settings: Settings) -> int:
    match kind:
        case Kept.SESSIONS | Kept.TEST_CALLS:
            return settings.retention_days_sessions
        case Kept.EXECUTIONS | Kept.BATCHES:
            return settings.retention_days_executions
        case Kept.CHATS:
            return settings.retention_days_chats


def do_chores(chores: Sequence[Chore], seconds: float = SECONDS_PER_SWEEP) -> bool:
    """Do what there is to do, for about so long; return whether there may be more."""
    ends_at = time.monotonic() + seconds
    for chore in chores:
        began_at = time.monotonic()
        while chore.go_on():
            if time.monotonic() >= ends_at:
                return True
            # whoever waited meanwhile gets as much time to write
            time.sleep(time.monotonic() - began_at)
            began_at = time.monotonic()
    return False
