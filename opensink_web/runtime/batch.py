"""/batches: how far one is, what it consists of, cancelling it."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from opensink_web.contract import large_response
from opensink_web.contract.example import Example
from opensink_web.contract.route import Permission, Routes
from opensink_web.contract.shapes import ListResponse, Query, ResponseModel, SliceLimit, SliceStart
from opensink_web.contract.surface import RUNTIME
from opensink_web.models import Batch, BatchStatus, ExecutionKind, ExecutionStatus
from opensink_web.operations.accounts.delegation import (
    EXECUTIONS_OF_BATCH,
    STARTED_BATCH,
    THIS_BATCH,
)
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.operations.executions import batch as batches
from opensink_web.operations.executions.queries import batch as batch_queries
from opensink_web.operations.executions.queries.execution import ExecutionFilter, slice_executions
from opensink_web.runtime.execution import ExecutionResponse, StatusFilter

RESOURCE = "batches"
_READ = Permission(RESOURCE, Action.READ, least=Reach.OWN)
_CANCEL = Permission(RESOURCE, "cancel", least=Reach.OWN)
_ADDRESS = "/batches/{batch_id}"
routes = Routes(
    RESOURCE, RUNTIME, title="Batches", about="Many executions at once, counted together."
)


class BatchQuery(Query):
    status: BatchStatus | None = None
    kind: ExecutionKind | None = None
    skip: SliceStart = 0
    limit: SliceLimit = 100


class ExecutionsQuery(Query):
    status: StatusFilter | None = None
    limit: SliceLimit = 100
    offset: SliceStart = 0


class TargetResponse(ResponseModel):
    """The name of the function, or of the agent, that all of a batch call."""

    namespace: str
    name: str


class BatchResponse(ResponseModel):
    """How many of a batch's executions are where; together they are `total`."""

    batch_id: UUID
    kind: ExecutionKind
    target: TargetResponse
    user_id: UUID
    total: int
    completed: int
    failed: int
    running: int
    queued: int
    cancelled: int
    awaiting_input: int
    status: BatchStatus = Field(
        description="`completed`, `failed` and `cancelled` once all of them are, or the batch was "
        "cancelled; `partial` once all have ended and neither is so: some failed, or some were "
        "cancelled one by one, which leaves `failed` at 0."
    )
    started_at: datetime | None
    finished_at: datetime | None
    trigger_id_prefix: str | None
    trace_id: str | None = Field(description="The trace in which it was asked for.")

    @classmethod
    def of_batch(cls, batch: Batch, progress: batch_queries.Progress) -> Self:
        """Write a batch as far as it is."""
        counts = {status.value: progress.count(status) for status in ExecutionStatus}
        return cls(
            batch_id=batch.id,
            kind=batch.kind,
            target=TargetResponse(namespace=batch.target_namespace, name=batch.target_name),
            user_id=batch.user_id,
            total=batch.total,
            status=batch_queries.status_of(batch, progress),
            started_at=progress.started_at,
            finished_at=batch.finished_at,
            trigger_id_prefix=batch.trigger_id_prefix,
            trace_id=batch.trace_id,
            **counts,
        )


class BatchExecutionsResponse(ResponseModel):
    """In the order of the batch's inputs."""

    executions: list[ExecutionResponse]


class BatchCancelledResponse(ResponseModel):
    """What ran when the batch was cancelled goes on to its end, and counts."""

    batch_id: UUID
    status: BatchStatus = BatchStatus.CANCELLED
    cancelled_children: int = Field(description="How many executions were cancelled by this call.")


@routes.get(
    "/batches",
    summary="List batches, newest first.",
    permission=_READ,
    example=Example(query={"limit": 20}),
)
def list_batches(principal: Principal, query: BatchQuery) -> ListResponse[BatchResponse]:
    filters = batch_queries.BatchFilter(
        user_id=_READ.only_user_of(principal), kind=query.kind, status=query.status
    )
    page = batch_queries.slice_batches(
        principal.workspace, filters, skip=query.skip, limit=query.limit
    )
    progress = batch_queries.progress_of(page)
    return ListResponse[BatchResponse](
        [BatchResponse.of_batch(each, progress[each.id]) for each in page]
    )


@routes.get(_ADDRESS, summary="Read how far a batch is.", permission=_READ, delegated=THIS_BATCH)
def get_batch(principal: Principal, batch_id: UUID) -> BatchResponse:
    user_id = _READ.only_user_of(principal)
    batch = batch_queries.find_batch(principal.workspace, batch_id, user_id=user_id)
    return BatchResponse.of_batch(batch, batch_queries.progress_of([batch])[batch_id])


@routes.get(
    f"{_ADDRESS}/executions",
    summary="List a batch's executions.",
    permission=_READ,
    delegated=EXECUTIONS_OF_BATCH,
    example=Example(query={"limit": 20}),
)
def list_batch_executions(
    principal: Principal, batch_id: UUID, query: ExecutionsQuery
) -> BatchExecutionsResponse:
    user_id = _READ.only_user_of(principal)
    batch_queries.find_batch(principal.workspace, batch_id, user_id=user_id)
    filters = ExecutionFilter(batch_id=batch_id, status=query.status)
    page = slice_executions(
        principal.workspace,
        filters,
        skip=query.offset,
        limit=query.limit,
        reserve=large_response.reserve,
    )
    shown = [ExecutionResponse.shown_to(principal, each) for each in page]
    return BatchExecutionsResponse(executions=shown)


@routes.post(
    f"{_ADDRESS}/cancel",
    summary="Cancel what of a batch has not begun.",
    status=200,
    permission=_CANCEL,
    delegated=STARTED_BATCH,
)
def cancel_batch(principal: Principal, batch_id: UUID) -> BatchCancelledResponse:
    user_id = _CANCEL.only_user_of(principal)
    count = batches.cancel_batch(principal.workspace, batch_id, user_id=user_id)
    return BatchCancelledResponse(batch_id=batch_id, cancelled_children=count)
