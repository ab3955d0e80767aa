"""Whether what people were told of waits still, for them, and what became of it.

What goes by a rule in steps waits for those alone who may decide in the step that it is in.
"""

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
    NotificationMessage,
    db,
)
from opensink_web.operations.accounts.deputy import stands_for
from opensink_web.operations.notifications.recipients import MENTIONS
from opensink_web.operations.requests.step import steps_now
from opensink_web.operations.slices import slices

_HELD = InputRequestStatus.HELD
_OF_STEPS = (
    InputRequest.workspace_id,
    InputRequest.steps,
    InputRequest.step,
    InputRequest.required_responses,
    InputRequest.forbid_requester,
    InputRequest.requested_by_id,
    InputRequest.earlier_requester_ids,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a request stands: it waits, or it was decided, for the time being until `held_until`.

    One that is gone does not wait, nor one that others decide now. `outcome` says what became of
    it.
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
    """Return how the requests and batches of notifications stand, by the ids of these."""
    batch_ids = {each.request_id for each in items if _is_of_batch(each)}
    requests = _requests({each.request_id for each in items if not _is_of_batch(each)})
    gone = dict.fromkeys((each.request_id for each in items), GONE)
    known = {each.id: _standing_of(each) for each in requests}
    standings = gone | known | _of_batches(batch_ids)
    return {each.id: standings[each.request_id] for each in items} | _in_steps(items, requests)


def _in_steps(
    items: Sequence[Notification], requests: Sequence[InputRequest]
) -> dict[UUID, Standing]:
    """Return how requests in steps stand for those who may not decide in the one that they are in;
    whoever was mentioned is told nothing of deciding.
    """
    waiting = {each.id: each for each in requests if _is_in_steps(each)}
    theirs = [each for each in items if each.request_id in waiting]
    if not theirs:
        return {}
    states = steps_now([*waiting.values()])
    query = select(NotificationMessage.id, NotificationMessage.user_id).where(
        NotificationMessage.id.in_({each.message_id for each in theirs})
    )
    reader_of = {row.id: row.user_id for row in db.session.execute(query)}
    standings = {}
    for item in theirs:
        request, state = waiting[item.request_id], states[item.request_id]
        user_id = reader_of[item.message_id]
        is_forbidden = request.forbid_requester and user_id in request.asked_by_ids
        away = stands_for(request.workspace_id, user_id)
        is_over = is_forbidden or not state.allows(user_id, away)
        if is_over and item.event not in MENTIONS:
            decided_by_id = user_id if user_id in state.earlier else None
            standings[item.id] = Standing(
                False, None, decided_by_id, f"Others decide now: {state.words}."
            )
    return standings


def _is_in_steps(request: InputRequest) -> bool:
    return request.status is InputRequestStatus.PENDING and request.steps is not None


def _is_of_batch(item: Notification) -> bool:
    return item.event is NotificationEvent.BATCH_ASKED


def _requests(request_ids: Iterable[UUID]) -> list[InputRequest]:
    """Return those that are there, with what is asked of them here."""
    requests: list[InputRequest] = []
    for part in slices(list(request_ids)):
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
                    *_OF_STEPS,
                ),
                joinedload(InputRequest.resolved_by),
            )
            .where(InputRequest.id.in_(part))
            .execution_options(populate_existing=True)
        )
        requests += db.session.scalars(query)
    return requests


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
