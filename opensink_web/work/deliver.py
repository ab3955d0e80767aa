"""The job: look at delivery N, and if it is due, make its call."""

from contextvars import ContextVar
from uuid import UUID

from opensink_web.models.transaction import writing
from opensink_web.operations.deliveries.attempt import claim
from opensink_web.operations.deliveries.outcome import finish
from opensink_web.outbound.client import Client
from opensink_web.settings import CALLS_PER_AGENT_DEFAULT

outbound_client: ContextVar[Client] = ContextVar("outbound_client")
"""Set once by the worker: connections are kept from one job to the next."""

calls_per_agent: ContextVar[int] = ContextVar("calls_per_agent", default=CALLS_PER_AGENT_DEFAULT)
"""Set once by the worker to what the operator allows."""


def deliver(delivery_id: str) -> None:
    """Claim the delivery, make the call outside any transaction, write down how it went."""
    with writing():
        claimed = claim(UUID(delivery_id), calls_per_agent.get())
    if claimed is None:
        return
    answer = outbound_client.get().send(claimed.call)
    with writing():
        finish(claimed, answer)
