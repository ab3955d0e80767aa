"""The last runs of a job as a strip of ticks: one drawing in a list, links on the job's own page.

Fifty links for each of twenty jobs would be a heavy page, and a thousand stops for whoever goes
through it by keys.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from opensink_web.models import RunStatus
from opensink_web.operations.jobs.queries import LAST_RUNS_MAX, LastRun
from opensink_web.web.rendering.filters import utc_text
from opensink_web.web.rendering.words import badge

HEIGHT = 12
"""Of the drawing, which is so many ticks wide as there may be."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One run: `status` says how it is drawn, `title` is what it is called."""

    run_id: UUID
    status: RunStatus
    title: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The last runs, the oldest first, and the same in words and as a drawing.

    `lines` has a path of an SVG for each status; its strokes are the ticks.
    """

    ticks: tuple[Tick, ...]
    in_words: str
    lines: tuple[tuple[RunStatus, str], ...]
    width: int = LAST_RUNS_MAX
    height: int = HEIGHT

    @property
    def newest(self) -> Tick:
        return self.ticks[-1]


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
    in_words = f"Last {len(runs)} runs: {said}" if len(runs) > 1 else f"Last run: {said}"
    lines = tuple((status, _path(ticks, status)) for status in RunStatus if counts[status])
    return Strip(ticks, in_words, lines)


def _path(ticks: Sequence[Tick], status: RunStatus) -> str:
    places = (place for place, tick in enumerate(ticks) if tick.status is status)
    return "".join(f"M{place} {_top(status)}V{HEIGHT}" for place in places)


def _top(status: RunStatus) -> int:
    """Tell by the height too what has failed, for who does not see its colour."""
    match status:
        case RunStatus.SUCCEEDED:
            return 2
        case RunStatus.SKIPPED:
            return 5
        case RunStatus.FAILED | RunStatus.DUE | RunStatus.RUNNING:
            return 0
        case _:
            assert_never(status)
