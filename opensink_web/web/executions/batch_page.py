"""All that the page of one batch tells, looked up and put into words."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import request, url_for

from opensink_web import clock
from opensink_web.errors import InvalidInput
from opensink_web.models import Batch, BatchStatus, Execution, ExecutionStatus, InputRequest
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.executions.queries.batch import Progress, progress_of, status_of
from opensink_web.operations.executions.queries.batch_children import (
    count_declined,
    due_at,
    list_children,
    pending_requests_of,
)
from opensink_web.operations.requests.listing import ListedFilter, count_listed
from opensink_web.web.executions.batch_progress import PARTS, Bar, bar_of, pace_of
from opensink_web.web.executions.callback_words import ShownCallback, shown_callback
from opensink_web.web.executions.execution_target import target_href
from opensink_web.web.executions.reach import reaches_rows_of
from opensink_web.web.executions.rerun import Reruns, reruns
from opensink_web.web.rendering.listing import ROWS_PER_PAGE, chosen_word, same_list
from opensink_web.web.rendering.live import version_of
from opensink_web.web.rendering.words import Badge, batch_badge, part_of_batch


@dataclass(frozen=True, slots=True)
class Filter:
    """A count that leads to the executions that it counts; `status` is None for all."""

    status: ExecutionStatus | None
    words: str
    count: int
    href: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class BatchPage:
    """A batch as it is drawn; `is_live` while something may still happen in it.

    `children` are those on this page of them, `requests` what each that waits asks a person.
    `decide_href` leads to where what waits for a person is decided together.
    `due_at` is when it begins that was submitted for later. Cancelling it now would end
    `unbegun_count` executions and leave `running_count`.
    """

    batch: Batch
    target_href: str | None
    status: BatchStatus
    badge: Badge
    bar: Bar
    pace: str | None
    due_at: datetime | None
    started_at: datetime | None
    waiting_count: int
    decide_href: str | None
    unbegun_count: int
    running_count: int
    failed_count: int
    declined_count: int
    how_it_ended: str
    filters: list[Filter]
    children: list[Execution]
    requests: dict[UUID, InputRequest]
    callback: ShownCallback | None
    may_cancel: bool
    reruns: Reruns
    is_live: bool
    next_href: str | None
    first_href: str | None
    refresh_href: str
    version: str


def batch_page(principal: Principal, batch: Batch) -> BatchPage:
    """Look up all that is told of a batch."""
    progress = progress_of([batch])[batch.id]
    chosen, skip = chosen_word(ExecutionStatus, "status"), _skip()
    listed = list_children(batch, progress, chosen, skip=skip, limit=ROWS_PER_PAGE + 1)
    children = listed[:ROWS_PER_PAGE]
    status = status_of(batch, progress)
    failed_count = progress.count(ExecutionStatus.FAILED)
    declined_count = count_declined([batch.id]).get(batch.id, 0)
    callback = shown_callback(batch.callback_url, batch.callback)
    due, pace = _due_later(batch, status), pace_of(batch, progress)
    version = version_of(
        (status, batch.ended_as, progress.counts, callback, due, pace),
        [(child.id, child.status, child.updated_at) for child in children],
    )
    return BatchPage(
        batch=batch,
        target_href=target_href(principal, batch),
        status=status,
        badge=batch_badge(status, progress.counts, declined_count=declined_count),
        bar=bar_of(batch, progress, declined_count),
        pace=pace,
        due_at=due,
        started_at=progress.started_at,
        waiting_count=progress.count(ExecutionStatus.AWAITING_INPUT),
        decide_href=_decide_href(principal, batch, progress),
        unbegun_count=_unbegun_count(progress),
        running_count=progress.count(ExecutionStatus.RUNNING),
        filters=_filters(progress, chosen, declined_count),
        children=children,
        requests=pending_requests_of(
            [child.id for child in children if child.status is ExecutionStatus.AWAITING_INPUT]
        ),
        callback=callback,
        may_cancel=_is_cancellable(principal, batch),
        reruns=reruns(principal, batch, has_ended=batch.ended_as is not None),
        failed_count=failed_count,
        declined_count=declined_count,
        how_it_ended=_how_it_ended(progress, declined_count),
        is_live=batch.ended_as is None or (callback is not None and callback.is_under_way),
        next_href=_href(skip + ROWS_PER_PAGE) if len(listed) > ROWS_PER_PAGE else None,
        first_href=_href(0) if skip else None,
        refresh_href=same_list(version=version, skip=str(skip) if skip else None),
        version=version,
    )


def _decide_href(principal: Principal, batch: Batch, progress: Progress) -> str | None:
    if not progress.count(ExecutionStatus.AWAITING_INPUT):
        return None
    waiting = ListedFilter(batch_id=batch.id)
    may_decide = principal.may("agent_session_input_requests", Action.WRITE)
    if not may_decide or not count_listed(principal.workspace, waiting):
        return None
    return url_for("bulk.show", workspace_slug=principal.workspace.slug, batch=batch.id)


def _skip() -> int:
    text = request.args.get("skip", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise InvalidInput("The number of executions to skip must be a whole number.")
    return int(text)


def _href(skip: int) -> str:
    return same_list(skip=str(skip) if skip else None) + "#children"


def _due_later(batch: Batch, status: BatchStatus) -> datetime | None:
    due = due_at(batch) if status is BatchStatus.QUEUED else None
    return due if due is not None and due > clock.now() else None


def _unbegun_count(progress: Progress) -> int:
    waiting = progress.count(ExecutionStatus.AWAITING_INPUT)
    return progress.count(ExecutionStatus.QUEUED) + waiting


def _how_it_ended(progress: Progress, declined_count: int) -> str:
    """Say of which executions a batch consists that has ended as partial."""
    completed, failed, cancelled = (
        progress.count(status)
        for status in (
            ExecutionStatus.COMPLETED,
            ExecutionStatus.FAILED,
            ExecutionStatus.CANCELLED,
        )
    )
    counts = f"{completed} completed, {failed - declined_count} failed"
    if declined_count:
        counts += f", {declined_count} declined"
    if cancelled:
        counts += f", {cancelled} cancelled one by one"
    return f"{counts}. The batch itself was not cancelled; that is what “Partial” means."


def _is_cancellable(principal: Principal, batch: Batch) -> bool:
    is_open = batch.ended_as is None and batch.cancelled_at is None
    return is_open and reaches_rows_of(principal, "batches", "cancel", batch.user_id)


def _filters(
    progress: Progress, chosen: ExecutionStatus | None, declined_count: int
) -> list[Filter]:
    """Return all, and each status of which there are any, or which is looked at."""
    total = sum(progress.counts.values())
    filters = [Filter(None, "in all", total, same_list(status=None) + "#children", chosen is None)]
    for status in PARTS:
        count = progress.count(status)
        if count or status is chosen:
            href = same_list(status=status.value) + "#children"
            words = part_of_batch(status)
            if status is ExecutionStatus.FAILED and declined_count:
                words = f"failed or declined ({declined_count} declined)"
            filters.append(Filter(status, words, count, href, status is chosen))
    return filters
