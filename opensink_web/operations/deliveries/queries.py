"""Deliveries, read: finding and listing them.

Nothing is written here, and nothing of what writes is imported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import defer, raiseload, selectinload

from opensink_web import clock
from opensink_web.errors import NotFound
from opensink_web.models import (
    Delivery,
    DeliveryAttempt,
    DeliveryKind,
    DeliveryStatus,
    Execution,
    InputRequest,
    Workspace,
    db,
)
from opensink_web.models.delivery import business_key_of
from opensink_web.operations import page
from opensink_web.operations.agents.queries import agents_named_like
from opensink_web.operations.requests.search_match import words_of_query
from opensink_web.operations.requests.searched import Searched, fetch_searched
from opensink_web.operations.requests.sieve import FIRST_STEPS, MORE_STEPS
from opensink_web.trace_context import is_trace_id

# bodies and headers can be large, and are encrypted
_WITHOUT_WHAT_WAS_SAID = selectinload(Delivery.attempts).options(
    *(
        defer(each, raiseload=True)
        for each in (
            DeliveryAttempt.sealed_request_headers,
            DeliveryAttempt.sealed_request_body,
            DeliveryAttempt.sealed_response_headers,
            DeliveryAttempt.sealed_response_body,
        )
    )
)


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries to list; None means any."""

    session_id: UUID | None = None
    agent_id: UUID | None = None
    kind: DeliveryKind | None = None
    status: DeliveryStatus | None = None
    trace_id: str | None = None
    search: str | None = None


def find_delivery(workspace: Workspace, delivery_id: UUID) -> Delivery:
    """Return a delivery with its attempts. Raises: NotFound."""
    delivery = db.session.get(Delivery, delivery_id, options=[selectinload(Delivery.attempts)])
    if delivery is None or delivery.workspace_id != workspace.id:
        raise NotFound("There is no such delivery.")
    return delivery


def is_agent_busy(delivery: Delivery) -> bool:
    """Return True if a call to the delivery's agent is under way, for an answer or for a chat."""
    moment = clock.now()
    return any(
        db.session.scalars(
            select(kind.id)
            .where(kind.group_id == delivery.agent_id, kind.lease_until > moment)
            .limit(1)
        ).first()
        for kind in (Delivery, Execution)
    )


def find_delivery_of(request: InputRequest) -> Delivery | None:
    """Return the call that tells whoever asked of an answer, and its attempts without bodies."""
    query = (
        select(Delivery)
        .options(_WITHOUT_WHAT_WAS_SAID)
        .where(
            Delivery.input_request_id == request.id,
            Delivery.kind.in_((DeliveryKind.INPUT_REQUEST_RESOLVED, DeliveryKind.RESUME)),
        )
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    return db.session.scalars(query).first()


def deliveries_of_comments(comment_ids: Sequence[UUID]) -> dict[UUID, Delivery]:
    """Return the calls that tell an agent of comments; those that call nobody are left out."""
    if not comment_ids:
        return {}
    keys = [business_key_of(each) for each in comment_ids]
    rows = db.session.scalars(select(Delivery).where(Delivery.business_key.in_(keys)))
    return {each.comment_id: each for each in rows if each.comment_id is not None}


def list_deliveries(
    workspace: Workspace,
    filters: DeliveryFilter,
    page_request: page.PageRequest,
    *,
    with_attempts: bool = False,
) -> page.Page[Delivery]:
    """Return deliveries, newest first; of attempts that are wanted all but what was said.

    What is searched for may be the id of a trace.
    """
    if filters.search and is_trace_id(filters.search):
        filters = replace(filters, search=None, trace_id=filters.search)
    narrower = (filters.session_id, filters.agent_id)
    rows = page.narrowed(
        select(Delivery).where(page.is_in(Delivery.workspace_id, workspace, *narrower)),
        (Delivery.session_id, filters.session_id),
        (Delivery.agent_id, filters.agent_id),
        (Delivery.kind, filters.kind),
        (Delivery.status, filters.status),
        (Delivery.trace_id, filters.trace_id),
    )
    attempts = _WITHOUT_WHAT_WAS_SAID if with_attempts else raiseload(Delivery.attempts)
    options = (attempts, selectinload(Delivery.agent))
    if not filters.search:
        return page.fetch(rows.options(*options), Delivery.id, page_request)
    agent_ids = agents_named_like(workspace, filters.search)
    searched = Searched(
        key=Delivery.id,
        rows=rows,
        options=options,
        are_named=Delivery.agent_id.in_(agent_ids),
        names=[Delivery.agent_id == each for each in agent_ids],
        have_words=lambda words: words.are_in(Delivery.input_request_id),
        ids_of=lambda ids: select(Delivery.id).where(Delivery.input_request_id.in_(ids)),
        steps=(FIRST_STEPS, MORE_STEPS),
    )
    return fetch_searched(searched, words_of_query(workspace, filters.search), page_request)
