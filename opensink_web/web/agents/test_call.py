"""How a test call to an agent's endpoint stands, for the part of the page that shows it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from opensink_web import clock
from opensink_web.errors import NotFound, UnreadableSecret
from opensink_web.models import Agent, Delivery, DeliveryAttempt, DeliveryKind, DeliveryStatus
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.agents.queries import endpoint_of
from opensink_web.operations.deliveries.queries import find_delivery
from opensink_web.operations.deliveries.record import attempts_of
from opensink_web.services import Services
from opensink_web.web.rendering.live import version_of

_LATE_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class TestCall:
    """A test call and its newest attempt; `lacks_worker` and `is_late` explain the waiting."""

    delivery: Delivery
    attempt: DeliveryAttempt | None
    max_attempts: int
    lacks_worker: bool
    is_late: bool

    @property
    def is_waiting(self) -> bool:
        return self.delivery.status is DeliveryStatus.PENDING

    @property
    def version(self) -> str:
        """Changes whenever the page would look different."""
        outcome = self.attempt.outcome if self.attempt else None
        delivery = self.delivery
        return version_of(
            delivery.status, delivery.attempt_count, outcome, self.lacks_worker, self.is_late
        )


def find_test_call(
    principal: Principal, agent: Agent, delivery_id: UUID, services: Services
) -> TestCall:
    """Raises: NotFound, also for a call that is no test of this agent."""
    delivery = find_delivery(principal.workspace, delivery_id)
    if delivery.agent_id != agent.id or delivery.kind is not DeliveryKind.TEST:
        raise NotFound("This test call does not exist.")
    attempts = attempts_of(delivery)
    attempt = attempts[-1] if attempts else None
    has_not_begun = delivery.status is DeliveryStatus.PENDING and attempt is None
    return TestCall(
        delivery=delivery,
        attempt=attempt,
        max_attempts=_max_attempts(agent),
        lacks_worker=has_not_begun and not services.readiness().workers,
        is_late=has_not_begun and clock.now() - delivery.created_at > _LATE_AFTER,
    )


def _max_attempts(agent: Agent) -> int:
    with suppress(UnreadableSecret):
        endpoint = endpoint_of(agent)
        return endpoint.retry.max_attempts if endpoint else 1
    return 1
