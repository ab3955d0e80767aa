"""Whether what people were told of waits still, and what became of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload, load_only

from opensink_web.models import (
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    Notification,
    NotificationEvent,
    db,
)
from opensink_web.operations.slices import slices

_HELD = InputRequestStatus.HELD


@dataclass(frozen=True, slots=True)
class Standing:
    """How a request stands: it waits, or it was decided, for the time being until `held_until`.

    One that is gone does not wait. `outcome` says what became of it.
    """

    is_waiting: bool
    held_until: datetime | None = None
    decided_by_id: UUID | None = None
    outcome: str = "It is not there any more."


GONE = Standing(is_waiting=False)
_WAITS = Standing(is_waiting=True, outcome="")


def is_still_news(item: Notification, standing: Standing) -> bool:
    """Return True if somebody is to know of it: it waits, or was said after all was decided."""
    if item.event is NotificationEvent.REMARKED:
        return standing is not GONE
    return standing.is_waiting


def standings_of(items: Sequence[Notification]) -> dict[UUID, Standing]:
    """Return how the requests and batches of notifications stand, by their ids."""
    batch_ids = {each.request_id for each in items if _is_of_batch(each)}
    request_ids = {each.request_id for each in items if not _is_of_batch(each)}
    return _of_requests(request_ids) | _of_batches(batch_ids)


def _is_of_batch(item: Notification) -> bool:
    return item.event is NotificationEvent.BATCH_ASKED


def _of_requests(request_ids: Iterable[UUID]) -> dict[UUID, Standing]:
    standings = dict.fromkeys(request_ids, GONE)
    for part in slices(list(standings)):
        query = (
            select(InputRequest)
            .options(
                load_only(
                    InputRequest.kind,
                    InputRequest.status,
                    InputRequest.sealed_decline_reason,
                    InputRequest.held_until,
                    InputRequest.resolved_by_id,
                    InputRequest.resolved_by_system,
                ),
                joinedload(InputRequest.resolved_by),
            )
            .where(InputRequest.id.in_(part))
            .execution_options(populate_existing=True)
        )
        for request in db.session.scalars(query):
            standings[request.id] = _standing_of(request)
    return standings


def _standing_of(request: InputRequest) -> Standing:
    if request.status is InputRequestStatus.PENDING:
        return _WAITS
    held_until = request.held_until if request.status is _HELD else None
    return Standing(False, held_until, request.resolved_by_id, _outcome_of(request))


def _outcome_of(request: InputRequest) -> str:
    who = request.resolved_by.email if request.resolved_by else "somebody who has left"
    who = "the system" if request.resolved_by_system else who
    is_approval = request.kind is InputRequestKind.APPROVAL
    match request.decided_as:
        case InputRequestStatus.RESOLVED:
            return f"{'Approved' if is_approval else 'Answered'} by {who}."
        case InputRequestStatus.DECLINED:
            return f"Declined by {who}."
        case InputRequestStatus.EXPIRED:
            return "It has expired: nobody decided in time."
        case InputRequestStatus.CANCELLED:
            return "Whoever asked has taken it back."
        case InputRequestStatus.SUPERSEDED:
            return "Something else is asked instead."
        case InputRequestStatus.PENDING | InputRequestStatus.HELD:
            return ""
        case _:
            assert_never(request.decided_as)


def _of_batches(batch_ids: Iterable[UUID]) -> dict[UUID, Standing]:
    """Of a batch calls wait as long as one does."""
    standings = {}
    for batch_id in batch_ids:
        query = select(InputRequest.id).where(
            InputRequest.batch_id == batch_id, InputRequest.status == InputRequestStatus.PENDING
        )
        is_waiting = db.session.scalar(query.limit(1)) is not None
        decided = Standing(False, outcome="None of its calls waits for approval any more.")
        standings[batch_id] = _WAITS if is_waiting else decided
    return standings
