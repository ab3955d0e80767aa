"""In which step a request waits, and who may decide then: looked up each time, for people come and
go. A step that fewer can decide than have to is open to all who may decide at all.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from opensink_web.models import InputRequest, Vote
from opensink_web.operations.requests.assignment import Assignee
from opensink_web.operations.requests.deciders import people_of, who_may_decide
from opensink_web.operations.requests.policy_step import PolicyStep, steps_of
from opensink_web.operations.requests.vote import votes_of


@dataclass(frozen=True, slots=True)
class StepState:
    """The step in which a request waits, `number` of `count` beginning with 1.

    `people` are those who may decide, in place of whom their deputies may; `earlier` decided in a
    step of the rule before, or had a deputy who did. `is_open` if all others may, and `was_opened`
    if that is because too few are left. `is_for_answer`: the rule holds for what was answered.
    """

    number: int
    count: int
    step: PolicyStep
    people: frozenset[UUID]
    earlier: frozenset[UUID]
    is_open: bool
    was_opened: bool
    is_for_answer: bool

    def allows(self, user_id: UUID, away: Collection[UUID]) -> bool:
        """Return True if somebody may decide now, who stands in for those who are `away`."""
        if user_id in self.earlier:
            return False
        return self.is_open or user_id in self.people or bool(self.people & {*away})

    @property
    def words(self) -> str:
        """Say which step it is: “Step 1 of 2: Finance”."""
        return words_of(self.number, self.count, self.step)


def words_of(number: int, count: int, step: PolicyStep) -> str:
    """Say which step it is."""
    return f"Step {number} of {count}: {step.name}" if count > 1 else step.name


def steps_now(requests: Sequence[InputRequest]) -> dict[UUID, StepState]:
    """Return how the steps of requests stand; those that go by no rule are left out."""
    stepped = [each for each in requests if each.steps is not None]
    if not stepped:
        return {}
    votes = votes_of([each.id for each in stepped])
    named: dict[tuple[Assignee, ...], set[UUID]] = {}
    return {each.id: _state_of(each, votes.get(each.id, ()), named) for each in stepped}


def step_now(request: InputRequest) -> StepState | None:
    """Return how the step of a request stands; None if it goes by no rule."""
    return steps_now([request]).get(request.id)


def _state_of(
    request: InputRequest,
    votes: Sequence[Vote],
    named: dict[tuple[Assignee, ...], set[UUID]],
) -> StepState:
    steps = steps_of(request.steps)
    step = steps[min(request.step, len(steps) - 1)]
    earlier = frozenset(
        person_id
        for vote in votes
        if vote.step < request.step and not steps[vote.step].is_before_rule
        for person_id in (vote.user_id, vote.cast_for_id)
        if person_id
    )
    forbidden = request.asked_by_ids if request.forbid_requester else frozenset()
    able = _able(request.workspace_id, step, named) - earlier - forbidden
    was_opened = bool(step.assignees) and len(able) < request.required_responses
    return StepState(
        number=request.step + 1,
        count=len(steps),
        step=step,
        people=frozenset(able),
        earlier=earlier,
        is_open=was_opened or not step.assignees,
        was_opened=was_opened,
        is_for_answer=any(each.is_before_rule for each in steps[: request.step]),
    )


def _able(
    workspace_id: UUID, step: PolicyStep, named: dict[tuple[Assignee, ...], set[UUID]]
) -> set[UUID]:
    """Return who of those that a step names may decide; `named` are those who are known already."""
    if step.assignees and step.assignees not in named:  # many requests go by one rule
        people = people_of(workspace_id, step.assignees)
        named[step.assignees] = who_may_decide(workspace_id, people)
    return named.get(step.assignees, set())


def is_decided_by_alone(
    request: InputRequest, steps: Sequence[PolicyStep], user_id: UUID, away: Collection[UUID]
) -> bool:
    """Return True if somebody, who stands in for those who are `away`, would decide on a request by
    themselves if it went by these steps.
    """
    [step, *others] = steps
    if others or step.required_responses > 1:
        return False
    forbids = request.forbid_requester or step.forbid_requester
    forbidden = request.asked_by_ids if forbids else frozenset()
    able = _able(request.workspace_id, step, {}) - forbidden
    if user_id in forbidden:
        return False
    return not able or user_id in able or bool(able & {*away})
