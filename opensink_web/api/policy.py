"""/policies: rules that say who decides what, in which steps."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    WHOLE,
    Change,
    JsonObject,
    Name,
    PageQuery,
    PageResponse,
    PersonResponse,
    Received,
    ResponseModel,
    page_response,
)
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import Policy, Quorum, Workspace, db
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.requests import policy_change, policy_queries
from opensink_web.operations.requests.assignment import ASSIGNEES_MAX, assignees_named
from opensink_web.operations.requests.policy_change import PolicyFields, check_policy
from opensink_web.operations.requests.policy_step import (
    STEP_NAME_LENGTH_MAX,
    STEPS_MAX,
    PolicyStep,
    steps_of,
)

routes = Routes(
    "policies",
    title="Rules",
    about="Who decides on what, in which steps, under which condition on the payload.",
)

_SERVER_SET = frozenset({"id", "workspace_id", "position", "revision", "created_at", "updated_at"})
_RuleName = Annotated[Name, Field(max_length=policy_change.NAME_LENGTH_MAX)]
_Key = Annotated[str, Field(min_length=1, max_length=policy_change.KEY_LENGTH_MAX)]


class StepBody(BaseModel):
    """A step: who decides, by id, e-mail address or name of a team; without any, anybody who may.

    Of `required_responses` people each answers; see `quorum` of a request.
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=STEP_NAME_LENGTH_MAX)] = ""
    assignees: Annotated[list[str | dict[str, str]], Field(max_length=ASSIGNEES_MAX)] = []
    required_responses: Annotated[int, Field(ge=1, le=policy_change.RESPONSES_MAX), WHOLE] = 1
    quorum: Quorum = Quorum.FIRST_DECLINE
    forbid_requester: bool = False


_Steps = Annotated[list[StepBody], Field(min_length=1, max_length=STEPS_MAX)]


class PolicyCreate(Received):
    """A rule. `condition` is the JSON Schema that a request's proposal has to fit."""

    server_set = _SERVER_SET

    name: _RuleName
    agent_id: UUID | None = None
    function_id: UUID | None = None
    key: _Key | None = None
    condition: JsonObject = {}
    steps: _Steps
    is_active: bool = True

    def fields_in(self, workspace: Workspace) -> PolicyFields:
        """Return what operations take. Raises: InvalidInput."""
        return check_policy(
            PolicyFields(
                name=self.name,
                steps=_steps_in(workspace, self.steps),
                condition=self.condition,
                agent_id=self.agent_id,
                function_id=self.function_id,
                key=self.key,
                is_active=self.is_active,
            )
        )


class PolicyChange(Change):
    """What of a rule to change; it becomes a new revision. `place` is where it is asked, from 1."""

    server_set = _SERVER_SET

    name: _RuleName = ""
    agent_id: UUID | None = None
    function_id: UUID | None = None
    key: _Key | None = None
    condition: JsonObject = {}
    steps: _Steps = []
    is_active: bool = True
    place: Annotated[int, Field(ge=1, le=policy_change.RULES_MAX), WHOLE] = 1

    def fields_in(self, workspace: Workspace, policy: Policy) -> PolicyFields:
        """Return what operations take. Raises: InvalidInput."""
        given: dict[str, Any] = self.given()
        given.pop("place", None)
        if "steps" in given:
            given["steps"] = _steps_in(workspace, self.steps)
        stored: dict[str, Any] = {
            "name": policy.name,
            "agent_id": policy.agent_id,
            "function_id": policy.function_id,
            "key": policy.key,
            "condition": policy.revision.condition,
            "steps": steps_of(policy.revision.steps),
            "is_active": policy.is_active,
        }
        return check_policy(PolicyFields(**{**stored, **given}))


class StepResponse(ResponseModel):
    name: str
    assignees: list[dict[str, str]]
    required_responses: int
    quorum: Quorum
    forbid_requester: bool


class RevisionResponse(ResponseModel):
    """What a rule said from then on."""

    id: UUID
    number: int
    condition: JsonObject
    steps: list[StepResponse]
    made_by: PersonResponse | None
    created_at: datetime


class PolicyResponse(ResponseModel):
    """A rule. Of those that match, the first by `position` holds."""

    id: UUID
    workspace_id: UUID
    name: str
    position: int
    agent_id: UUID | None
    function_id: UUID | None
    key: str | None
    is_active: bool
    revision: RevisionResponse
    created_at: datetime
    updated_at: datetime


class RevisionList(ResponseModel):
    items: list[RevisionResponse]


class PolicyTry(PolicyCreate):
    """A rule to be tried, and stored nowhere; `sample` is a payload that one has in mind."""

    sample: JsonObject | None = None


class TriedResponse(ResponseModel):
    """A request that was asked before; `is_concerned` is null where that cannot be told."""

    request_id: UUID
    title: str
    created_at: datetime
    is_concerned: bool | None


class PolicyTried(ResponseModel):
    """Of a sample, whether it meets the condition and why not; and the last requests."""

    is_sample_concerned: bool | None
    errors: list[str]
    requests: list[TriedResponse]

    @classmethod
    def about(cls, workspace: Workspace, fields: PolicyFields, sample: JSONObject | None) -> Self:
        """Try a rule."""
        errors = policy_queries.errors_of_sample(fields.condition, sample or {})
        return cls(
            is_sample_concerned=None if sample is None else not errors,
            errors=[] if sample is None else [*errors],
            requests=[
                TriedResponse(
                    request_id=each.request.id,
                    title=each.request.title,
                    created_at=each.request.created_at,
                    is_concerned=each.is_concerned,
                )
                for each in policy_queries.try_on_last(workspace, fields)
            ],
        )


PolicyPage = PageResponse[PolicyResponse]


def _check_new(principal: Principal, body: PolicyCreate) -> PolicyFields:
    """Raises: InvalidInput."""
    return body.fields_in(principal.workspace)


def _check_change(principal: Principal, policy_id: UUID, body: PolicyChange) -> PolicyFields:
    """Raises: NotFound; InvalidInput."""
    return body.fields_in(
        principal.workspace, policy_queries.policy_in(principal.workspace, policy_id)
    )


def _check_try(principal: Principal, body: PolicyTry) -> PolicyTried:
    """Try a rule, before the transaction that stores nothing. Raises: InvalidInput; Unavailable."""
    fields = body.fields_in(principal.workspace)
    return PolicyTried.about(principal.workspace, fields, body.sample)


@routes.post(
    "/policies",
    summary="Make a rule.",
    errors=(409,),
    precheck=_check_new,
    example=Example(
        body={
            "name": "Large amounts",
            "condition": {
                "type": "object",
                "properties": {"amount": {"minimum": 10000}},
                "required": ["amount"],
            },
            "steps": [
                {"name": "Finance", "assignees": [{"team": "{team_id}"}]},
                {"name": "A second person", "forbid_requester": True},
            ],
        }
    ),
)
def create_policy(
    principal: Principal, body: PolicyCreate, checked: PolicyFields
) -> PolicyResponse:
    policy = policy_change.create_policy(principal.workspace, checked, by=principal.user)
    return PolicyResponse.of(policy)


@routes.get("/policies", summary="List the rules.")
def list_policies(principal: Principal, query: PageQuery) -> PolicyPage:
    policies = policy_queries.page_of_policies(principal.workspace, query.page)
    return page_response(policies, PolicyResponse.of)


@routes.get("/policies/{policy_id}", summary="Read a rule.")
def get_policy(principal: Principal, policy_id: UUID) -> PolicyResponse:
    return PolicyResponse.of(policy_queries.policy_in(principal.workspace, policy_id))


@routes.get("/policies/{policy_id}/revisions", summary="Read what a rule said, newest first.")
def list_revisions(principal: Principal, policy_id: UUID) -> RevisionList:
    policy = policy_queries.policy_in(principal.workspace, policy_id)
    return RevisionList(
        items=[RevisionResponse.of(each) for each in policy_queries.revisions_of(policy)]
    )


@routes.patch(
    "/policies/{policy_id}",
    summary="Change a rule.",
    errors=(409,),
    precheck=_check_change,
    example=Example(body={"is_active": False}),
)
def update_policy(
    principal: Principal, policy_id: UUID, body: PolicyChange, checked: PolicyFields
) -> PolicyResponse:
    workspace, by = principal.workspace, principal.user
    policy = policy_queries.policy_in(workspace, policy_id)
    if "place" in body.given():
        place = policy_queries.all_policies(workspace).index(policy) + 1
        policy_change.move_policy(workspace, policy_id, body.place - place, by=by)
    if body.given().keys() - {"place"}:
        policy_change.update_policy(workspace, policy_id, checked, by=by)
    db.session.expire(policy)
    return PolicyResponse.of(policy)


@routes.delete("/policies/{policy_id}", summary="Delete a rule.")
def delete_policy(principal: Principal, policy_id: UUID) -> None:
    policy_change.delete_policy(principal.workspace, policy_id, by=principal.user)


@routes.post(
    "/policies/try",
    summary="Try a rule on a sample and on the last 100 requests; nothing is stored.",
    status=200,
    precheck=_check_try,
    example=Example(
        body={
            "name": "Large amounts",
            "condition": {
                "type": "object",
                "properties": {"amount": {"minimum": 10000}},
                "required": ["amount"],
            },
            "steps": [{"assignees": ["bob@example.com"]}],
            "sample": {"amount": 12000},
        }
    ),
    about=(
        "Says whether the sample meets the condition, and which of the last 100 requests it would "
        "have concerned."
    ),
)
def try_policy(principal: Principal, body: PolicyTry, checked: PolicyTried) -> PolicyTried:
    return checked


def _steps_in(workspace: Workspace, steps: list[StepBody]) -> tuple[PolicyStep, ...]:
    """Raises: InvalidInput, naming who is not there."""
    return tuple(
        PolicyStep(
            name=step.name.strip(),
            assignees=assignees_named(workspace.id, _named(step)),
            required_responses=step.required_responses,
            quorum=step.quorum,
            forbid_requester=step.forbid_requester,
        )
        for step in steps
    )


def _named(step: StepBody) -> list[JSONValue]:
    return [each if isinstance(each, str) else {**each} for each in step.assignees]
