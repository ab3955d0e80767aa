"""What is answered of a request: how it stands, whose it is, and what was decided."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, JsonValue
from sqlalchemy.orm.attributes import set_committed_value

from opensink_web.api.request_body import ContextLinkResponse
from opensink_web.api.resume import ResumeResponse, shown_resume
from opensink_web.contract.shapes import JsonObject, PersonResponse, ResponseModel
from opensink_web.models import (
    Assignment,
    Claim,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    OnExpire,
    Quorum,
    Vote,
    VoteKind,
)
from opensink_web.operations.accounts.disclosure import (
    reads_secrets_of,
    shown_response,
    shown_schema,
)
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.requests import queries as input_requests
from opensink_web.operations.requests.assignment import assignments_of_each
from opensink_web.operations.requests.claim import claims_of
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.operations.requests.policy_step import steps_of
from opensink_web.operations.requests.vote import votes_of_each


class RequestStatus(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    RESOLVED = "resolved"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"

    @property
    def stored(self) -> InputRequestStatus:
        """What operations take."""
        return InputRequestStatus(self)


def _public_status(status: object) -> object:
    # a decision that can be undone is nobody's to know yet
    return RequestStatus.PENDING if status is InputRequestStatus.HELD else status


_NOT_DECIDED: dict[str, Any] = {
    "response": None,
    "edited": None,
    "decline_reason": None,
    "resolved_at": None,
    "resolved_by": None,
    "resolved_for": None,
    "resolved_trace_id": None,
}


# what other rows say of a request, and what is written otherwise than it is kept
_WRITTEN_OTHERWISE = {
    *(
        "tags",
        "assignees",
        "step",
        "claimed_by",
        "claimed_until",
        "superseded_by",
        "responses",
        "resume",
        "digest",
        "decline_reason",
        "cancel_reason",
    )
}


class TeamName(ResponseModel):
    """A team, as others name it."""

    id: UUID
    name: str


class StepOfRule(ResponseModel):
    """A step, `number` of `count` beginning with 1; its name is what people read."""

    number: int
    count: int
    name: str

    @classmethod
    def at(cls, request: InputRequest) -> Self | None:
        """Write the step in which a request waits, or was decided."""
        steps = steps_of(request.steps)
        if not steps:
            return None
        return cls(number=request.step + 1, count=len(steps), name=steps[request.step].name)


class AssigneeResponse(ResponseModel):
    """A member or a team whose it is to decide; who said so, nobody where whoever asked did; and
    whose it was before they handed it on.
    """

    user: PersonResponse | None
    team: TeamName | None
    assigned_by: PersonResponse | None
    delegated_from: PersonResponse | None
    assigned_at: datetime = Field(validation_alias="created_at")


class VoteResponse(ResponseModel):
    """What one of several people said: the outcome, the reason of a decline; `by` nobody where they
    have left, `cast_for` in whose place they said it.
    """

    by: PersonResponse | None = Field(validation_alias="user")
    cast_for: PersonResponse | None
    at: datetime = Field(validation_alias="cast_at")
    outcome: VoteKind = Field(validation_alias="kind")
    reason: str | None


class InputRequestResponse(ResponseModel):
    """A question, and once it is decided what was answered, when and by whom.

    It was asked by an agent in a session, or by an execution. Of the kind `approval` the response
    is the input that the execution's call is made with, and `proposed_response` what the caller
    wants it to be. `edited` are JSON Pointers to what the response changes of what was proposed: of
    `proposed_response`, or else of the defaults and constants of the schema. It is empty when all
    was taken as proposed, and null when nothing was proposed, there is no response, or it was given
    before OpenSink kept this. Who declined, and when, is in `resolved_by` and `resolved_at`; where
    a deadline or a standing approval decided, nobody is, and `resolved_by_system` is true. What the
    schema calls secret is shown to the API key of the agent, which is one that may write agents'
    sessions, or execute the function that asked, and to an execution's own token; everybody else
    sees `"••••••"` in its place.
    """

    id: UUID
    session_id: UUID | None
    agent_id: UUID | None
    execution_id: UUID | None
    workspace_id: UUID
    kind: InputRequestKind
    key: str
    title: str
    message: str
    schema_: JsonValue = Field(validation_alias="schema", serialization_alias="schema")
    proposed_response: JsonObject | None
    response: JsonObject | None
    edited: list[str] | None
    decline_reason: str | None
    cancel_reason: str | None
    status: Annotated[RequestStatus, BeforeValidator(_public_status)]
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: PersonResponse | None
    resolved_by_system: bool
    step: StepOfRule | None = Field(
        description="In which step of a rule it waits; null where it goes by no rule."
    )
    resolved_for: PersonResponse | None = Field(
        description="For whom they stood in, who was away and whose it was."
    )
    standing_approval_id: UUID | None = Field(
        description="The standing approval by which it was approved without a person."
    )
    priority: int
    tags: list[str]
    claimed_by: PersonResponse | None = Field(
        description="Who has taken it on; nobody else can decide until they let it go."
    )
    claimed_until: datetime | None = Field(
        description="When that ends by itself, unless they go on with it."
    )
    assignees: list[AssigneeResponse] = Field(
        description="Whose it is to decide; empty for nobody's in particular."
    )
    reference: str | None
    context: list[ContextLinkResponse]
    allow_decline: bool
    expires_at: datetime | None
    on_expire: OnExpire
    default_response: JsonObject | None
    requested_by: PersonResponse | None = Field(
        description="For whom it was asked: whose key or token the agent asked with, or whose"
        " execution it is; null where that was not kept yet."
    )
    forbid_requester: bool = Field(
        description="Whether they may not decide on it themselves, nor those for whom an earlier"
        " revision of it was asked."
    )
    required_responses: int = Field(
        description="How many people have to answer, and to say the same."
    )
    quorum: Quorum | None = Field(
        description="How, where it is more than one: see the same field of a question."
    )
    responses: list[VoteResponse] = Field(
        description="What each of them has said, where it is more than one."
    )
    trace_id: str | None = Field(
        description="The trace in which it was asked, which goes on with the decision."
    )
    resolved_trace_id: str | None = Field(
        description="The trace of the program that decided, if it came with one."
    )
    comments_count: int
    resume: ResumeResponse | None = Field(
        description="What is called when it is decided, if not the agent's endpoint."
    )
    revision: int = Field(description="1, and one more for each request that this one supersedes.")
    supersedes_id: UUID | None = Field(description="The request that this one is asked instead of.")
    superseded_by: UUID | None = Field(description="The request that is asked instead of it.")
    digest: str = Field(
        description="The SHA-256, in hexadecimal, of what people are shown: title, message, schema,"
        " proposed_response and revision, as JSON with sorted keys and no spaces; in a later step"
        " of a rule with the answer of the one before as the proposed_response."
    )

    @classmethod
    def all_shown_to(
        cls,
        principal: Principal,
        requests: Sequence[InputRequest],
        claims: Mapping[UUID, Claim] | None = None,
    ) -> list[Self]:
        """Write requests, their secrets only for those who read them; `claims` where they are
        known.
        """
        claims = claims_of(requests) if claims is None else claims
        for request in requests:
            if request.requested_by_id == principal.user.id:  # who need not be looked up
                set_committed_value(request, "requested_by", principal.user)
        tags = input_requests.tags_of_each(requests)
        assignments = assignments_of_each(requests)
        votes = votes_of_each(requests)
        is_old = InputRequestStatus.SUPERSEDED
        old = [request.id for request in requests if request.status is is_old]
        successors = input_requests.successors_of(old) if old else {}
        return [
            cls._shown_to(
                principal,
                request,
                its_tags,
                (whose, claims.get(request.id), _known_votes(request, votes.get(request.id, ()))),
                successors,
            )
            for request, its_tags, whose in zip(requests, tags, assignments, strict=True)
        ]

    @classmethod
    def shown_to(cls, principal: Principal, request: InputRequest) -> Self:
        """Write one request."""
        return cls.all_shown_to(principal, [request])[0]

    @classmethod
    def new_shown_to(cls, principal: Principal, request: InputRequest) -> Self:
        """Write one that was asked just now, which nobody can have taken on."""
        return cls.all_shown_to(principal, [request], {})[0]

    @classmethod
    def _shown_to(
        cls,
        principal: Principal,
        request: InputRequest,
        tags: list[str],
        whose: tuple[Sequence[Assignment], Claim | None, Sequence[Vote]],
        successors: Mapping[UUID, UUID],
    ) -> Self:
        # asking an object for what it has costs less than being asked by pydantic, and least is to
        # look at what was read of its row
        read = vars(request)
        values: dict[str, Any] = {
            name: read[name] if name in read else getattr(request, name)
            for name in _kept_as_written()
        }
        assignments, claim, votes = whose
        is_cancelled = request.status is InputRequestStatus.CANCELLED
        reason = request.decline_reason
        answer = cls.model_validate(
            {
                **values,
                "tags": tags,
                "assignees": assignments,
                "step": StepOfRule.at(request),
                "claimed_by": claim and claim.user,
                "claimed_until": claim and claim.lapses_at,
                "responses": votes,
                "superseded_by": successors.get(request.id),
                "resume": shown_resume(request),
                "digest": digest_of_request(request),  # old requests have none
                "decline_reason": None if is_cancelled else reason,
                "cancel_reason": reason if is_cancelled else None,
            }
        )
        shown = _NOT_DECIDED if request.status is InputRequestStatus.HELD else {}
        if reads_secrets_of(principal, request):
            return answer.model_copy(update=shown) if shown else answer
        hidden = {
            "schema_": shown_schema(request),
            "proposed_response": shown_response(request, request.proposed_response),
            "response": shown_response(request, request.response),
            "default_response": shown_response(request, request.default_response),
        }
        return answer.model_copy(update=hidden | shown)


def _known_votes(request: InputRequest, votes: Sequence[Vote]) -> Sequence[Vote]:
    """Leave out the vote of a decision that can be undone: it is nobody's to know yet."""
    if request.status is not InputRequestStatus.HELD:
        return votes
    return [each for each in votes if each.user_id != request.resolved_by_id]


@cache
def _kept_as_written() -> tuple[str, ...]:
    """Return what is answered of a request as its row has it."""
    fields = InputRequestResponse.model_fields.items()
    return tuple(
        str(field.validation_alias or name)
        for name, field in fields
        if name not in _WRITTEN_OTHERWISE
    )
