"""Deadlines that have come: what happens to the requests then, for the worker that holds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never
from uuid import UUID

from sqlalchemy import Row

from opensink_web import clock
from opensink_web.models import Deadline, DeadlineKind
from opensink_web.models.leased import RECOVERIES_MAX
from opensink_web.operations.decisions.asker import lock_askers
from opensink_web.operations.decisions.expiry import expire
from opensink_web.operations.decisions.holding import give_back, take_effect
from opensink_web.operations.decisions.standing_use import lock_approvals, use_standing_approval
from opensink_web.operations.requests.deadline import postpone_deadline, take_deadline
from opensink_web.operations.requests.standing_approval import Question, Use, questions_of

COLUMNS = (
    Deadline.id,
    Deadline.workspace_id,
    Deadline.request_id,
    Deadline.kind,
    Deadline.recovery_count,
)
"""What is read of a deadline that has come."""
AGAIN = timedelta(seconds=2)
"""How long one waits that could not be carried out, before it is tried again."""


@dataclass(frozen=True, slots=True)
class DeadlineClaim:
    """The right to have happen what a deadline says; `failure_count` is how often that failed.

    `question` is what may be approved by a standing approval, where that is what it is about.
    """

    id: UUID
    group_id: UUID
    lease_token: str
    request_id: UUID
    kind: DeadlineKind
    failure_count: int
    question: Question | None = None


def claims_of(rows: Sequence[Row[tuple[object, ...]]], lease_token: str) -> list[DeadlineClaim]:
    """Read what it takes to carry out deadlines that were taken."""
    standing = [row.request_id for row in rows if row.kind is DeadlineKind.STANDING]
    questions = questions_of(standing)
    return [
        DeadlineClaim(
            row.id,
            row.workspace_id,
            lease_token,
            row.request_id,
            row.kind,
            row.recovery_count,
            questions.get(row.request_id) if row.kind is DeadlineKind.STANDING else None,
        )
        for row in rows
    ]


def finish_deadlines(settled: Sequence[tuple[DeadlineClaim, Use | None]]) -> None:
    """Have happen what the deadlines say that are still held; the others are left alone.

    With each is what standing approvals let be answered, if any do.
    """
    lock_askers([claim.request_id for claim, _ in settled])
    granters = lock_approvals({each for _, use in settled if use for each in use.approval_ids})
    for claim, use in sorted(settled, key=lambda each: each[0].request_id):
        if not take_deadline(claim.id, claim.lease_token):
            continue
        match claim.kind:
            case DeadlineKind.EFFECT:
                take_effect(claim.request_id)
            case DeadlineKind.EXPIRY:
                expire(claim.request_id)
            case DeadlineKind.STANDING:
                if use is not None:
                    use_standing_approval(use, granters)
            case _:
                assert_never(claim.kind)


def give_up_deadline(claim: DeadlineClaim, reason: str) -> None:
    """Try one again a few times that could not be carried out; and then let people decide."""
    lock_askers([claim.request_id])
    if claim.failure_count < RECOVERIES_MAX or claim.kind is DeadlineKind.EXPIRY:
        moment = clock.now() + AGAIN * (claim.failure_count + 1)
        postpone_deadline(claim.id, claim.lease_token, moment, claim.failure_count + 1)
    elif take_deadline(claim.id, claim.lease_token) and claim.kind is DeadlineKind.EFFECT:
        give_back(claim.request_id, reason)
