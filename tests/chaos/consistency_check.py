"""What the database says after a death, and how time passes there. Within an app context."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update

from opensink_web import clock
from opensink_web.models import (
    AgentSession,
    Callback,
    Deadline,
    Delivery,
    DeliveryStatus,
    Execution,
    InputRequest,
    JobRun,
    db,
)
from opensink_web.models.transaction import reading, writing
from tests.chaos import invariants
from tests.chaos.clients import Question
from tests.chaos.one_moment import one_moment
from tests.support.scenarios import Waiting

_LONG_AGO = timedelta(minutes=5)


@dataclass(frozen=True)
class DeliveryState:
    """What became of an answer."""

    delivery_id: str
    status: str
    session_status: str
    attempts: tuple[str, ...]
    violations: list[str]


def delivery_state(waiting: Waiting) -> DeliveryState:
    with one_moment():
        delivery = db.session.scalars(
            select(Delivery).where(Delivery.input_request_id == waiting.request_id)
        ).one()
        response = db.session.get_one(InputRequest, waiting.request_id).response or {}
        return DeliveryState(
            delivery_id=str(delivery.id),
            status=delivery.status,
            session_status=db.session.get_one(AgentSession, waiting.session_id).status,
            attempts=tuple(str(attempt.outcome) for attempt in delivery.attempts),
            violations=invariants.violations(
                [Question(str(waiting.request_id), "", {}, response)], []
            ),
        )


def is_resolved(waiting: Waiting) -> bool:
    with reading():
        return db.session.get_one(InputRequest, waiting.request_id).resolved_at is not None


def count_deliveries() -> int:
    with reading():
        return db.session.scalars(select(func.count()).select_from(Delivery)).one()


def age() -> None:
    """Let five minutes pass for what is unfinished: leases end, and what is held takes effect."""
    with writing():
        for column in (Delivery.lease_until, Delivery.next_at):
            db.session.execute(
                update(Delivery)
                .where(Delivery.status == DeliveryStatus.PENDING, column.is_not(None))
                .values({column: clock.now() - _LONG_AGO})
            )
        past = clock.now() - _LONG_AGO
        db.session.execute(update(Deadline).values(next_at=past))
        is_leased = Deadline.lease_until.is_not(None)
        db.session.execute(update(Deadline).where(is_leased).values(lease_until=past))


def age_leases() -> None:
    """Let the leases of executions, callbacks and runs of jobs end."""
    with writing():
        for table in (Execution, Callback, JobRun):
            db.session.execute(
                update(table)
                .where(table.lease_until.is_not(None))
                .values(lease_until=clock.now() - _LONG_AGO)
            )


def are_callbacks_made() -> bool:
    """Return True if no callback is open; those of executions that run are not owed yet."""
    with reading():
        is_open = select(func.count()).where(Callback.finished_at.is_(None))
        return db.session.scalars(is_open).one() == 0
