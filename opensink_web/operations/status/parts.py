"""How the parts that are no rows are: Redis, the workers, the sweeper, the queues of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SeenWorker:
    """A worker process, and when it last said that it is alive."""

    name: str
    host: str
    seen_at: datetime
    is_alive: bool


@dataclass(frozen=True, slots=True)
class Readiness:
    """What `GET /readyz` and operators need to know of Redis, the workers and the sweeper.

    `seen` are the workers of the last minute, and `worker_seen_at` is when the last one was there.
    `clock_ahead_seconds` is how much Redis' clock is ahead of this machine's.
    """

    redis: bool
    workers: int
    swept_at: datetime | None = None
    seen: Sequence[SeenWorker] = ()
    worker_seen_at: datetime | None = None
    clock_ahead_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Backlog:
    """Of a kind of work: how much is due and nobody does, since when, and how much is being done.

    `lost` is what a worker had taken and was not heard of since, so that its lease ran out. In each
    concurrency group it is counted up to a bound.
    """

    kind: str
    due: int
    due_since: datetime | None
    leased: int
    lost: int = 0
