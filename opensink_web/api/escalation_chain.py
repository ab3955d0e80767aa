"""/escalation-chains: who is reminded and who else is asked when nobody decides."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    WHOLE,
    Change,
    Name,
    PageQuery,
    PageResponse,
    Received,
    ResponseModel,
    page_response,
)
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONValue
from opensink_web.models import EscalationChain, Workspace
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.notifications import chain as chains
from opensink_web.operations.notifications import queries
from opensink_web.operations.notifications.plan import (
    AFTER_MINUTES_MAX,
    HOLIDAYS_MAX,
    STEPS_MAX,
    Plan,
    PlannedStep,
    Who,
    checked_plan,
)
from opensink_web.operations.requests.assignment import those_there

routes = Routes(
    "escalation_chains",
    title="Escalation chains",
    about="Who is told when nobody has decided for so long, in working hours.",
)

_SERVER_SET = frozenset({"id", "workspace_id", "revision", "created_at", "updated_at"})
_ChainName = Annotated[Name, Field(max_length=chains.NAME_LENGTH_MAX)]
_Minutes = Annotated[int, Field(ge=0, le=AFTER_MINUTES_MAX), WHOLE]
_HOURS = "For each weekday on which is worked from when to when, such as `09:00-12:00, 13:00-17:00`"
_Hours = Annotated[
    dict[str, Annotated[str, Field(max_length=100)]],
    Field(max_length=7, description=f"{_HOURS}; one that ends before it begins ends the next day."),
]
_Holidays = Annotated[list[Annotated[date, Field(strict=False)]], Field(max_length=HOLIDAYS_MAX)]
_GROUPS = Literal["assignees", "admins"]


class UserNamed(Received):
    """A member, by id or e-mail address."""

    user: Annotated[str, Field(min_length=1, max_length=320)]


class TeamNamed(Received):
    """A team, by id or name."""

    team: Annotated[str, Field(min_length=1, max_length=320)]


class StepBody(Received):
    """Who is told after how many minutes of working time since it was asked."""

    after_minutes: _Minutes
    to: _GROUPS | UserNamed | TeamNamed
    also_assign: bool = False

    def planned(self, workspace: Workspace) -> PlannedStep | None:
        """Return the step; None if there is no such member or team."""
        if isinstance(self.to, str):
            return PlannedStep(self.after_minutes, Who(self.to), None, self.also_assign)
        named: JSONValue = {**self.to.model_dump()}
        known, _ = those_there(workspace.id, [named])
        if not known:
            return None
        who = Who.USER if known[0].user_id else Who.TEAM
        whom_id = known[0].user_id or known[0].team_id
        return PlannedStep(self.after_minutes, who, whom_id, self.also_assign)


_Steps = Annotated[list[StepBody], Field(min_length=1, max_length=STEPS_MAX)]


class EscalationChainCreate(Received):
    """A chain of an agent or a function, or of all that have none of their own."""

    server_set = _SERVER_SET

    name: _ChainName
    agent_id: UUID | None = Field(default=None, strict=False)
    function_id: UUID | None = Field(default=None, strict=False)
    is_active: bool = True
    time_zone: Annotated[str, Field(max_length=64)]
    working_hours: _Hours
    holidays: _Holidays = []
    steps: _Steps


class EscalationChainChange(Change):
    """What of a chain to change; what is asked from then on goes by it."""

    server_set = _SERVER_SET

    name: _ChainName = ""
    agent_id: UUID | None = Field(default=None, strict=False)
    function_id: UUID | None = Field(default=None, strict=False)
    is_active: bool = True
    time_zone: Annotated[str, Field(max_length=64)] = ""
    working_hours: _Hours = {}
    holidays: _Holidays = []
    steps: _Steps = []


class StepResponse(ResponseModel):
    after_minutes: int
    to: _GROUPS | dict[str, str] = Field(description="`{user: id}` and `{team: id}` are somebody's")
    also_assign: bool

    @classmethod
    def planned(cls, step: PlannedStep) -> "StepResponse":
        """Return what is said of a step."""
        to: Any = step.who.value
        if step.whom_id is not None:
            to = {step.who.value: str(step.whom_id)}
        return cls(after_minutes=step.after_minutes, to=to, also_assign=step.also_assign)


class EscalationChainResponse(ResponseModel):
    id: UUID
    workspace_id: UUID
    name: str
    agent_id: UUID | None
    function_id: UUID | None
    is_active: bool
    revision: int = Field(description="1, and one more for each change of what it says.")
    time_zone: str
    working_hours: dict[str, str]
    holidays: list[date]
    steps: list[StepResponse]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def shown(cls, chain: EscalationChain, plan: Plan) -> "EscalationChainResponse":
        """Return what is said of a chain."""
        return cls(
            id=chain.id,
            workspace_id=chain.workspace_id,
            name=chain.name,
            agent_id=chain.agent_id,
            function_id=chain.function_id,
            is_active=chain.is_active,
            revision=chain.number,
            time_zone=plan.time_zone,
            working_hours={**plan.hours},
            holidays=[*plan.holidays],
            steps=[StepResponse.planned(each) for each in plan.steps],
            created_at=chain.created_at,
            updated_at=chain.updated_at,
        )


EscalationChainPage = PageResponse[EscalationChainResponse]


@routes.post(
    "/escalation-chains",
    summary="Make an escalation chain.",
    errors=(404, 409),
    example=Example(
        body={
            "name": "Purchasing",
            "time_zone": "Europe/Berlin",
            "working_hours": {"monday": "09:00-17:00", "tuesday": "09:00-17:00"},
            "holidays": ["2026-12-25"],
            "steps": [
                {"after_minutes": 60, "to": {"user": "bob@example.com"}, "also_assign": True},
                {"after_minutes": 240, "to": "admins"},
            ],
        }
    ),
)
def create_chain(principal: Principal, body: EscalationChainCreate) -> EscalationChainResponse:
    fields = _fields(principal.workspace, {name: getattr(body, name) for name in _FIELDS})
    chain = chains.create_chain(principal.workspace, fields, by=principal.user)
    return EscalationChainResponse.shown(chain, fields.plan)


@routes.get("/escalation-chains", summary="List the escalation chains.")
def list_chains(principal: Principal, query: PageQuery) -> EscalationChainPage:
    page = queries.list_chains(principal.workspace, query.page)
    plans = queries.newest_plans(page.items)
    return page_response(page, lambda each: EscalationChainResponse.shown(each, plans[each.id]))


@routes.get("/escalation-chains/{chain_id}", summary="Read an escalation chain.")
def get_chain(principal: Principal, chain_id: UUID) -> EscalationChainResponse:
    chain = queries.find_chain(principal.workspace, chain_id)
    return EscalationChainResponse.shown(chain, queries.newest_plan(chain))


@routes.patch(
    "/escalation-chains/{chain_id}",
    summary="Change an escalation chain, for what is asked from now on.",
    errors=(409,),
    example=Example(body={"working_hours": {"monday": "08:00-18:00"}}),
)
def update_chain(
    principal: Principal, chain_id: UUID, body: EscalationChainChange
) -> EscalationChainResponse:
    chain = queries.find_chain(principal.workspace, chain_id)
    plan = queries.newest_plan(chain)
    before = {
        "name": chain.name,
        "agent_id": chain.agent_id,
        "function_id": chain.function_id,
        "is_active": chain.is_active,
        "time_zone": plan.time_zone,
        "working_hours": plan.hours,
        "holidays": plan.holidays,
        "steps": plan.steps,
    }
    fields = _fields(principal.workspace, before | body.given())
    chain = chains.update_chain(principal.workspace, chain_id, fields, by=principal.user)
    return EscalationChainResponse.shown(chain, fields.plan)


@routes.delete(
    "/escalation-chains/{chain_id}",
    summary="Delete an escalation chain; what runs by it ends.",
)
def delete_chain(principal: Principal, chain_id: UUID) -> None:
    chains.delete_chain(principal.workspace, chain_id)


_FIELDS = (
    *("name", "agent_id", "function_id", "is_active"),
    *("time_zone", "working_hours", "holidays", "steps"),
)


def _fields(workspace: Workspace, said: Mapping[str, Any]) -> chains.ChainFields:
    """Return what operations take. Raises: InvalidInput."""
    steps, errors = [], []
    for index, each in enumerate(said["steps"]):
        step = each.planned(workspace) if isinstance(each, StepBody) else each
        if step is None:
            message = "There is no such active member, and no such team."
            errors.append(FieldError(f"/steps/{index}/to", message))
        else:
            steps.append(step)
    if errors:
        raise InvalidInput("Members and teams of the workspace are told.", errors=tuple(errors))
    plan = checked_plan(said["time_zone"], said["working_hours"], said["holidays"], steps)
    return chains.ChainFields(
        said["name"], plan, said["agent_id"], said["function_id"], said["is_active"]
    )
