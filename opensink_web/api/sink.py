"""/sinks: what agents put things into that people may want to read."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Self, TypeAlias
from uuid import UUID

from pydantic import Field

from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    Change,
    Name,
    PageQuery,
    PageResponse,
    Received,
    ResponseModel,
    page_response,
)
from opensink_web.errors import UnreadableSecret
from opensink_web.models import Sink, SinkColor
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.sinks import queries
from opensink_web.operations.sinks import sink as sinks
from opensink_web.operations.sinks.public_address import SLUG

RESOURCE = "sinks"
routes = Routes(
    RESOURCE,
    title="Sinks",
    about="What agents put into for people to read: feeds of what they did, found or noticed.",
)

_SERVER_SET = frozenset({"id", "secret", "workspace_id", "owner_id", "created_at", "updated_at"})
PublicSlug: TypeAlias = Annotated[str, Field(json_schema_extra={"pattern": SLUG})]
"""What stands in the address of a public page; the operation checks it."""
_SLUG_MEANS = (
    "The public page is at `/sinks/<public_slug>`. No two sinks of a server have the same; one that"
    " is public without a slug gets one of its name."
)
_INDEXED_MEANS = "Whether search engines may keep the public page; they are asked not to unless so."

Description: TypeAlias = Annotated[str, Field(max_length=sinks.DESCRIPTION_LENGTH_MAX)]


class SinkCreate(Received):
    """A new sink; it gets a secret of its own."""

    server_set = _SERVER_SET

    name: Name
    description: Description | None = None
    color: SinkColor = SinkColor.NEUTRAL
    is_public: bool = False
    public_slug: PublicSlug | None = Field(default=None, description=_SLUG_MEANS)
    is_indexed: bool = Field(default=False, description=_INDEXED_MEANS)


class SinkChange(Change):
    """What of a sink to change; what is left out stays."""

    server_set = _SERVER_SET

    name: Name = ""
    description: Description | None = None
    color: SinkColor = SinkColor.NEUTRAL
    is_public: bool = False
    public_slug: PublicSlug | None = Field(default=None, description=_SLUG_MEANS)
    is_indexed: bool = Field(default=False, description=_INDEXED_MEANS)


class SinkResponse(ResponseModel):
    """A sink; `owner_id` is the user who made it."""

    id: UUID
    workspace_id: UUID
    owner_id: UUID
    name: str
    description: str | None
    color: SinkColor
    is_public: bool
    public_slug: str | None = Field(description=_SLUG_MEANS)
    is_indexed: bool = Field(description=_INDEXED_MEANS)
    secret: str | None = Field(
        description="Sent as `X-OpenSink-Secret` it is enough to add items to this sink. Null for"
        " those who may not write sinks, and where the server cannot decrypt it."
    )
    created_at: datetime
    updated_at: datetime

    @classmethod
    def shown_to(cls, principal: Principal, sink: Sink) -> Self:
        """Write the sink, its secret only for those who may change it."""
        secret = None
        if principal.may(RESOURCE, Action.WRITE):
            with suppress(UnreadableSecret):
                secret = sink.secret
        others = {name: getattr(sink, name) for name in cls.model_fields if name != "secret"}
        return cls.model_validate(others | {"secret": secret})


SinkPage = PageResponse[SinkResponse]


@routes.post(
    "/sinks",
    summary="Make a sink.",
    errors=(409,),
    example=Example(
        body={"name": "Trades", "description": "What was bought and sold.", "color": "green"}
    ),
)
def create_sink(principal: Principal, body: SinkCreate) -> SinkResponse:
    fields: sinks.SinkChanges = {
        "name": body.name,
        "description": body.description,
        "color": body.color,
        "is_public": body.is_public,
        "public_slug": body.public_slug,
        "is_indexed": body.is_indexed,
    }
    sink = sinks.create_sink(principal.workspace, principal.user, **fields)
    return SinkResponse.shown_to(principal, sink)


@routes.get("/sinks", summary="List the sinks.")
def list_sinks(principal: Principal, query: PageQuery) -> SinkPage:
    page = queries.list_sinks(principal.workspace, query.page)
    return page_response(page, lambda sink: SinkResponse.shown_to(principal, sink))


@routes.get("/sinks/{sink_id}", summary="Read a sink.")
def get_sink(principal: Principal, sink_id: UUID) -> SinkResponse:
    return SinkResponse.shown_to(principal, queries.find_sink(principal.workspace, sink_id))


@routes.patch(
    "/sinks/{sink_id}",
    summary="Change a sink.",
    errors=(409,),
    example=Example(body={"is_public": True, "public_slug": "our-trades"}),
)
def update_sink(principal: Principal, sink_id: UUID, body: SinkChange) -> SinkResponse:
    sink = sinks.update_sink(principal.workspace, sink_id, **body.given())
    return SinkResponse.shown_to(principal, sink)


@routes.delete("/sinks/{sink_id}", summary="Delete a sink and everything in it.")
def delete_sink(principal: Principal, sink_id: UUID) -> None:
    sinks.delete_sink(principal.workspace, sink_id)


@routes.post(
    "/sinks/{sink_id}/rotate-secret",
    summary="Replace the secret of a sink; the one before opens nothing any more.",
    status=200,
)
def rotate_sink_secret(principal: Principal, sink_id: UUID) -> SinkResponse:
    return SinkResponse.shown_to(principal, sinks.rotate_secret(principal.workspace, sink_id))
