"""/agent-session-activities: what happened, only ever added to."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, JsonValue

from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    PageQuery,
    PageResponse,
    Received,
    ResponseModel,
    WebAddress,
    page_response,
)
from opensink_web.models import (
    Activity,
    ActivityRecorder,
    ActivitySource,
    ActivityType,
)
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.agents import activity as activities
from opensink_web.operations.agents import queries

routes = Routes(
    "agent_session_activities",
    title="Activities",
    about="What happened in a session. Entries are added, never changed.",
)


class Link(Received):
    href: WebAddress
    text: str


class ActivityCreate(Received):
    """Something that happened in a session."""

    server_set = frozenset({"id", "workspace_id", "recorded_by", "created_at", "updated_at"})

    session_id: UUID
    agent_id: UUID
    type: ActivityType
    source: ActivitySource
    message: str | None = None
    payload: JsonValue = None
    related_entity_id: Annotated[str, Field(max_length=255)] | None = None
    links: list[Link] | None = Field(default=None, description="Null is none.")


class LinkResponse(ResponseModel):
    href: str
    text: str


class ActivityResponse(ResponseModel):
    """Something that happened; `related_entity_id` names what it is about.

    Whoever posts one names any `type` and `source`; who it really was `recorded_by` says.
    """

    id: UUID
    workspace_id: UUID
    session_id: UUID
    agent_id: UUID
    type: ActivityType
    source: ActivitySource
    recorded_by: ActivityRecorder = Field(
        description="`opensink` for what OpenSink wrote down itself; `agent` for what was posted."
    )
    message: str | None
    payload: JsonValue
    related_entity_id: str | None
    links: list[LinkResponse]
    created_at: datetime
    updated_at: datetime = Field(description="Equal to `created_at`: nothing of it changes.")

    @classmethod
    def of_activity(cls, activity: Activity) -> Self:
        """Write an activity."""
        names = cls.model_fields.keys() - {"updated_at"}
        given = {name: getattr(activity, name) for name in names}
        return cls.model_validate(given | {"updated_at": activity.created_at})


class ActivityQuery(PageQuery):
    session_id: UUID | None = None
    agent_id: UUID | None = None
    type: ActivityType | None = None
    source: ActivitySource | None = None
    recorded_by: ActivityRecorder | None = None


ActivityPage = PageResponse[ActivityResponse]


@routes.post(
    "/agent-session-activities",
    summary="Log what happened.",
    errors=(404,),
    example=Example(
        body={
            "session_id": "{session_id}",
            "agent_id": "{agent_id}",
            "type": "message",
            "source": "agent",
            "message": "Three offers were compared.",
            "links": [{"href": "https://example.com/offers/7", "text": "The offers"}],
        }
    ),
)
def add_activity(principal: Principal, body: ActivityCreate) -> ActivityResponse:
    activity = activities.add_activity(
        principal.workspace,
        body.session_id,
        body.agent_id,
        body.type,
        body.source,
        message=body.message,
        payload=body.payload,
        related_entity_id=body.related_entity_id,
        links=[{"href": link.href, "text": link.text} for link in body.links or ()],
    )
    return ActivityResponse.of_activity(activity)


@routes.get(
    "/agent-session-activities",
    summary="List what happened.",
    example=Example(query={"session_id": "{session_id}", "type": "session_started"}),
)
def list_activities(principal: Principal, query: ActivityQuery) -> ActivityPage:
    filters = queries.ActivityFilter(
        session_id=query.session_id,
        agent_id=query.agent_id,
        type=query.type,
        source=query.source,
        recorded_by=query.recorded_by,
    )
    page = queries.list_activities(principal.workspace, filters, query.page)
    return page_response(page, ActivityResponse.of_activity)


@routes.get("/agent-session-activities/{activity_id}", summary="Read an activity.")
def get_activity(principal: Principal, activity_id: UUID) -> ActivityResponse:
    return ActivityResponse.of_activity(queries.find_activity(principal.workspace, activity_id))
