"""/standing-approvals: what is approved again without a person, granted with a decision."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    WHOLE,
    JsonObject,
    Moment,
    PageQuery,
    PageResponse,
    PersonResponse,
    Received,
    ResponseModel,
    page_response,
)
from opensink_web.models import InputRequest, StandingState
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions import queries
from opensink_web.operations.decisions import standing_approval as standing_approvals
from opensink_web.operations.requests.queries import find_input_request
from opensink_web.schema.standing import condition_for

routes = Routes(
    "standing_approvals",
    title="Standing approvals",
    about="Leave to approve the same again without a person, within bounds, until it is revoked.",
)


class StandingApprovalCreate(Received):
    """The same as a request that a person approved as it was proposed is to be approved again."""

    server_set = frozenset({"id", "workspace_id", "created_at"})

    request_id: UUID
    uses_max: Annotated[int, Field(ge=1, le=standing_approvals.USES_MAX), WHOLE]
    expires_at: Moment
    condition: JsonObject | None = Field(
        default=None,
        description="A JSON Schema that proposals must be valid against; without one they must be"
        " what was approved. It rules out what it does not name.",
    )
    same_words: bool = Field(
        default=True,
        description="Whether an agent's title, message and links must be the same too. They must"
        " where a question proposes nothing.",
    )
    note: Annotated[str, Field(max_length=standing_approvals.NOTE_LENGTH_MAX)] = ""

    def grant(self, request: InputRequest) -> standing_approvals.Grant:
        """Return what is wanted."""
        made = condition_for(request.schema, request.response or {})
        return standing_approvals.Grant(
            request_id=request.id,
            condition=self.condition if self.condition is not None else made or {},
            same_words=self.same_words,
            uses_max=self.uses_max,
            expires_at=self.expires_at,
            note=self.note,
        )


class StandingApprovalResponse(ResponseModel):
    """What is approved again, on which terms, and how often that was done."""

    id: UUID
    workspace_id: UUID
    created_at: datetime
    granted_by: PersonResponse | None
    request_id: UUID = Field(
        validation_alias="from_request_id", description="What was approved; it may be gone."
    )
    agent_id: UUID | None
    function_id: UUID | None
    key: str
    condition: JsonObject
    same_words: bool
    uses_max: int
    uses_count: int
    expires_at: datetime
    state: StandingState = Field(description="Whether it can be used at this moment.")
    revoked_at: datetime | None
    revoked_by: PersonResponse | None
    note: str


StandingApprovalPage = PageResponse[StandingApprovalResponse]


def _check_grant(
    principal: Principal, body: StandingApprovalCreate
) -> standing_approvals.CheckedGrant:
    principal.require("agent_session_input_requests", Action.WRITE)
    request = find_input_request(principal.workspace, body.request_id)
    return standing_approvals.check_grant(principal.workspace, body.grant(request))


@routes.post(
    "/standing-approvals",
    summary="Allow the same again.",
    errors=(404, 409),
    precheck=_check_grant,
    example=Example(
        body={
            "request_id": "{request_id}",
            "uses_max": 20,
            "expires_at": "{+30d}",
            "note": "Lamps until the move",
        }
    ),
    about=(
        "From then on the same is approved by the system: at most `uses_max` times, until "
        "`expires_at`, or until it is revoked. Each use names who granted it."
    ),
)
def grant_standing_approval(
    principal: Principal,
    body: StandingApprovalCreate,
    checked: standing_approvals.CheckedGrant,
) -> StandingApprovalResponse:
    principal.require("agent_session_input_requests", Action.WRITE)
    approval = standing_approvals.grant(principal.workspace, checked, by=principal.user)
    return StandingApprovalResponse.of(approval)


@routes.get("/standing-approvals", summary="List the standing approvals.")
def list_standing_approvals(principal: Principal, query: PageQuery) -> StandingApprovalPage:
    page = queries.list_standing_approvals(principal.workspace, query.page)
    return page_response(page, StandingApprovalResponse.of)


@routes.get("/standing-approvals/{approval_id}", summary="Read a standing approval.")
def get_standing_approval(principal: Principal, approval_id: UUID) -> StandingApprovalResponse:
    approval = queries.find_standing_approval(principal.workspace, approval_id)
    return StandingApprovalResponse.of(approval)


@routes.post(
    "/standing-approvals/{approval_id}/revoke",
    summary="Let a standing approval hold for nothing more.",
    status=200,
)
def revoke_standing_approval(principal: Principal, approval_id: UUID) -> StandingApprovalResponse:
    approval = standing_approvals.revoke(principal.workspace, approval_id, by=principal.user)
    return StandingApprovalResponse.of(approval)
