"""Escalation as a kind of work: a step of a chain is carried out when its moment has come.

The group of a step is its workspace. Nothing leaves this server here: whom it tells is written
down, and told by notifications.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import literal, true

from opensink_web import clock
from opensink_web.models import Escalation
from opensink_web.operations.notifications.escalation import (
    COLUMNS,
    EscalationClaim,
    claims_of,
    finish_escalations,
    give_up_escalation,
)
from opensink_web.work.queue import Claims, Limits, Look, Source, oldest_due, taking
from opensink_web.work.tools import Tools

AT_ONCE = 32
"""How many of a workspace are carried out at once, over all workers."""
LATER = timedelta(minutes=1)
_IS_OPEN = true()
_DUE = oldest_due(Escalation, _IS_OPEN, *COLUMNS)
_TAKE = taking(Escalation)


class Escalations:
    """Each step is carried out at its moment."""

    model = Escalation
    is_urgent = False

    def __init__(self, limits: Limits) -> None:
        self.sources = (Source(_IS_OPEN, lambda _: literal(AT_ONCE)),)

    def shared_with(self, claim: EscalationClaim) -> Sequence[str]:
        """A workspace's group is of steps alone."""
        return ()

    def claim(self, look: Look) -> Claims[EscalationClaim]:
        """Take what has come in a workspace."""
        rows, has_more = look.cut(look.due(_DUE), AT_ONCE)
        if not rows:
            return Claims(has_more=has_more)
        return Claims(claims_of(rows, look.take(_TAKE, rows)), has_more)

    def carry_out(self, claim: EscalationClaim, tools: Tools) -> None:
        """All there is to do is written down."""

    def finish(self, settled: Sequence[tuple[EscalationClaim, None]]) -> None:
        """Carry out what was due."""
        finish_escalations([claim for claim, _ in settled])

    def ended(self, row_id: UUID, reason: str) -> dict[str, object]:
        """Keep one that nothing can be done with: it is tried again."""
        return {"next_at": clock.now() + LATER, "recovery_count": 0}

    def give_up(self, claim: EscalationClaim, reason: str) -> None:
        """Try it again."""
        give_up_escalation(claim, reason)
