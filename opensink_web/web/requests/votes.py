"""What several people have said to a request, for those who look at it; no secret of theirs."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opensink_web.errors import UnreadableSecret
from opensink_web.models import InputRequest, InputRequestStatus, Quorum, Vote, VoteKind
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.requests.answer import decision
from opensink_web.operations.requests.vote import (
    Ballot,
    count_said,
    is_voted_on,
    needed_for,
    step_of,
    votes_of_each,
)
from opensink_web.schema.edits import proposal_of
from opensink_web.web.rendering.stored_answer import StoredAnswer, stored_answer


@dataclass(frozen=True, slots=True)
class ShownVote:
    """What one person has said: in one word, and the answer, or the reason why there is none.

    `is_over`: it was said in a step before.
    """

    id: UUID
    who: str
    is_own: bool
    is_over: bool
    word: str
    at: datetime
    reason: str | None
    answer: StoredAnswer | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a request is: of those who have to say the same, `count` of `needed` do; `own` is the
    word for what the reader has said, "" where they have not. `has_passed_on`: they have in a step
    before.
    """

    count: int
    needed: int
    own: str
    has_passed_on: bool = False

    @property
    def words(self) -> str:
        """Say it in the row of a list; "" where one person is enough, as in a step of a rule."""
        return f"{self.count} of {self.needed}" if self.needed > 1 else ""


@dataclass(frozen=True, slots=True)
class ShownVotes:
    """What was said to a request, and what it waits for."""

    tally: Tally
    votes: Sequence[ShownVote]
    words: str

    @property
    def own_word(self) -> str:
        """What the reader said last, in whichever step; "" for nothing."""
        return next((each.word for each in reversed(self.votes) if each.is_own), "")

    @property
    def fact(self) -> tuple[object, ...]:
        """What changes when anybody says something."""
        return self.tally.words, *(each.id for each in self.votes)


def tallies_of(principal: Principal, requests: Sequence[InputRequest]) -> Mapping[UUID, Tally]:
    """Return how far those are that several people have to answer."""
    votes = votes_of_each(requests)
    return {
        each.id: _tally(principal, each, votes.get(each.id, []))
        for each in requests
        if is_voted_on(each)
    }


def votes_shown(principal: Principal, input_request: InputRequest) -> ShownVotes | None:
    """Return what was said to a request; None where one person decides."""
    if not is_voted_on(input_request):
        return None
    votes = votes_of_each([input_request]).get(input_request.id, [])
    tally = _tally(principal, input_request, votes)
    shown = [_shown(principal, input_request, each) for each in votes]
    return ShownVotes(tally, shown, _words(input_request, tally))


def _tally(principal: Principal, input_request: InputRequest, votes: Sequence[Vote]) -> Tally:
    standing = [each for each in votes if each.step == step_of(input_request)]
    own = [each for each in standing if each.user_id == principal.user.id]
    counts = [(0, needed_for(input_request, VoteKind.ANSWERED))]
    with suppress(UnreadableSecret):
        for vote in standing:
            said = count_said(input_request, Ballot(vote.kind, vote.response), standing)
            counts.append((said, needed_for(input_request, vote.kind)))
    count, needed = max(counts, key=lambda each: each[0] - each[1])
    passed_on = any(
        each.user_id == principal.user.id and each.step < step_of(input_request) for each in votes
    )
    return Tally(count, needed, _word(input_request, own[0]) if own else "", passed_on)


def _words(input_request: InputRequest, tally: Tally) -> str:
    if input_request.status is not InputRequestStatus.PENDING or not tally.words:
        return ""
    people = input_request.required_responses
    if input_request.quorum is Quorum.MAJORITY:
        return f"{tally.words} say the same so far. It takes more than half of {people} people."
    alone = " One decline ends it." if input_request.allow_decline else ""
    return f"{tally.words} say the same so far. It takes {people} people.{alone}"


def _word(input_request: InputRequest, vote: Vote) -> str:
    is_answer = vote.kind is VoteKind.ANSWERED
    status = InputRequestStatus.RESOLVED if is_answer else InputRequestStatus.DECLINED
    return decision(input_request.kind, status)


def _shown(principal: Principal, input_request: InputRequest, vote: Vote) -> ShownVote:
    answer, reason = None, None
    with suppress(UnreadableSecret):
        answer, reason = _answer_of(input_request, vote), vote.reason
    who = vote.user.email if vote.user else "Somebody who has left"
    if vote.user and not vote.is_by_member and input_request.status is InputRequestStatus.PENDING:
        who = f"{who}, who does not count any more,"
    return ShownVote(
        id=vote.id,
        who=f"{who} for {vote.cast_for.email}" if vote.cast_for else who,
        is_own=vote.user_id == principal.user.id,
        is_over=vote.step != step_of(input_request),
        word=_word(input_request, vote),
        at=vote.cast_at,
        reason=reason,
        answer=answer,
    )


def _answer_of(input_request: InputRequest, vote: Vote) -> StoredAnswer | None:
    schema, response = input_request.schema, vote.response
    if response is None:
        return None
    proposal = proposal_of(schema, input_request.proposed_response)
    if proposal is None or vote.edited is None:
        return stored_answer(schema, response)
    return stored_answer(schema, response, proposal.value, vote.edited)
