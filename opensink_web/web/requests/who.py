"""Who decides a request, as its page says it: whose it is, who has taken it on, who has said what.

templates/input_request/_who.html draws it, and the bar that sends and the page ask it for the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from opensink_web.models import Absence, Assignment, Claim, InputRequest, InputRequestStatus
from opensink_web.operations.accounts.deputy import absences_of, stands_for
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.decisions.authority import why_not_decided_by
from opensink_web.operations.requests.assignment import assignments_of, own_of
from opensink_web.operations.requests.claim import claims_of
from opensink_web.operations.requests.policy import rule_name_of
from opensink_web.operations.requests.queries import who_types
from opensink_web.operations.requests.step import StepState, step_now
from opensink_web.web.rendering.live import version_of
from opensink_web.web.requests.votes import ShownVotes, votes_shown


@dataclass(frozen=True, slots=True)
class Who:
    """`assignments` say whose it is, of which `own` is the reader's own, or of somebody for whom
    they stand in; `away` are those who are away, by id. `claim` says who has taken it on, and
    whether that `is_claimed_by_another`; `why_not` is why the reader may not decide, "" where they
    may; `step` is that of the rule by which it is decided, and `rule_name` how that is called where
    it holds for what was answered; `typing` are the others who are at an answer; `votes` what
    several people have said, where more than one has to.
    """

    is_pending: bool
    assignments: Sequence[Assignment]
    own: Assignment | None
    away: Mapping[UUID, Absence]
    claim: Claim | None
    is_claimed_by_another: bool
    why_not: str
    step: StepState | None
    typing: Sequence[str]
    votes: ShownVotes | None
    rule_name: str = ""

    @property
    def is_forbidden(self) -> bool:
        return self.why_not != ""

    @property
    def version(self) -> str:
        """Change when anything of it does."""
        return version_of(
            self.is_pending,
            self.step and (self.step.number, self.step.was_opened),
            [(each.id, each.user_id in self.away) for each in self.assignments],
            self.claim and (self.claim.user_id, self.claim.claimed_at),
            self.typing,
            self.votes and self.votes.fact,
        )


def who_of(principal: Principal, input_request: InputRequest) -> Who:
    """Look up who decides a request now."""
    reader_id = principal.user.id
    is_pending = input_request.status is InputRequestStatus.PENDING
    assignments = assignments_of([input_request.id]).get(input_request.id, [])
    assigned = {each.user_id for each in assignments if each.user_id is not None}
    stands_in = stands_for(principal.workspace.id, reader_id) if assigned else ()
    claim = claims_of([input_request]).get(input_request.id)
    step = step_now(input_request) if is_pending else None
    votes = votes_shown(principal, input_request)
    voters = {each.who for each in votes.votes} if votes else set()
    typing = who_types(input_request.id, reader_id) if is_pending else ()
    return Who(
        is_pending=is_pending,
        assignments=assignments,
        own=own_of(assignments, reader_id, stands_in),
        away=absences_of(principal.workspace, assigned) if assigned else {},
        claim=claim,
        is_claimed_by_another=claim is not None and claim.user_id != reader_id,
        why_not=why_not_decided_by(input_request, step, reader_id) if is_pending else "",
        step=step,
        typing=[each for each in typing if each not in voters],  # their answer was sent
        votes=votes,
        rule_name=rule_name_of(input_request) if step and step.is_for_answer else "",
    )
