"""How far a call is in its attempts, in words: `2 of 5`."""

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from opensink_web.errors import UnreadableSecret
from opensink_web.models import Agent, Delivery, DeliveryStatus
from opensink_web.operations.agents.queries import endpoint_of


def attempts_in_words(deliveries: Iterable[Delivery]) -> dict[UUID, str]:
    """Say of each call how many attempts were made, and of how many where more can follow.

    Those before somebody had it made again do not count then: its schedule began anew.
    """
    most: dict[UUID, int | None] = {}
    words = {}
    for delivery in deliveries:
        words[delivery.id] = str(delivery.attempt_count)
        if delivery.status is not DeliveryStatus.PENDING:
            continue
        if delivery.agent_id not in most:  # decrypting it takes longer than all else here
            most[delivery.agent_id] = _attempts_max(delivery.agent)
        count, limit = delivery.round_attempt_count, most[delivery.agent_id]
        words[delivery.id] = str(count) if limit is None else f"{count} of {max(limit, count)}"
    return words


def _attempts_max(agent: Agent) -> int | None:
    """Return how often the agent's endpoint is called for one answer, None where nobody knows."""
    with suppress(UnreadableSecret):
        endpoint = endpoint_of(agent)
        return endpoint.retry.max_attempts if endpoint is not None else None
    return None
