"""/deliveries: the ledger of every call that left, and what came back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from opensink_web.contract.example import Example
from opensink_web.contract.route import Authenticate, Routes
from opensink_web.contract.shapes import (
    PageQuery,
    PageResponse,
    Received,
    ResponseModel,
    TraceId,
    page_response,
)
from opensink_web.models import (
    AttemptOutcome,
    AttemptTrigger,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents.queries import find_agent
from opensink_web.operations.deliveries import delivery as deliveries
from opensink_web.operations.deliveries import queries, redelivery
from opensink_web.operations.deliveries.record import attempts_of
from opensink_web.operations.idempotency import HeldKey

routes = Routes(
    "deliveries",
    title="Deliveries",
    about="The ledger of the calls to agents: each attempt, and what came back.",
)


class RedeliverAll(Received):
    """Of which agent all failed calls are to be made again."""

    agent_id: UUID


class RedeliveredResponse(ResponseModel):
    """How many calls are made again; `has_more` where more had failed than go at once."""

    count: int
    has_more: bool


class DeliveryResponse(ResponseModel):
    """One call, made as often as it takes; its id is the `webhook-id` of every attempt."""

    id: UUID
    kind: DeliveryKind
    status: DeliveryStatus
    agent_id: UUID
    session_id: UUID | None
    input_request_id: UUID | None
    comment_id: UUID | None = Field(description="The comment that it tells of, if it does.")
    error_message: str | None
    trace_id: str | None = Field(description="The trace that it goes on with.")
    next_at: datetime
    attempt_count: int
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class AttemptResponse(ResponseModel):
    """One attempt: what was sent, credentials hidden, and at most 4 KiB of what came back."""

    number: int
    trigger: AttemptTrigger
    span_id: str | None = Field(description="The span that it is in the delivery's trace.")
    outcome: AttemptOutcome | None
    method: str
    url: str
    request_headers: list[list[str]]
    request_body: str | None
    response_status: int | None
    response_headers: list[list[str]] | None
    response_body: str | None
    response_body_truncated: bool | None
    error_code: str | None
    error_message: str | None
    remote_address: str | None
    latency_ms: float | None
    created_at: datetime
    finished_at: datetime | None


class DeliveryWithAttempts(DeliveryResponse):
    """A delivery and its attempts, the first one first."""

    attempts: list[AttemptResponse]

    @classmethod
    def shown_to(cls, principal: Principal, delivery: Delivery) -> Self:
        """Write a delivery; to which address it went is shown to those who may set where."""
        attempts = [AttemptResponse.of(each) for each in attempts_of(delivery)]
        if not principal.may("agents", Action.WRITE):
            attempts = [each.model_copy(update={"remote_address": None}) for each in attempts]
        return cls.of(delivery).model_copy(update={"attempts": attempts})


class DeliveryQuery(PageQuery):
    session_id: UUID | None = None
    agent_id: UUID | None = None
    kind: DeliveryKind | None = None
    status: DeliveryStatus | None = None
    trace_id: TraceId | None = None


DeliveryPage = PageResponse[DeliveryResponse]


@routes.get(
    "/deliveries",
    summary="List the deliveries.",
    example=Example(query={"status": "failed", "agent_id": "{agent_id}"}),
)
def list_deliveries(principal: Principal, query: DeliveryQuery) -> DeliveryPage:
    filters = queries.DeliveryFilter(
        session_id=query.session_id,
        agent_id=query.agent_id,
        kind=query.kind,
        status=query.status,
        trace_id=query.trace_id,
    )
    page = queries.list_deliveries(principal.workspace, filters, query.page)
    return page_response(page, DeliveryResponse.of)


@routes.get("/deliveries/{delivery_id}", summary="Read a delivery with its attempts.")
def get_delivery(principal: Principal, delivery_id: UUID) -> DeliveryWithAttempts:
    return DeliveryWithAttempts.shown_to(
        principal, queries.find_delivery(principal.workspace, delivery_id)
    )


def _failed_agent(principal: Principal, body: RedeliverAll) -> UUID:
    """Raises: NotFound."""
    return find_agent(principal.workspace, body.agent_id).id


@contextmanager
def _redelivering(
    agent_id: UUID, authenticate: Authenticate, key: HeldKey
) -> Iterator[redelivery.Redelivered]:
    """Make them again in slices; if that is broken off, a repeated call goes on with the rest."""
    with writing():
        by = authenticate()
        key.take(by)
    yield redelivery.redeliver_failed(by.workspace, agent_id, key)


@routes.post(
    "/deliveries/redeliver",
    summary="Make all failed deliveries of an agent again, 500 at once, the oldest first.",
    status=200,
    precheck=_failed_agent,
    stage=_redelivering,
    errors=(404,),
    example=Example(body={"agent_id": "{agent_id}"}),
)
def redeliver_failed(
    principal: Principal, body: RedeliverAll, checked: redelivery.Redelivered
) -> RedeliveredResponse:
    del principal, body  # it is done
    return RedeliveredResponse.of(checked)


@routes.post(
    "/deliveries/{delivery_id}/redeliver",
    summary="Make a failed delivery again.",
    status=200,
    about=(
        "The session of a call that failed goes back to `processing_input`. Every attempt has the "
        "same `webhook-id`."
    ),
)
def redeliver(principal: Principal, delivery_id: UUID) -> DeliveryWithAttempts:
    return DeliveryWithAttempts.shown_to(
        principal, deliveries.redeliver(principal.workspace, delivery_id)
    )
