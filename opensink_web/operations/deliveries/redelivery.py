"""Calls that a person wants made now: all that failed of an agent, and one that waits."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, literal_column, select, update

from opensink_web import clock
from opensink_web.errors import Conflict
from opensink_web.models import (
    AttemptTrigger,
    AuditAction,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    SubjectKind,
    Workspace,
    db,
)
from opensink_web.models.transaction import (
    Area,
    changed_after_commit,
    notify_after_commit,
    reading,
    rows_changed,
    writing,
)
from opensink_web.operations.agents.queries import find_agent
from opensink_web.operations.audit.record import record
from opensink_web.operations.deliveries.delivery import redeliver
from opensink_web.operations.deliveries.queries import find_delivery
from opensink_web.operations.idempotency import HeldKey

REDELIVERED_MAX = 500
"""So many failed calls are made again in one go."""
_SLICE_SIZE = 20
"""So many in one transaction: others write in between."""
_IS_FAILED = Delivery.status == literal_column("'failed'")  # written out, for its partial index


@dataclass(frozen=True, slots=True)
class Redelivered:
    """How many failed calls are made again; `has_more` where there were more than go at once."""

    count: int
    has_more: bool


def count_failed(workspace: Workspace, agent_id: UUID) -> int:
    """Count the failed calls of an agent that can be made again, up to REDELIVERED_MAX + 1."""
    failed = _failed(workspace, agent_id).limit(REDELIVERED_MAX + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(failed)) or 0


def redeliver_failed(
    workspace: Workspace, agent_id: UUID, key: HeldKey | None = None
) -> Redelivered:
    """Have the failed calls of an agent made again, the oldest first; commits slice by slice.

    One that somebody else has had made again meanwhile is passed over; test calls are left alone.
    `key` is held meanwhile. Raises: NotFound; Conflict when somebody else has taken the key.
    """
    with reading():
        find_agent(workspace, agent_id)
        query = _failed(workspace, agent_id).order_by(Delivery.id).limit(REDELIVERED_MAX + 1)
        rows = db.session.execute(query).all()
    failed, count = rows[:REDELIVERED_MAX], 0
    for start in range(0, len(failed), _SLICE_SIZE):
        # sessions are locked in the order of their ids, as everywhere
        part = sorted(failed[start : start + _SLICE_SIZE], key=lambda row: str(row.session_id))
        with writing():
            if key is not None:
                key.renew()
            for row in part:
                with suppress(Conflict):  # it has not failed any more
                    redeliver(workspace, row.id)
                    count += 1
    return Redelivered(count, has_more=len(rows) > REDELIVERED_MAX)


def try_now(workspace: Workspace, delivery_id: UUID) -> Delivery:
    """Have a call that waits, for its next attempt or the endpoint's health, made at once.

    Raises: NotFound; Conflict for one that is under way or has ended.
    """
    delivery = find_delivery(workspace, delivery_id)
    moved = rows_changed(
        update(Delivery)
        .where(
            Delivery.id == delivery.id,
            Delivery.status == DeliveryStatus.PENDING,
            Delivery.lease_until.is_(None),
        )
        .values(next_at=clock.now(), next_trigger=AttemptTrigger.MANUAL)
    )
    if moved != 1:
        raise Conflict("The call is under way, or has ended, so there is nothing to wait for.")
    record(AuditAction.DELIVERY_HASTENED, workspace.id, SubjectKind.DELIVERY, delivery.id)
    notify_after_commit(Delivery, delivery.agent_id)
    changed_after_commit(workspace.id, Area.DELIVERIES)
    return delivery


def _failed(workspace: Workspace, agent_id: UUID) -> Select[UUID, UUID | None]:
    return select(Delivery.id, Delivery.session_id).where(
        Delivery.agent_id == agent_id,
        func.coalesce(Delivery.workspace_id, Delivery.workspace_id) == workspace.id,  # by no index
        Delivery.kind != DeliveryKind.TEST,
        _IS_FAILED,
    )
