"""What must be true of executions, batches and callbacks, whoever was killed when.

To be called in `one_moment()`. Each function yields a sentence for each violation.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import func, select

from opensink_web.models import (
    Batch,
    BatchStatus,
    Callback,
    CallbackStatus,
    Execution,
    ExecutionStatus,
    ExecutionStep,
    InputRequest,
    InputRequestStatus,
    db,
)
from opensink_web.models.execution import ENDED


def violations() -> list[str]:
    """Check everything."""
    return [*_executions(), *_endings(), *_requests(), *_batches(), *_callbacks()]


def _executions() -> Iterator[str]:
    """One that is unfinished is due, leased or dated for later; one that has ended is free."""
    for row in db.session.execute(
        select(
            Execution.id,
            Execution.status,
            Execution.lease_token,
            Execution.lease_until,
            Execution.started_at,
            Execution.finished_at,
        )
    ):
        is_leased = row.lease_token is not None
        if is_leased != (row.lease_until is not None):
            yield f"execution {row.id} has half a lease"
        if is_leased and row.status is not ExecutionStatus.RUNNING:
            yield f"execution {row.id} is {row.status} and still held"
        if row.status.has_ended != (row.finished_at is not None):
            yield f"execution {row.id} is {row.status} and ended at {row.finished_at}"
        if row.status is ExecutionStatus.RUNNING and row.started_at is None:
            yield f"execution {row.id} runs and has never started"


def _endings() -> Iterator[str]:
    """An execution ends once, and its timeline says how."""
    kinds: defaultdict[UUID, list[str]] = defaultdict(list)
    ending_kinds = {status.value for status in ENDED}
    query = select(ExecutionStep.execution_id, ExecutionStep.kind)
    for execution_id, kind in db.session.execute(query.order_by(ExecutionStep.id)):
        if kind in ending_kinds:
            kinds[execution_id].append(kind)
    for execution_id, status in db.session.execute(select(Execution.id, Execution.status)):
        expected = [status.value] if status.has_ended else []
        if kinds[execution_id] != expected:
            yield f"execution {execution_id} is {status} and ended as {kinds[execution_id]}"


def _requests() -> Iterator[str]:
    """Who waits for a person has asked exactly one thing; nobody else waits."""
    pending = Counter(
        db.session.scalars(
            select(InputRequest.execution_id).where(
                InputRequest.status == InputRequestStatus.PENDING,
                InputRequest.execution_id.is_not(None),
            )
        )
    )
    for execution_id, status in db.session.execute(select(Execution.id, Execution.status)):
        if pending[execution_id] != (status is ExecutionStatus.AWAITING_INPUT):
            yield f"execution {execution_id} is {status} with {pending[execution_id]} questions"


def _batches() -> Iterator[str]:
    """A batch has ended when all its executions have, and as what they say."""
    counts: defaultdict[UUID, Counter[ExecutionStatus]] = defaultdict(Counter)
    counted = select(Execution.batch_id, Execution.status, func.count()).group_by(
        Execution.batch_id, Execution.status
    )
    for batch_id, status, count in db.session.execute(counted):
        if batch_id is not None:
            counts[batch_id][status] = count
    for batch in db.session.scalars(select(Batch)):
        found = counts[batch.id]
        ended = sum(count for status, count in found.items() if status.has_ended)
        if found.total() != batch.total:
            yield f"batch {batch.id} has {found.total()} executions of {batch.total}"
        if (batch.ended_as is not None) != (ended == batch.total):
            yield f"batch {batch.id} is {batch.ended_as} with {ended} of {batch.total} ended"
        if (batch.ended_as is None) != (batch.finished_at is None):
            yield f"batch {batch.id} is {batch.ended_as} and ended at {batch.finished_at}"
        if batch.ended_as is not None and batch.ended_as is not _expected(batch, found):
            yield f"batch {batch.id} is {batch.ended_as} with {dict(found)}"


def _expected(batch: Batch, counts: Counter[ExecutionStatus]) -> BatchStatus:
    if batch.cancelled_at is not None:
        return BatchStatus.CANCELLED
    alike = {
        ExecutionStatus.COMPLETED: BatchStatus.COMPLETED,
        ExecutionStatus.FAILED: BatchStatus.FAILED,
        ExecutionStatus.CANCELLED: BatchStatus.CANCELLED,
    }
    whole = [alike[status] for status, count in counts.items() if count == batch.total]
    return whole[0] if whole else BatchStatus.PARTIAL


def _callbacks() -> Iterator[str]:
    """One is owed for each batch and execution with a URL that has ended, and for no other."""
    of_batches = Counter(db.session.scalars(select(Callback.batch_id)))
    for batch in db.session.scalars(select(Batch)):
        is_owed = batch.callback_url is not None and batch.ended_as is not None
        if of_batches[batch.id] != is_owed:
            yield f"batch {batch.id} is {batch.ended_as} with {of_batches[batch.id]} callbacks"
    of_executions = Counter(db.session.scalars(select(Callback.execution_id)))
    columns = select(Execution.id, Execution.status, Execution.sealed_callback_url)
    for execution_id, status, url in db.session.execute(columns):
        if of_executions[execution_id] != (url is not None and status.has_ended):
            yield f"execution {execution_id} is {status}, {of_executions[execution_id]} callbacks"
    for callback in db.session.scalars(select(Callback)):
        is_pending = callback.status is CallbackStatus.PENDING
        if is_pending != (callback.finished_at is None):
            yield f"callback {callback.id} is {callback.status}, at {callback.finished_at}"
        if not is_pending and callback.lease_token is not None:
            yield f"callback {callback.id} is {callback.status} and still held"
