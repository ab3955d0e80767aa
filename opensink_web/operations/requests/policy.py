"""Which rule a request goes by: looked up when it is asked, and frozen with it then.

What a rule's condition is held against is the proposal: the input of a call that waits for
approval, else what the schema of a question proposes by itself. Whoever decides may change it, so
it is held against their answer too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, or_, select

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import Function, InputRequest, Policy, PolicyRevision, db
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.requests.options import RequestOptions
from opensink_web.operations.requests.policy_step import PolicyStep, steps_of
from opensink_web.schema.edits import differs, proposal_of
from opensink_web.schema.validation import Checker

# Built once, because building a statement costs more than running it.
_RULES = (
    select(Policy.revision_id, Policy.key, Policy.function_id, Function.namespace, Function.name)
    .outerjoin(Function, Function.id == Policy.function_id)
    .where(
        Policy.workspace_id == bindparam("of_workspace"),
        Policy.deleted_at.is_(None),
        Policy.is_active.is_(True),
        or_(Policy.agent_id.is_(None), Policy.agent_id == bindparam("of_agent")),
    )
    .order_by(Policy.position, Policy.id)
)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A revision of a rule, made ready to be held against proposals."""

    policy_id: UUID
    name: str
    revision_id: UUID
    steps: tuple[PolicyStep, ...]
    checker: Checker

    def steps_for(self, *, forbid_requester: bool) -> tuple[PolicyStep, ...]:
        """Return the steps of a request: who asked may have said that they are not to decide."""
        if not forbid_requester:
            return self.steps
        return tuple(replace(each, forbid_requester=True) for each in self.steps)

    def concerns(self, payload: JSONValue) -> bool:
        """Return True if the condition is met, or cannot be told: what is too much to be checked
        gets round no rule. Raises: Unavailable.
        """
        return self.checker.may_fit(payload)


class Rules:
    """The rules of a workspace for what one agent, or executions, ask, in their order."""

    def __init__(self, workspace_id: UUID, agent_id: UUID | None) -> None:
        values = {"of_workspace": workspace_id, "of_agent": agent_id}
        self._rows = run_prepared(_RULES, values).all()
        self._is_of_agent = agent_id is not None

    def rule_for(self, key: str, schema: JSONValue, proposed: JSONObject | None) -> Frozen | None:
        """Return the first that concerns a request. Raises: Unavailable."""
        rules = self.of_key(key)
        payload = payload_of(schema, proposed) if rules else {}
        return next((each for each in rules if each.concerns(payload)), None)

    def of_key(self, key: str) -> tuple[Frozen, ...]:
        """Return those that may hold for what is asked under a key, in their order."""
        return tuple(
            frozen_rule(row.revision_id) for row in self._rows if self._may_concern(row, key)
        )

    def _may_concern(self, row: Row[Any], key: str) -> bool:
        if row.function_id is not None:  # what executions ask has their function as its key
            is_theirs = not self._is_of_agent and key == f"{row.namespace}/{row.name}"
            return is_theirs and row.key in {None, key}
        return row.key in {None, key}


def rule_of_answer(
    rules: Sequence[Frozen], own: Frozen | None, proposed: JSONObject, answer: JSONObject
) -> Frozen | None:
    """Return the rule that holds for an answer, if it is another than its request goes by.

    With what was proposed itself a request goes on as it was asked, whatever rules were made since.
    So it does as long as its `own` rule holds for the answer, as it was then: of the others only
    those count that did not hold for the proposal, and stand before it. Raises: Unavailable.
    """
    # filling in what was left open is no edit, and may be what a rule is about: so they are exact
    if not differs(proposed, answer, is_exact=True):
        return None
    is_own_still = own is not None and own.concerns(answer)
    for rule in rules:
        if own is not None and rule.policy_id == own.policy_id:
            if is_own_still:
                return None
        elif is_own_still and rule.concerns(proposed):
            continue
        if rule.concerns(answer):
            return rule
    return None


def first_options(steps: Sequence[PolicyStep], options: RequestOptions) -> RequestOptions:
    """Return with which options a request is asked that goes by steps: with those of the first."""
    step = steps[0]
    return replace(
        options,
        assignees=step.assignees,
        required_responses=step.required_responses,
        quorum=step.quorum if step.required_responses > 1 else None,
        forbid_requester=step.forbid_requester,
    )


def payload_of(schema: JSONValue, proposed: JSONObject | None) -> JSONObject:
    """Return what conditions are held against; empty where nothing is proposed."""
    proposal = proposal_of(schema, proposed)
    return {} if proposal is None else proposal.value


def rule_name_of(request: InputRequest) -> str:
    """Return how the rule was called by which a request goes; "" where that is none."""
    revision_id = request.policy_revision_id
    return "" if revision_id is None else frozen_rule(revision_id).name


@lru_cache(maxsize=256)
def frozen_rule(revision_id: UUID) -> Frozen:
    """Read a revision, which nobody changes."""
    columns = (
        PolicyRevision.policy_id,
        PolicyRevision.scope,
        PolicyRevision.steps,
        PolicyRevision.condition,
    )
    row = db.session.execute(select(*columns).where(PolicyRevision.id == revision_id)).one()
    name, checker = str(row.scope["name"]), Checker(row.condition)
    return Frozen(row.policy_id, name, revision_id, steps_of(row.steps), checker)
