"""Counting what has ended: a fact of each request and each call, a moment after it ended.

Nobody who decides waits for that. What ended is found by when it ended; a decision that can be
undone still is left until it stands. What was committed late is found by looking at the last
minutes once more, and now and then at the last days.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, Row, func, select, text, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from opensink_web import clock
from opensink_web.models import (
    Base,
    Delivery,
    DeliveryFact,
    DeliveryKind,
    Execution,
    InputRequest,
    InputRequestStatus,
    InsightChange,
    InsightGroup,
    InsightKind,
    InsightProgress,
    RequestFact,
    db,
)
from opensink_web.operations.counter import CALLS, SUM_MS, count, part_of_histogram
from opensink_web.operations.insights.outcome import (
    CallOutcome,
    Ended,
    ended_delivery,
    ended_request,
    milliseconds,
    moment_of,
)
from opensink_web.operations.insights.packing import DAY, SIZES

LATE = timedelta(minutes=10)
"""So late may what ended be committed and is found at once."""
VERY_LATE = timedelta(days=2)
ASKER, KEY, REVIEWER = 1, 2, 4
ALL_DIMENSIONS = ASKER | KEY | REVIEWER
GroupKey = tuple[int, str, str, str]
"""The dimensions of a group, who asked, the key, who decided."""
_NOTHING = dict.fromkeys(
    ("counted_until", "built_until", "building_at", "folded_until", "folded_group", "version"), 0
)

_ENDED_REQUESTS = (
    select(
        InputRequest.id,
        InputRequest.agent_id,
        InputRequest.key,
        InputRequest.kind,
        InputRequest.status,
        InputRequest.created_at,
        InputRequest.closed_at,
        InputRequest.expires_at,
        InputRequest.resolved_by_id,
        InputRequest.resolved_by_system,
        InputRequest.sealed_schema,
        InputRequest.sealed_response,
        InputRequest.sealed_edited,
        (Execution.target_namespace + "/" + Execution.target_name).label("function"),
    )
    .outerjoin(Execution, Execution.id == InputRequest.execution_id)
    .outerjoin(RequestFact, RequestFact.request_id == InputRequest.id)
    .where(
        text("input_requests.status <> 'pending'"),  # as the index has it
        InputRequest.status != InputRequestStatus.HELD,
        RequestFact.request_id.is_(None),
    )
    .order_by(InputRequest.closed_at, InputRequest.id)
)
_ENDED_DELIVERIES = (
    select(
        Delivery.id,
        Delivery.agent_id,
        Delivery.status,
        Delivery.attempt_count,
        Delivery.created_at,
        Delivery.finished_at,
    )
    .outerjoin(DeliveryFact, DeliveryFact.delivery_id == Delivery.id)
    .where(
        text("deliveries.finished_at IS NOT NULL"),
        Delivery.kind != DeliveryKind.TEST,  # somebody only tried
        DeliveryFact.delivery_id.is_(None),
    )
    .order_by(Delivery.finished_at, Delivery.id)
)


@dataclass(frozen=True, slots=True)
class Uncounted:
    """What has ended and has no fact yet, by its row's id; up to when (ms) that is all of it."""

    ended: Sequence[tuple[UUID, Ended]]
    until: int


def uncounted(
    workspace_id: UUID, kind: InsightKind, since: int, limit: int, before: int | None = None
) -> Uncounted:
    """Return what ended since and was not counted, the oldest first; writes nothing."""
    until = _settled_until(workspace_id, kind)
    query = _uncounted(workspace_id, kind).where(_ended_at(kind) >= moment_of(since))
    if before is not None:
        query = query.where(_ended_at(kind) < moment_of(before))
    rows = db.session.execute(query.limit(limit)).all()
    ended = [(row.id, _ended(kind, row)) for row in rows]
    if len(rows) == limit:
        until = min(until, ended[-1][1].at)
    return Uncounted(ended, until)


def progress_of(workspace_id: UUID, kind: InsightKind) -> InsightProgress:
    """Return how far a workspace is counted; of one where nothing is, a row that is not stored."""
    stored = db.session.get(InsightProgress, (workspace_id, kind), populate_existing=True)
    return stored or InsightProgress(workspace_id=workspace_id, kind=kind, **_NOTHING)


def lock_progress(workspace_id: UUID, kind: InsightKind) -> InsightProgress:
    """Return the same, locked and stored: one process at a time counts and rolls up."""
    values = {"workspace_id": workspace_id, "kind": kind, **_NOTHING}
    db.session.execute(insert_new(InsightProgress).values(values))
    query = select(InsightProgress).filter_by(workspace_id=workspace_id, kind=kind)
    query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(query).one()


def store_facts(workspace_id: UUID, kind: InsightKind, found: Uncounted) -> int:
    """Count what was found, and is there still; return how many there were."""
    progress = lock_progress(workspace_id, kind)
    fact, column = fact_table(kind)
    ids = _still_there(kind, [row_id for row_id, _ in found.ended])
    known = set(db.session.scalars(select(column).where(column.in_(ids)))) if ids else set()
    new = [(row_id, ended) for row_id, ended in found.ended if row_id in ids - known]
    groups = group_ids(workspace_id, kind, {group_of(each) for _, each in new})
    rows: list[dict[str, Any]] = [
        {
            column.key: row_id,
            "workspace_id": workspace_id,
            "group_id": groups[group_of(ended)],
            "at": ended.at,
            "code": ended.code,
            "duration_ms": ended.duration_ms,
        }
        for row_id, ended in new
    ]
    if rows:
        db.session.execute(insert_new(fact), rows)
        if kind is InsightKind.DELIVERIES:
            _count_calls([ended for _, ended in new])
    built_at = max(progress.built_until * DAY, progress.building_at)
    late = [row for row in rows if row["at"] < built_at]
    if late:  # its day was rolled up without it
        names = ("workspace_id", "group_id", "at", "code", "duration_ms")
        changes = [{name: row[name] for name in names} for row in late]
        db.session.execute(
            insert_new(InsightChange), [{**each, "kind": kind, "sign": 1} for each in changes]
        )
    progress.counted_until = max(progress.counted_until, found.until)
    if rows and not progress.built_until:
        progress.built_until = min(row["at"] for row in rows) // DAY
        progress.folded_until = progress.built_until // SIZES[0] * SIZES[0]
    progress.version += 1
    return len(found.ended)


def _count_calls(calls: Sequence[Ended]) -> None:
    """Count for operators how calls ended, and how long those took that arrived."""
    amounts: Counter[str] = Counter()
    for each in calls:
        outcome = CallOutcome(each.code).name.lower()
        amounts[f"{outcome} {part_of_histogram(each.duration_ms)}"] += 1
        amounts[f"{outcome} {SUM_MS}"] += each.duration_ms
    count(CALLS, amounts)


def group_of(ended: Ended) -> GroupKey:
    """Return the group to which a fact belongs, by all dimensions."""
    return (ALL_DIMENSIONS, ended.asker, ended.key, ended.reviewer)


def group_ids(workspace_id: UUID, kind: InsightKind, keys: set[GroupKey]) -> dict[GroupKey, int]:
    """Return the groups' numbers; those that are not there yet are made."""
    ids: dict[GroupKey, int] = {}
    names = ("dimensions", "asker", "key", "reviewer")
    columns = [getattr(InsightGroup, name) for name in names]
    in_order = sorted(keys)
    for start in range(0, len(in_order), 200):
        part = in_order[start : start + 200]
        rows = [
            {"workspace_id": workspace_id, "kind": kind, **dict(zip(names, each, strict=True))}
            for each in part
        ]
        query = select(InsightGroup.id, *columns).where(
            InsightGroup.workspace_id == workspace_id,
            InsightGroup.kind == kind,
            tuple_(*columns).in_(part),
        )
        for is_made in (False, True):
            ids |= {tuple(row[1:]): row[0] for row in db.session.execute(query)}
            missing = [row for row, key in zip(rows, part, strict=True) if key not in ids]
            if is_made or not missing:
                break
            db.session.execute(insert_new(InsightGroup), missing)
    return ids


def fact_table(kind: InsightKind) -> tuple[type[RequestFact | DeliveryFact], Any]:
    """Return where facts of a kind are, and the column of the row that each is of."""
    if kind is InsightKind.REQUESTS:
        return RequestFact, RequestFact.request_id
    return DeliveryFact, DeliveryFact.delivery_id


def insert_new(table: type[Base]) -> Insert:
    """Return an INSERT that leaves out what is there already."""
    if db.engine.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def _ended(kind: InsightKind, row: Row[Any]) -> Ended:
    return ended_request(row) if kind is InsightKind.REQUESTS else ended_delivery(row)


def _ended_at(kind: InsightKind) -> Any:
    return InputRequest.closed_at if kind is InsightKind.REQUESTS else Delivery.finished_at


def _uncounted(workspace_id: UUID, kind: InsightKind) -> Any:
    if kind is InsightKind.REQUESTS:
        return _ENDED_REQUESTS.where(InputRequest.workspace_id == workspace_id)
    return _ENDED_DELIVERIES.where(Delivery.workspace_id == workspace_id)


def _settled_until(workspace_id: UUID, kind: InsightKind) -> int:
    """Return up to when nothing is held that may still be undone."""
    now = milliseconds(clock.now())
    if kind is InsightKind.DELIVERIES:
        return now
    held = select(func.min(InputRequest.closed_at)).where(
        InputRequest.workspace_id == workspace_id, InputRequest.status == InputRequestStatus.HELD
    )
    first = db.session.scalar(held)
    return now if first is None else min(now, milliseconds(first))


def _still_there(kind: InsightKind, ids: Sequence[UUID]) -> set[UUID]:
    """Lock those that were not deleted meanwhile, or begun anew."""
    if not ids:
        return set()
    if kind is InsightKind.REQUESTS:
        query = select(InputRequest.id).where(InputRequest.id.in_(ids))
        query = query.order_by(InputRequest.id).with_for_update(read=True, key_share=True)
    else:
        query = select(Delivery.id).where(Delivery.id.in_(ids), Delivery.finished_at.is_not(None))
        query = query.order_by(Delivery.id).with_for_update(read=True)
    return set(db.session.scalars(query))
