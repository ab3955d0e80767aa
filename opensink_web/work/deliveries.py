"""Deliveries as a kind of work: the calls that tell an agent of an answer.

The group of a delivery is its agent, which it shares with the agent's chats.
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, Table, and_, bindparam, literal, literal_column, or_, select

from opensink_web import clock
from opensink_web.models import AgentSession, Delivery, DeliveryKind, DeliveryStatus, Execution, db
from opensink_web.operations.agents.queries import HealthStatus
from opensink_web.operations.deliveries.attempt import (
    COLUMNS,
    DeliveryClaim,
    DeliveryTarget,
    begin_attempts,
    joined,
    own_target_of,
    refusal_of,
    refused,
    target_of,
)
from opensink_web.operations.deliveries.outcome import finish_deliveries, give_up_delivery
from opensink_web.operations.deliveries.result import CallResult, result_of
from opensink_web.trace_context import tracing
from opensink_web.work.agent_group import limit_of_agent
from opensink_web.work.queue import MOMENT, Claims, Limits, Look, Source, oldest_due, taking
from opensink_web.work.tools import Tools

_IS_OPEN = Delivery.status == literal_column("'pending'")
_IS_ASKED = or_(
    Delivery.kind.in_((literal_column("'test'"), literal_column("'resume'"))),
    Delivery.next_trigger == literal_column("'manual'"),
)
"""It does not wait for the endpoint's health: a person asked for it, or it has an address of its
own.
"""
_SESSIONS = cast("Table", AgentSession.__table__)
_IS_THERE = or_(
    Delivery.session_id.is_(None),
    Delivery.session_id.not_in(select(_SESSIONS.c.id).where(_SESSIONS.c.deleted_at.is_not(None))),
)
_DUE = joined(oldest_due(Delivery, _IS_OPEN, *COLUMNS).where(_IS_THERE))
_DUE_ASKED = _DUE.where(_IS_ASKED)
_REFUSE = taking(Delivery, updated_at=MOMENT, call_began_at=None, called_endpoint=None)
_TAKE = taking(
    Delivery,
    updated_at=MOMENT,
    attempt_count=Delivery.attempt_count + 1,
    round_attempt_count=Delivery.round_attempt_count + 1,
    call_began_at=MOMENT,
    called_endpoint=bindparam("called_endpoint"),
)


class Deliveries:
    """Each is made when its agent's limit allows."""

    model = Delivery
    is_urgent = True

    def __init__(self, limits: Limits) -> None:
        limit = self._limit = limits.calls_per_agent
        self.sources = (
            Source(and_(_IS_OPEN, _IS_THERE), lambda agent_id: limit_of_agent(agent_id, limit)),
            Source(and_(_IS_OPEN, _IS_ASKED, _IS_THERE), lambda _: literal(limit)),
        )

    def shared_with(self, claim: DeliveryClaim) -> Sequence[str]:
        """An agent is called for chats too."""
        return (Execution.__tablename__,)

    def claim(self, look: Look) -> Claims[DeliveryClaim]:
        """Take what is due for an agent."""
        db.session.flush()  # a call that has just ended may have changed the agent's health
        rows = look.due(_DUE)
        if not rows:
            return Claims()
        target = target_of(rows[0])
        rows, has_more = self._cut(look, rows, target)
        claims: list[DeliveryClaim] = []
        to_agent = [row for row in rows if row.kind is not DeliveryKind.RESUME]
        if to_agent:
            claims += self._begin(look, to_agent, target)
        for row in rows:
            if row.kind is DeliveryKind.RESUME:
                claims += self._begin(look, [row], own_target_of(row))
        return Claims(claims, has_more)

    def _begin(
        self, look: Look, rows: Sequence[Row[Any]], target: DeliveryTarget
    ) -> list[DeliveryClaim]:
        """Take what is due for one target: to be called, or to end without a call."""
        ending = [row for row in rows if refusal_of(row, target) is not None]
        beginning = [row for row in rows if refusal_of(row, target) is None]
        claims: list[DeliveryClaim] = []
        if ending:
            token = look.take(_REFUSE, ending)
            claims += [refused(row, token, refusal_of(row, target) or "") for row in ending]
        if beginning:
            token = look.take(_TAKE, beginning, called_endpoint=target.sealed_endpoint)
            claims += begin_attempts(beginning, token, target, look.moment)
        return claims

    def carry_out(self, claim: DeliveryClaim, tools: Tools) -> CallResult | None:
        """Make the call, and what is kept of it."""
        if claim.attempt is None:
            return None
        with tracing(claim.attempt.trace):
            call = claim.attempt.call
            return result_of(claim.attempt, call, tools.client.send(call))

    def finish(self, settled: Sequence[tuple[DeliveryClaim, CallResult | None]]) -> None:
        """Write down how they went."""
        finish_deliveries(settled)

    def ended(self, row_id: UUID, reason: str) -> dict[str, object]:
        """Return what the row of one says that failed for an error of ours."""
        moment = clock.now()
        return {
            "status": DeliveryStatus.FAILED,
            "error_message": reason,
            "finished_at": moment,
            "updated_at": moment,
            "call_began_at": None,
            "called_endpoint": None,
        }

    def give_up(self, claim: DeliveryClaim, reason: str) -> None:
        """Fail it."""
        give_up_delivery(claim, reason)

    def _cut(
        self, look: Look, rows: Sequence[Row[Any]], target: DeliveryTarget
    ) -> tuple[Sequence[Row[Any]], bool]:
        """An endpoint that fails is called once in a while only, one call at a time; but what a
        person asked for is called at once.
        """
        health = target.health
        if health is None or health.status is HealthStatus.HEALTHY:
            return look.cut(rows, self._limit)
        if by_people := look.due(_DUE_ASKED):
            return look.cut(by_people, self._limit)
        return ([], False) if health.is_paused else look.cut(rows, 1)
