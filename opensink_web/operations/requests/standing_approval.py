"""Standing approvals, held against what is asked: whether the same was approved before.

When something is asked, it is only looked whether there is one of that agent or function and key;
a worker then holds them against the question, outside any transaction. How one is granted, used and
revoked is in operations/decisions/standing_approval.py.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, literal, select

from opensink_web import clock
from opensink_web.errors import Unavailable
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.keyring import Keyring
from opensink_web.models import (
    Deadline,
    DeadlineKind,
    Execution,
    InputRequest,
    InputRequestKind,
    StandingApproval,
    db,
)
from opensink_web.models.sealed import keyring
from opensink_web.models.transaction import notify_after_commit, run_prepared
from opensink_web.operations.requests.answer import CheckedAnswer
from opensink_web.operations.requests.deadline import set_deadline
from opensink_web.operations.requests.policy import Frozen, Rules, rule_of_answer
from opensink_web.operations.requests.vote import is_voted_on
from opensink_web.schema.edits import proposal_of
from opensink_web.schema.standing import Affirmation, affirmation_of
from opensink_web.schema.standing_shape import shape_of
from opensink_web.schema.validation import Checker

ALIVE_MAX = 100
"""So many may be of use at once for one agent or function and one key."""
IS_ALIVE: tuple[ColumnElement[bool], ...] = (
    StandingApproval.revoked_at.is_(None),
    StandingApproval.uses_count < StandingApproval.uses_max,
    StandingApproval.expires_at > bindparam("moment", type_=StandingApproval.expires_at.type),
)
"""That one can be used, at a `moment` that is bound."""

# Built once, because building a statement costs more than running it.
_HAS_KEY = StandingApproval.key == bindparam("of_key")
_OF_AGENT = StandingApproval.agent_id == bindparam("of_agent")
_OF_FUNCTION = StandingApproval.function_id == bindparam("of_function")
_ANY = select(literal(1)).where(_HAS_KEY, *IS_ALIVE).limit(1)
_ANY_OF_AGENT = _ANY.where(_OF_AGENT)
_ANY_OF_EXECUTION = _ANY.where(
    StandingApproval.function_id == Execution.function_id,
    Execution.id == bindparam("of_execution"),
)
_ALIVE = (
    select(
        StandingApproval.id,
        StandingApproval.is_for_calls,
        StandingApproval.shape,
        StandingApproval.wording,
        StandingApproval.sealed_condition,
    )
    .where(_HAS_KEY, *IS_ALIVE)
    .order_by(StandingApproval.id)
    .limit(ALIVE_MAX)
)
_ALIVE_OF_AGENT = _ALIVE.where(_OF_AGENT)
_ALIVE_OF_FUNCTION = _ALIVE.where(_OF_FUNCTION)
_QUESTIONS = (
    select(
        InputRequest.id,
        InputRequest.workspace_id,
        InputRequest.agent_id,
        Execution.function_id,
        InputRequest.key,
        InputRequest.kind,
        InputRequest.title,
        InputRequest.sealed_message,
        InputRequest.sealed_schema,
        InputRequest.sealed_proposed_response,
        InputRequest.sealed_context,
    )
    .outerjoin(InputRequest.execution)
    .where(InputRequest.id.in_(bindparam("of_requests", expanding=True)))
)


class Fit(StrEnum):
    """Whether a standing approval holds for a question, or why it does not."""

    HOLDS = "holds"
    NEEDS_A_PERSON = "needs_a_person"
    OTHER_FORM = "other_form"
    OTHER_WORDS = "other_words"
    OTHER_VALUES = "other_values"


@dataclass(frozen=True, slots=True)
class Terms:
    """What has to be the same, or to fit, besides who asks and the key."""

    is_for_calls: bool
    shape: str
    wording: str | None
    condition: JSONObject

    @classmethod
    def of(cls, approval: StandingApproval) -> Self:
        """Return those of one that was granted."""
        return cls(approval.is_for_calls, approval.shape, approval.wording, approval.condition)


@dataclass(frozen=True)
class Asked:
    """What is asked, as standing approvals see it; what is worked out of it is so once."""

    kind: InputRequestKind
    title: str
    message: str
    schema: JSONValue
    proposed_response: JSONObject | None
    context: Sequence[JSONObject] = ()
    is_for_several: bool = False

    @classmethod
    def of(cls, request: InputRequest) -> Self:
        """Return what a request asks."""
        return cls(
            request.kind,
            request.title,
            request.message,
            request.schema,
            request.proposed_response,
            request.context,
            is_voted_on(request),
        )

    @property
    def is_call(self) -> bool:
        """Return True if it is leave for a call that is asked for."""
        return self.kind is InputRequestKind.APPROVAL

    @cached_property
    def affirmation(self) -> Affirmation | None:
        """The yes to it, as it was proposed; None where a person has something to fill in, and
        where several decide together.
        """
        if self.is_for_several:
            return None
        return affirmation_of(self.schema, self.proposed_response)

    @cached_property
    def shape(self) -> str:
        """The digest of its schema, without what that proposes in the yes to it."""
        yes = self.affirmation
        if yes is None or self.proposed_response is not None:
            return shape_of(self.schema)
        return shape_of(self.schema, yes.value)

    @cached_property
    def wording(self) -> str | None:
        """The digest of what whoever asks wrote besides; None of a call, whose words are ours."""
        if self.is_call:
            return None
        words = [self.title, self.message, [*self.context]]
        text = json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def fit(self, terms: Terms) -> Fit:
        """Hold terms against it. May take its time: call it outside a transaction."""
        if self.affirmation is None:
            return Fit.NEEDS_A_PERSON
        if (terms.is_for_calls, terms.shape) != (self.is_call, self.shape):
            return Fit.OTHER_FORM
        if terms.wording is not None and terms.wording != self.wording:
            return Fit.OTHER_WORDS
        try:
            errors = Checker(terms.condition).errors_of(self.affirmation.value)
        except Unavailable:  # in doubt a person decides
            return Fit.OTHER_VALUES
        return Fit.OTHER_VALUES if errors else Fit.HOLDS


@dataclass(frozen=True, slots=True)
class Use:
    """The answer that standing approvals let be given, and which, the oldest first."""

    answer: CheckedAnswer
    approval_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A standing approval that can be used, still encrypted with the keys of `ring`."""

    id: UUID
    is_for_calls: bool
    shape: str
    wording: str | None
    sealed_condition: str
    ring: Keyring

    @property
    def terms(self) -> Terms:
        """Raises: UnreadableSecret."""
        condition = StandingApproval.condition.unseal(self.id, self.sealed_condition, self.ring)
        return Terms(self.is_for_calls, self.shape, self.wording, condition)


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what may hold for it; both are decrypted where they are held together."""

    row: Row[Any]
    candidates: Sequence[Candidate]
    ring: Keyring
    rules: Sequence[Frozen] = ()

    def use(self) -> Use | None:
        """Return what a standing approval answers; None where none holds, and where by a rule that
        holds for the answer people decide.

        Takes its time; needs neither a transaction nor an application. Raises: UnreadableSecret.
        """
        row, ring = self.row, self.ring
        question = Asked(
            row.kind,
            row.title,
            InputRequest.message.unseal(row.id, row.sealed_message, ring),
            InputRequest.schema.unseal(row.id, row.sealed_schema, ring),
            InputRequest.proposed_response.unseal(row.id, row.sealed_proposed_response, ring),
            InputRequest.context.unseal(row.id, row.sealed_context, ring),
        )
        approval_ids = those_that_hold(question, self.candidates)
        if question.affirmation is None or not approval_ids:
            return None
        value, proposal = (
            question.affirmation.value,
            proposal_of(question.schema, question.proposed_response),
        )
        edited = None if proposal is None else proposal.changed_in(value)
        try:
            payload = {} if proposal is None else proposal.value
            if rule_of_answer(self.rules, None, payload, value):
                return None
        except Unavailable:  # in doubt a person decides
            return None
        return Use(CheckedAnswer(row.id, value, question.schema, edited), approval_ids)


def have_held_against(
    request_id: UUID,
    workspace_id: UUID,
    *,
    key: str,
    agent_id: UUID | None,
    execution_id: UUID | None,
) -> None:
    """Have a worker hold standing approvals against what was just asked, if there may be any."""
    moment = clock.now()
    values: dict[str, object] = {"of_key": key, "moment": moment}
    if agent_id is not None:
        alive = run_prepared(_ANY_OF_AGENT, values | {"of_agent": agent_id})
    else:
        alive = run_prepared(_ANY_OF_EXECUTION, values | {"of_execution": execution_id})
    if alive.first() is not None:
        set_deadline(request_id, workspace_id, DeadlineKind.STANDING, moment)
        notify_after_commit(Deadline, workspace_id)


def candidates_of(
    key: str, agent_id: UUID | None, function_id: UUID | None
) -> tuple[Candidate, ...]:
    """Return what may hold for what an agent or a function asks under a key."""
    values: dict[str, object] = {"of_key": key, "moment": clock.now()}
    if agent_id is not None:
        rows = run_prepared(_ALIVE_OF_AGENT, values | {"of_agent": agent_id})
    elif function_id is not None:
        rows = run_prepared(_ALIVE_OF_FUNCTION, values | {"of_function": function_id})
    else:
        return ()
    ring = keyring()
    return tuple(
        Candidate(row.id, row.is_for_calls, row.shape, row.wording, row.condition, ring)
        for row in rows
    )


def questions_of(request_ids: Collection[UUID]) -> dict[UUID, Question]:
    """Return what is asked by these requests, each with what may hold for it."""
    if not request_ids:
        return {}
    values = {"of_requests": list(request_ids)}
    rows: list[Row[Any]] = [*db.session.execute(_QUESTIONS, values)]
    asked_by = {(row.key, row.agent_id, row.function_id) for row in rows}
    candidates = {each: candidates_of(*each) for each in asked_by}
    return {
        row.id: Question(
            row, candidates[row.key, row.agent_id, row.function_id], keyring(), _rules_for(row)
        )
        for row in rows
    }


def _rules_for(row: Row[Any]) -> Sequence[Frozen]:
    return Rules(row.workspace_id, row.agent_id).of_key(row.key)


def those_that_hold(asked: Asked, candidates: Iterable[Candidate]) -> tuple[UUID, ...]:
    """Return which of them hold for what is asked. Takes its time. Raises: UnreadableSecret."""
    return tuple(each.id for each in candidates if asked.fit(each.terms) is Fit.HOLDS)
