"""Deliveries: writing down that a call must leave, finding it, having it made again."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import defer, raiseload, selectinload

from opensink_web import clock
from opensink_web.errors import Conflict, NotFound
from opensink_web.models import (
    Agent,
    AgentSession,
    AttemptTrigger,
    Delivery,
    DeliveryAttempt,
    DeliveryKind,
    DeliveryStatus,
    InputRequest,
    SessionStatus,
    Workspace,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.models.transaction import announce_after_commit, rows_changed
from opensink_web.operations import page
from opensink_web.operations.agents.agent_session import lock_session, move_session

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


def deliver_resolution(request: InputRequest, session: AgentSession) -> Delivery | None:
    """Write down the call that tells a session's agent of an answer; None without an endpoint."""
    if not session.agent.has_endpoint:
        return None
    return _write(
        Delivery(
            id=new_id(),
            workspace_id=session.workspace_id,
            agent_id=session.agent_id,
            session_id=session.id,
            input_request_id=request.id,
            kind=DeliveryKind.INPUT_REQUEST_RESOLVED,
            business_key=f"input_request_resolved:{request.id}",
        )
    )


def deliver_test(agent: Agent) -> Delivery:
    """Write down a call that only shows what the endpoint answers. Raises: Conflict."""
    if not agent.has_endpoint:
        raise Conflict("The agent has no execution endpoint to test.")
    delivery_id = new_id()
    return _write(
        Delivery(
            id=delivery_id,
            workspace_id=agent.workspace_id,
            agent_id=agent.id,
            kind=DeliveryKind.TEST,
            business_key=f"test:{delivery_id}",
        )
    )


def redeliver(workspace: Workspace, delivery_id: UUID) -> Delivery:
    """Have a failed delivery made again, under the same id, its schedule begun anew.

    The session is processing again, unless the agent has moved it on meanwhile.
    Raises: NotFound; Conflict for one that has not failed.
    """
    delivery = find_delivery(workspace, delivery_id)
    session = lock_session(workspace, delivery.session_id) if delivery.session_id else None
    failed_because = delivery.error_message
    moment = clock.now()
    reopened = rows_changed(
        update(Delivery)
        .where(Delivery.id == delivery.id, Delivery.status == DeliveryStatus.FAILED)
        .values(
            status=DeliveryStatus.PENDING,
            next_trigger=AttemptTrigger.MANUAL,
            next_at=moment,
            round_attempt_count=0,
            recovery_count=0,
            error_message=None,
            finished_at=None,
            dispatched_at=moment,
            dispatch_no=Delivery.dispatch_no + 1,
        )
    )
    if reopened != 1:
        raise Conflict("Only a failed delivery can be made again.")
    db.session.refresh(delivery)
    if session is not None and (
        session.status is SessionStatus.FAILED or _waits_after(session, failed_because)
    ):
        session.error_message = None
        move_session(session, SessionStatus.PROCESSING_INPUT)
    announce_after_commit(delivery.id, delivery.dispatch_no)
    return delivery


def _waits_after(session: AgentSession, reason: str | None) -> bool:
    """Tell whether a session waits for another answer, and says that this call failed."""
    is_told = session.error_message is not None and session.error_message == reason
    return session.status is SessionStatus.WAITING_FOR_INPUT and is_told


def find_delivery(workspace: Workspace, delivery_id: UUID) -> Delivery:
    """Return a delivery with its attempts. Raises: NotFound."""
    delivery = db.session.get(Delivery, delivery_id, options=[selectinload(Delivery.attempts)])
    if delivery is None or delivery.workspace_id != workspace.id:
        raise NotFound("There is no such delivery.")
    return delivery


def find_delivery_of(request: InputRequest) -> Delivery | None:
    """Return the call that tells the agent of an answer, and its attempts without bodies."""
    query = (
        select(Delivery)
        .options(_WITHOUT_WHAT_WAS_SAID)
        .where(Delivery.input_request_id == request.id)
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    return db.session.scalars(query).first()


def list_deliveries(
    workspace: Workspace,
    wanted: DeliveryFilter,
    request: page.PageRequest,
    *,
    with_attempts: bool = False,
) -> page.Page[Delivery]:
    """Return deliveries, newest first; of attempts that are wanted all but what was said."""
    attempts = _WITHOUT_WHAT_WAS_SAID if with_attempts else raiseload(Delivery.attempts)
    query = (
        select(Delivery)
        .options(attempts, selectinload(Delivery.agent))
        .where(page.is_in(Delivery.workspace_id, workspace, wanted.session_id, wanted.agent_id))
    )
    query = page.narrowed(
        query,
        (Delivery.session_id, wanted.session_id),
        (Delivery.agent_id, wanted.agent_id),
        (Delivery.kind, wanted.kind),
        (Delivery.status, wanted.status),
    )
    return page.fetch(query, Delivery.id, request)


def _write(delivery: Delivery) -> Delivery:
    moment = clock.now()
    delivery.next_at = moment
    delivery.dispatched_at = moment
    delivery.dispatch_no = 0
    db.session.add(delivery)
    announce_after_commit(delivery.id, delivery.dispatch_no)
    return delivery
