"""How calls to agents are claimed and finished step by step, as a worker does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from opensink_web.models import Delivery, db
from opensink_web.models.transaction import writing
from opensink_web.operations.deliveries.attempt import DeliveryClaim
from opensink_web.operations.deliveries.outcome import finish_deliveries
from opensink_web.operations.deliveries.result import result_of
from opensink_web.outbound.client import Client, Response
from opensink_web.work.deliveries import Deliveries
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Claims, Limits, Look, Queue
from tests.support.scenarios import POLICY

LIMIT = 8


@lru_cache
def _queue(limit: int) -> Queue:
    return Queue(kinds_within(Limits(calls_per_agent=limit, calls_per_function=limit)))


class _OneOf(Deliveries):
    """Deliveries of which but one is due."""

    def __init__(self, delivery_id: UUID, limit: int) -> None:
        super().__init__(Limits(limit, limit))
        self._delivery_id = delivery_id

    def claim(self, look: Look) -> Claims[DeliveryClaim]:
        return super().claim(
            _LookForOne(
                look.group_id, look.moment, look.counting, look.most, wanted=self._delivery_id
            )
        )


@dataclass(frozen=True)
class _LookForOne(Look):
    wanted: UUID | None = None

    def due(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        """Return the row that is wanted, if it is due."""
        found = Look.due(replace(self, most=1000), statement)
        return [row for row in found if row.id == self.wanted]


def claim_delivery(delivery_id: UUID, limit: int = LIMIT) -> DeliveryClaim | None:
    """Take one delivery, in the transaction that is open; fail it if it is not to be called."""
    delivery = db.session.get(Delivery, delivery_id, populate_existing=True)
    if delivery is None:
        return None
    found = _queue(limit).claim(_OneOf(delivery_id, limit), delivery.agent_id, 1).taken
    if found and found[0].attempt is None:
        finish_deliveries([(found[0], None)])
        return None
    return found[0] if found else None


def set_aside(delivery_id: UUID) -> None:
    """Let a delivery, the only one of its agent that is due, wait as one that cannot be claimed."""
    with writing():
        agent_id = db.session.get_one(Delivery, delivery_id).agent_id
        _queue(LIMIT).set_aside(Deliveries(Limits(LIMIT, LIMIT)), agent_id, "It broke.")


def finish_delivery(claim: DeliveryClaim, answer: Response) -> bool:
    """Write down how a call went, in the transaction that is open."""
    return finish_together([claim], answer) == [claim.id]


def finish_together(claims: Sequence[DeliveryClaim], answer: Response) -> list[UUID]:
    """Write down how several calls went; return the deliveries of those whose leases were held."""
    settled = []
    for claim in claims:
        attempt = claim.attempt
        result = None if attempt is None else result_of(attempt, attempt.call, answer)
        settled.append((claim, result))
    return finish_deliveries(settled)


def deliver(delivery_id: UUID, client: Client | None = None) -> None:
    """Claim a delivery, make its call, and write down how it went."""
    with writing():
        claim = claim_delivery(delivery_id)
    if claim is None or claim.attempt is None:
        return
    with client or Client(POLICY) as opened:
        answer = opened.send(claim.attempt.call)
    with writing():
        finish_delivery(claim, answer)
