"""The last runs of a job as a strip of ticks, each of which leads to its run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from opensink_web.models import RunStatus
from opensink_web.operations.jobs.queries import LastRun
from opensink_web.web.rendering.filters import utc_text
from opensink_web.web.rendering.words import badge


@dataclass(frozen=True, slots=True)
class Tick:
    """One run: `status` says how it is drawn, `title` is read where the pointer rests."""

    run_id: UUID
    status: RunStatus
    title: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The last runs, the oldest first, and the same in words."""

    ticks: tuple[Tick, ...]
    in_words: str


def strip_of(runs: Sequence[LastRun]) -> Strip:
    """Draw the last runs, of which the newest comes first."""
    ticks = tuple(
        Tick(run.id, run.status, f"{badge(run.status).text}, {utc_text(run.moment)}")
        for run in reversed(runs)
    )
    counts = Counter(run.status for run in runs)
    said = ", ".join(
        f"{counts[status]} {badge(status).text.lower()}" for status in RunStatus if counts[status]
    )
    return Strip(ticks, f"Last {len(runs)} runs: {said}" if len(runs) > 1 else f"Last run: {said}")
