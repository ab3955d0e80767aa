"""Where the time from an answer to the endpoint goes: each part alone, in one process."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from opensink_web.jobs.connection import announcing_connection
from opensink_web.jobs.queue import announce, delivery_queue
from opensink_web.models import Delivery, db
from opensink_web.models.transaction import Announcement, work_committed, writing
from opensink_web.operations.deliveries.attempt import claim
from opensink_web.operations.deliveries.outcome import finish
from opensink_web.outbound.client import Client
from tests.support.scenarios import POLICY

RESOLVE = "resolve (a transaction)"
ANNOUNCE = "announce"
CLAIM = "claim (a transaction)"
CALL = "call, and its answer"
FINISH = "finish (a transaction)"


class Stopwatch:
    """Notes how long each part took, each time."""

    def __init__(self) -> None:
        self._durations_ms: defaultdict[str, list[float]] = defaultdict(list)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self._durations_ms[name].append((time.monotonic() - begun) * 1000)

    def medians_ms(self) -> dict[str, float]:
        """Return each part's median, by its name, in the order in which the parts came."""
        return {name: statistics.median(taken) for name, taken in self._durations_ms.items()}


def measure_parts(
    app: Flask, redis_url: str, answer: Callable[[str], None], request_ids: list[str]
) -> dict[str, float]:
    """Answer each request and make its call in this process; return the medians, in ms."""
    stopwatch = Stopwatch()
    queue = delivery_queue(announcing_connection(redis_url))
    with Client(POLICY) as client, app.app_context():
        for request_id in request_ids:
            with work_committed.muted(), stopwatch.part(RESOLVE):
                answer(request_id)
            delivery_id = _delivery_of(request_id)
            with stopwatch.part(ANNOUNCE):
                announce(queue, [Announcement(delivery_id, 0)])
            _deliver(delivery_id, client, stopwatch)
    queue.delete(delete_jobs=True)
    return stopwatch.medians_ms()


def _delivery_of(request_id: str) -> UUID:
    query = select(Delivery.id).where(Delivery.input_request_id == UUID(request_id))
    return db.session.scalars(query).one()


def _deliver(delivery_id: UUID, client: Client, stopwatch: Stopwatch) -> None:
    with stopwatch.part(CLAIM), writing():
        claimed = claim(delivery_id)
    assert claimed is not None
    with stopwatch.part(CALL):
        received = client.send(claimed.call)
    with stopwatch.part(FINISH), writing():
        finish(claimed, received)
