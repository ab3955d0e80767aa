"""Deadlines as a kind of work: a decision that was held takes effect, a request expires, what is
asked is held against standing approvals.

The group of a deadline is its workspace. Nothing leaves this server, so there is little to do but
to write down what happens.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import literal, true

from opensink_web import clock
from opensink_web.models import Deadline, DeadlineKind
from opensink_web.operations.decisions.deadline import (
    COLUMNS,
    DeadlineClaim,
    claims_of,
    finish_deadlines,
    give_up_deadline,
)
from opensink_web.operations.requests.standing_approval import Use
from opensink_web.work.queue import Claims, Limits, Look, Source, oldest_due, taking
from opensink_web.work.tools import Tools

AT_ONCE = 64
"""How many of a workspace are carried out at once, over all workers."""
LATER = timedelta(minutes=1)
_IS_OPEN = true()
_DUE = oldest_due(Deadline, _IS_OPEN, *COLUMNS)
_EFFECTS_DUE = oldest_due(Deadline, Deadline.kind == DeadlineKind.EFFECT, *COLUMNS)
_TAKE = taking(Deadline)


class Deadlines:
    """Each is carried out at its moment."""

    model = Deadline
    is_urgent = True

    def __init__(self, limits: Limits) -> None:
        self.sources = (Source(_IS_OPEN, lambda _: literal(AT_ONCE)),)

    def shared_with(self, claim: DeadlineClaim) -> Sequence[str]:
        """A workspace's group is of deadlines alone."""
        return ()

    def claim(self, look: Look) -> Claims[DeadlineClaim]:
        """Take what has come in a workspace."""
        due = look.due(_DUE)
        if len(due) > look.most:
            # thousands may expire at one moment; somebody waits for what they have just decided
            effects = look.due(_EFFECTS_DUE)
            due = [*effects, *(each for each in due if each.kind is not DeadlineKind.EFFECT)]
        rows, has_more = look.cut(due[: look.most + 1], AT_ONCE)
        if not rows:
            return Claims(has_more=has_more)
        return Claims(claims_of(rows, look.take(_TAKE, rows)), has_more)

    def carry_out(self, claim: DeadlineClaim, tools: Tools) -> Use | None:
        """Look which standing approvals hold; all else there is to do is written down."""
        return None if claim.question is None else claim.question.use()

    def finish(self, settled: Sequence[tuple[DeadlineClaim, Use | None]]) -> None:
        """Have happen what was due."""
        finish_deadlines(settled)

    def ended(self, row_id: UUID, reason: str) -> dict[str, object]:
        """Keep one that nothing can be done with: its request would wait for it forever."""
        return {"next_at": clock.now() + LATER, "recovery_count": 0}

    def give_up(self, claim: DeadlineClaim, reason: str) -> None:
        """Try it again, or let people decide anew."""
        give_up_deadline(claim, reason)
