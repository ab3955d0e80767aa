"""What several people say to one request: the rows, and when an outcome stands.

An outcome, an answer or a decline, stands as soon as as many people said it as it takes: another
answer counts for itself. Who may say something, and what follows, is decisions/vote.py's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self, assert_never
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, insert, select, update
from sqlalchemy.orm import joinedload, with_expression

from opensink_web import clock
from opensink_web.json_value import JSONObject
from opensink_web.models import InputRequest, Membership, Quorum, User, Vote, VoteKind, db
from opensink_web.models.base import new_id
from opensink_web.models.sealed import sealed_values
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.accounts.membership import IS_ACTIVE
from opensink_web.operations.requests.answer import CheckedAnswer
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.schema.edits import differs

# Built once, because building a statement costs more than running it.
_ADD = insert(Vote)
_IS_MEANT = (
    Vote.request_id == bindparam("of_request"),
    Vote.step == bindparam("of_step"),
    Vote.user_id == bindparam("of_user"),
)
_REMOVE = delete(Vote).where(*_IS_MEANT)
_MOVE = update(Vote).where(*_IS_MEANT)
_IS_BY_MEMBER = exists().where(
    Membership.user_id == Vote.user_id,
    Membership.workspace_id == Vote.workspace_id,
    User.id == Membership.user_id,
    *IS_ACTIVE,
)


@dataclass(frozen=True, slots=True)
class Ballot:
    """What somebody says: an answer, or why there is to be none; `step` is the one in which it was
    checked.
    """

    kind: VoteKind
    response: JSONObject | None = None
    edited: list[str] | None = None
    reason: str | None = None
    step: int | None = None

    @classmethod
    def of(cls, answer: CheckedAnswer) -> Self:
        """Return an answer."""
        return cls(VoteKind.ANSWERED, answer.value, answer.edited, step=answer.step)

    def is_said_by(self, vote: Vote) -> bool:
        """Return True if a vote is for the same outcome, whatever its reason."""
        if vote.kind is not self.kind:
            return False
        return self.kind is VoteKind.DECLINED or not differs(
            self.response, vote.response, is_exact=True
        )


def is_voted_on(request: InputRequest) -> bool:
    """Return True if more than one person has to say the same, or one step follows another."""
    return request.required_responses > 1 or request.steps is not None


def step_of(request: InputRequest) -> int:
    """Return the step in which a request waits: what was said in others does not count in it."""
    return request.step


def needed_for(request: InputRequest, kind: VoteKind) -> int:
    """Return how many people have to say the same for it to stand."""
    match request.quorum or Quorum.FIRST_DECLINE:
        case Quorum.MAJORITY:
            return request.required_responses // 2 + 1
        case Quorum.FIRST_DECLINE:
            return 1 if kind is VoteKind.DECLINED else request.required_responses
        case quorum:
            assert_never(quorum)


def count_said(request: InputRequest, ballot: Ballot, votes: Sequence[Vote]) -> int:
    """Return how many people say the same, of those who voted in one step.

    Who has left or is deactivated does not count. Where a rule says who decides, somebody and the
    deputy who spoke in their place are one.
    """
    same = [each for each in votes if each.is_by_member and ballot.is_said_by(each)]
    if request.steps is None:
        return len(same)
    return len({each.cast_for_id or each.user_id or each.id for each in same})


def votes_of(request_ids: Collection[UUID]) -> dict[UUID, list[Vote]]:
    """Return what was said to requests, of every step, in the order in which it was said."""
    query = (
        select(Vote)
        .where(Vote.request_id.in_(request_ids))
        .options(
            joinedload(Vote.user),
            joinedload(Vote.cast_for),
            with_expression(Vote.is_by_member, _IS_BY_MEMBER),
        )
        .order_by(Vote.cast_at, Vote.id)
        .execution_options(populate_existing=True)
    )
    votes: dict[UUID, list[Vote]] = {}
    for vote in db.session.scalars(query):
        votes.setdefault(vote.request_id, []).append(vote)
    return votes


def votes_of_each(requests: Sequence[InputRequest]) -> dict[UUID, list[Vote]]:
    """Return what was said to those of the requests that are voted on; asks nothing for none."""
    ids = [each.id for each in requests if is_voted_on(each)]
    return votes_of(ids) if ids else {}


def standing_votes(request: InputRequest) -> list[Vote]:
    """Return what was said in the step in which a request waits."""
    votes = votes_of([request.id]).get(request.id, [])
    return [each for each in votes if each.step == step_of(request)]


def store_vote(
    request: InputRequest, ballot: Ballot, by: User, cast_for: User | None = None
) -> None:
    """Write down what somebody says, in place of what they said before; the asker is locked."""
    remove_vote(request, by.id)
    vote = {
        "id": new_id(),
        "workspace_id": request.workspace_id,
        "request_id": request.id,
        "step": step_of(request),
        "user_id": by.id,
        "cast_for_id": None if cast_for is None else cast_for.id,
        "cast_at": clock.now(),
        "kind": ballot.kind,
        "response": ballot.response,
        "edited": ballot.edited,
        "reason": ballot.reason,
        "request_digest": digest_of_request(request),
    }
    run_prepared(_ADD, sealed_values(Vote, vote))


def move_vote(request: InputRequest, by: User, from_step: int, cast_for: User | None) -> None:
    """Have what somebody said in another step count in the one in which a request waits now."""
    values = {
        "of_request": request.id,
        "of_step": from_step,
        "of_user": by.id,
        "step": step_of(request),
        "cast_for_id": None if cast_for is None else cast_for.id,
    }
    run_prepared(_MOVE, values)


def remove_vote(request: InputRequest, user_id: UUID) -> bool:
    """Forget what somebody has said in this step; return False if it was nothing."""
    values = {"of_request": request.id, "of_step": step_of(request), "of_user": user_id}
    return run_prepared(_REMOVE, values).rowcount == 1
