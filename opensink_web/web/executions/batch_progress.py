"""How far a batch is, to be drawn and in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from opensink_web import clock
from opensink_web.models import Batch, BatchStatus, ExecutionStatus
from opensink_web.models.execution import DECLINED
from opensink_web.operations.executions.queries.batch import Progress, progress_of, status_of
from opensink_web.operations.executions.queries.batch_children import (
    count_declined,
    count_ended_since,
)
from opensink_web.web.rendering.filters import duration, number
from opensink_web.web.rendering.words import Badge, batch_badge, part_of_batch

BAR_WIDTH = 1000.0
_SEGMENT_WIDTH_MIN = 6.0  # one of a thousand is still seen
_PACE_WINDOW = timedelta(minutes=1)
_PACE_SPAN_MIN = timedelta(seconds=3)
_PACE_COUNT_MIN = 5
PARTS = (
    ExecutionStatus.COMPLETED,
    ExecutionStatus.FAILED,
    ExecutionStatus.CANCELLED,
    ExecutionStatus.AWAITING_INPUT,
    ExecutionStatus.RUNNING,
    ExecutionStatus.QUEUED,
)
"""In the order in which they stand in the bar."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the bar, of BAR_WIDTH in all."""

    name: str
    words: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A batch's progress: `ended` of `total`, and what that is made of."""

    total: int
    ended: int
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """Say the same in words."""
        parts = [f"{number(each.count)} {each.words}" for each in self.segments]
        return f"{number(self.ended)} of {number(self.total)} ended: {', '.join(parts)}"


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch in a list."""

    batch: Batch
    status: BatchStatus
    badge: Badge
    bar: Bar


def rows_of(batches: Sequence[Batch]) -> list[BatchRow]:
    """Draw up a list, with two queries for all of it."""
    progress_by_batch = progress_of(batches)
    declined = count_declined(progress_by_batch)
    rows = []
    for batch in batches:
        progress, declined_count = progress_by_batch[batch.id], declined.get(batch.id, 0)
        status = status_of(batch, progress)
        badge = batch_badge(status, progress.counts, declined_count=declined_count)
        rows.append(BatchRow(batch, status, badge, bar_of(batch, progress, declined_count)))
    return rows


def bar_of(batch: Batch, progress: Progress, declined_count: int) -> Bar:
    """Draw up the bar of a batch, in which what people declined is a part of its own."""
    counts: list[tuple[str, str, int]] = []
    for status in PARTS:
        count = progress.count(status)
        if status is ExecutionStatus.FAILED:
            count = max(count - declined_count, 0)
            counts.append((DECLINED, "declined", declined_count))
        counts.append((status.value, part_of_batch(status), count))
    counts = [each for each in counts if each[2]]
    shares = [max(count / batch.total * BAR_WIDTH, _SEGMENT_WIDTH_MIN) for *_, count in counts]
    scale = BAR_WIDTH / sum(shares) if shares else 1.0
    segments, x = [], 0.0
    for (name, words, count), share in zip(counts, shares, strict=True):
        width = share * scale
        segments.append(Segment(name, words, count, round(x, 2), round(width, 2)))
        x += width
    return Bar(batch.total, progress.ended, tuple(segments))


def pace_of(batch: Batch, progress: Progress) -> str | None:
    """Say how fast it goes and how long that would still take; None where nobody can know."""
    left = progress.count(ExecutionStatus.QUEUED) + progress.count(ExecutionStatus.RUNNING)
    if progress.started_at is None or batch.ended_as is not None or not left:
        return None
    moment = clock.now()
    since = max(moment - _PACE_WINDOW, progress.started_at)
    ended = count_ended_since(batch, since)
    if moment - since < _PACE_SPAN_MIN or ended < _PACE_COUNT_MIN:
        return None
    per_second = ended / (moment - since).total_seconds()
    rest = duration(left / per_second * 1000)
    pace = f"{per_second:.0f} a second" if per_second >= 1 else f"{per_second * 60:.0f} a minute"
    words = f"{number(left)} to go, about {rest} at the pace of the last minute ({pace})"
    waiting = progress.count(ExecutionStatus.AWAITING_INPUT)
    return f"{words}, not counting those that wait for a person." if waiting else f"{words}."
