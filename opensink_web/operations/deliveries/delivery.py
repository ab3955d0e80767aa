"""Deliveries: writing down that a call must leave, and having it made again."""

from uuid import UUID

from sqlalchemy import delete, insert, update

from opensink_web import clock
from opensink_web.errors import Conflict
from opensink_web.models import (
    Agent,
    AgentSession,
    AttemptTrigger,
    AuditAction,
    Delivery,
    DeliveryFact,
    DeliveryKind,
    DeliveryStatus,
    InputRequest,
    SessionStatus,
    SubjectKind,
    Workspace,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.models.delivery import business_key_of
from opensink_web.models.traced import trace_of, trace_values
from opensink_web.models.transaction import (
    Area,
    changed_after_commit,
    notify_after_commit,
    rows_changed,
    run_prepared,
)
from opensink_web.operations.agents.agent_session import lock_session, move_session
from opensink_web.operations.audit.record import record
from opensink_web.operations.deliveries.queries import find_delivery
from opensink_web.trace_context import current_trace

_ADD = insert(Delivery)


def deliver_resolution(request: InputRequest, session: AgentSession) -> None:
    """Write down the call that tells of an answer: of the request's resume URL, or of the endpoint
    of its session's agent, whichever there is.

    It belongs to the trace of who asked; only without one to that of the program that decided.
    """
    is_resumed = request.sealed_resume is not None
    delivery_id, moment = new_id(), clock.now()
    row = {
        "id": delivery_id,
        "created_at": moment,
        "updated_at": moment,
        "workspace_id": session.workspace_id,
        "agent_id": session.agent_id,
        "session_id": session.id,
        "input_request_id": request.id,
        "kind": DeliveryKind.RESUME if is_resumed else DeliveryKind.INPUT_REQUEST_RESOLVED,
        "business_key": f"input_request_resolved:{request.id}",
        "next_at": moment,
        **trace_values(trace_of(request) or current_trace()),
    }
    run_prepared(_ADD, row)
    _notify(session.workspace_id, session.agent_id)


def deliver_comment(comment_id: UUID, request: InputRequest, session: AgentSession) -> None:
    """Write down the call that tells a session's agent, which has an endpoint, of a comment."""
    _write(
        Delivery(
            workspace_id=session.workspace_id,
            agent_id=session.agent_id,
            session_id=session.id,
            input_request_id=request.id,
            kind=DeliveryKind.COMMENT,
            business_key=business_key_of(comment_id),
            **trace_values(trace_of(request) or current_trace()),
        )
    )


def deliver_test(agent: Agent) -> Delivery:
    """Write down a call that only shows what the endpoint answers. Raises: Conflict."""
    if not agent.has_endpoint:
        raise Conflict("The agent has no execution endpoint to test.")
    delivery_id = new_id()
    tested = (AuditAction.ENDPOINT_TESTED, agent.workspace_id, SubjectKind.AGENT, agent.id)
    record(*tested, {"delivery": str(delivery_id)})
    return _write(
        Delivery(
            id=delivery_id,
            workspace_id=agent.workspace_id,
            agent_id=agent.id,
            kind=DeliveryKind.TEST,
            business_key=f"test:{delivery_id}",
            **trace_values(current_trace()),
        )
    )


def redeliver(workspace: Workspace, delivery_id: UUID) -> Delivery:
    """Have a failed delivery made again, under the same id, its schedule begun anew.

    The session is processing again, unless the agent has moved it on meanwhile, or waits for no
    call, as with a comment's.
    Raises: NotFound; Conflict for one that has not failed.
    """
    delivery = find_delivery(workspace, delivery_id)
    session = None
    if delivery.session_id is not None and delivery.kind is not DeliveryKind.COMMENT:
        session = lock_session(workspace, delivery.session_id)
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
            **trace_values(trace_of(delivery) or current_trace()),
        )
    )
    if reopened != 1:
        raise Conflict("Only a failed delivery can be made again.")
    # it counts again once it has ended anew
    rows_changed(delete(DeliveryFact).where(DeliveryFact.delivery_id == delivery.id))
    record(AuditAction.DELIVERY_REPEATED, workspace.id, SubjectKind.DELIVERY, delivery.id)
    db.session.refresh(delivery)
    if session is not None and (
        session.status is SessionStatus.FAILED or _waits_after(session, failed_because)
    ):
        session.error_message = None
        move_session(session, SessionStatus.PROCESSING_INPUT)
    _notify(workspace.id, delivery.agent_id)
    return delivery


def _waits_after(session: AgentSession, reason: str | None) -> bool:
    """Return True if a session waits for another answer, and says that this call failed."""
    is_of_the_call = session.error_message is not None and session.error_message == reason
    return session.status is SessionStatus.WAITING_FOR_INPUT and is_of_the_call


def _write(delivery: Delivery) -> Delivery:
    moment = clock.now()
    delivery.next_at = moment
    db.session.add(delivery)
    _notify(delivery.workspace_id, delivery.agent_id)
    return delivery


def _notify(workspace_id: UUID, agent_id: UUID) -> None:
    """Wake a worker to make the call, and show the reader of the page that there is one."""
    notify_after_commit(Delivery, agent_id)
    changed_after_commit(workspace_id, Area.DELIVERIES)
