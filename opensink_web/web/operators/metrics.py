"""GET /metrics, for Prometheus: read from the database and Redis, so any web process says the same.

Who may read it is said in reader.py.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from opensink_web import clock
from opensink_web.errors import NotFound
from opensink_web.models.transaction import is_outage, reading
from opensink_web.operations.status.figures import (
    COUNTED_MAX,
    WaitingIn,
    calls_counted,
    messages_counted,
    requests_counted,
    waiting_now,
)
from opensink_web.operations.status.parts import Backlog, Readiness
from opensink_web.web.access import public, services
from opensink_web.web.operators.exposition import (
    CONTENT_TYPE,
    Family,
    MetricType,
    Sample,
    number,
    written,
)
from opensink_web.web.operators.reader import is_operator

blueprint = Blueprint("metrics", __name__)
_GAUGE, _COUNTER = MetricType.GAUGE, MetricType.COUNTER


@blueprint.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """Say how much waits, is due and has been done; `?workspaces=1` adds the workspaces' ids."""
    if not is_operator():
        raise NotFound("There is nothing at this address.")
    readiness = services().readiness()
    families = [*_of_parts(readiness)]
    try:
        with reading():
            waiting = waiting_now()
            families += _of_requests(waiting, by_workspace=request.args.get("workspaces") == "1")
            families += [*_of_calls(), _of_messages(), *_of_queue(services().backlog())]
        is_there = True
    except Exception as error:  # whatever a database away raises; the rest is said all the same
        if not is_outage(error):
            raise
        families, is_there = [*_of_parts(readiness)], False
    families.append(_one("opensink_database_up", "1 if the database answers.", is_there))
    response = Response("".join(written(families)), content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def _of_parts(readiness: Readiness) -> Iterator[Family]:
    yield _one("opensink_redis_up", "1 if Redis answers.", readiness.redis)
    yield _one("opensink_workers", "Worker processes that are alive.", readiness.workers)
    if readiness.swept_at is not None:
        about = "When the sweeper last went round, in seconds since 1970."
        yield _one("opensink_sweeper_last_round_seconds", about, readiness.swept_at.timestamp())


def _of_requests(waiting: Sequence[WaitingIn], *, by_workspace: bool) -> Iterator[Family]:
    groups = [({"workspace": str(each.workspace_id)}, [each]) for each in waiting]
    if not by_workspace:
        groups = [({}, list(waiting))]
    yield Family(
        "opensink_requests_waiting",
        _GAUGE,
        f"Requests that wait for a decision, up to {COUNTED_MAX} in each workspace.",
        [Sample(sum(each.count for each in some), labels) for labels, some in groups],
    )
    yield Family(
        "opensink_requests_waiting_oldest_seconds",
        _GAUGE,
        "For how long the oldest of them has been waiting; 0 if none does.",
        [
            Sample(max((_age(each.oldest_at) for each in some), default=0), labels)
            for labels, some in groups
        ],
    )
    created, ended = requests_counted()
    yield Family(
        "opensink_requests_created_total", _COUNTER, "Requests that were made.", [Sample(created)]
    )
    yield Family(
        "opensink_requests_ended_total",
        _COUNTER,
        "What became of requests; one whose decision was undone waits again.",
        [Sample(count, {"outcome": outcome}) for outcome, count in ended.items()],
    )


def _of_calls() -> Iterator[Family]:
    samples = []
    for outcome, calls in calls_counted().items():
        of_outcome = {"outcome": outcome}
        bounds = [(number(seconds), count) for seconds, count in calls.up_to]
        for bound, count in (*bounds, ("+Inf", calls.count)):
            samples.append(Sample(count, {**of_outcome, "le": bound}, "_bucket"))
        samples.append(Sample(calls.sum_seconds, of_outcome, "_sum"))
        samples.append(Sample(calls.count, of_outcome, "_count"))
    about = "How long it took until calls to agents had ended, with all attempts."
    yield Family("opensink_delivery_seconds", MetricType.HISTOGRAM, about, samples)


def _of_messages() -> Family:
    return Family(
        "opensink_notifications_total",
        _COUNTER,
        "Messages to people by the kind of their channel: sent, failed, or dropped as no news.",
        [
            Sample(count, {"channel": kind, "outcome": outcome})
            for kind, outcome, count in messages_counted()
        ],
    )


def _of_queue(backlog: Sequence[Backlog]) -> Iterator[Family]:
    """Describe what workers do after a commit, by the table that it is in."""
    about = "Work that is due and nobody does yet."
    due = [Sample(each.due, {"kind": each.kind}) for each in backlog]
    yield Family("opensink_queue_due", _GAUGE, about, due)
    about = "For how long the oldest of it has been due; 0 if nothing is."
    ages = [Sample(_age(each.due_since), {"kind": each.kind}) for each in backlog]
    yield Family("opensink_queue_due_oldest_seconds", _GAUGE, about, ages)
    leased = [Sample(each.leased, {"kind": each.kind}) for each in backlog]
    yield Family("opensink_queue_leased", _GAUGE, "Work that a worker does now.", leased)


def _one(name: str, about: str, value: float) -> Family:
    return Family(name, _GAUGE, about, [Sample(value)])


def _age(since: datetime | None) -> float:
    return max((clock.now() - since).total_seconds(), 0) if since else 0
