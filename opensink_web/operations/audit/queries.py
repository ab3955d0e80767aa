"""Reading the audit: what a page shows, what an export writes, and how far it is chained."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    AuditAction,
    AuditEntry,
    AuditHead,
    Delivery,
    InputRequest,
    Workspace,
    db,
)
from opensink_web.models.base import first_id_at
from opensink_web.models.transaction import reading
from opensink_web.operations.page import Page, PageRequest, fetch
from opensink_web.operations.slices import SLICE


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: whose, what, about what, from a moment on and before another.

    What is about a request is also about its batch, and about the calls that told of it.
    """

    user_id: UUID | None = None
    action: AuditAction | None = None
    subject_id: UUID | None = None
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChainState:
    """How many entries are chained, the last one's hash and moment, and how many are not yet.

    What is up to `pruned_seq` is not kept any more.
    """

    count: int
    hash: str | None
    last_at: datetime | None
    waiting_count: int
    pruned_seq: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """A part of an entry: its values; or why there are none."""

    values: JSONObject
    is_erased: bool = False
    is_unreadable: bool = False


def list_entries(
    workspace: Workspace, filters: AuditFilter, page_request: PageRequest
) -> Page[AuditEntry]:
    """Return one page of what is chained, newest first. Raises: InvalidInput for a bad cursor."""
    return fetch(_filtered(workspace.id, filters), AuditEntry.id, page_request)


def all_entries(workspace_id: UUID, filters: AuditFilter) -> Iterator[AuditEntry]:
    """Yield all that is chained, oldest first; opens transactions that only read."""
    with reading():
        query = _filtered(workspace_id, filters).order_by(AuditEntry.id).limit(SLICE)
    after: UUID | None = None
    while True:
        with reading():
            page = query if after is None else query.where(AuditEntry.id > after)
            entries = db.session.scalars(page).all()
            db.session.expunge_all()
        yield from entries
        if len(entries) < SLICE:
            return
        after = entries[-1].id


def chain_state(workspace: Workspace) -> ChainState:
    """Return how far a workspace's audit is chained."""
    head = db.session.scalars(
        select(AuditHead).where(AuditHead.workspace_id == workspace.id)
    ).one_or_none()
    waiting = select(func.count()).where(
        AuditEntry.workspace_id == workspace.id, AuditEntry.seq.is_(None)
    )
    waiting_count = db.session.scalar(waiting) or 0
    if head is None or head.seq == 0:
        return ChainState(0, None, None, waiting_count)
    last = select(AuditEntry.at).where(
        AuditEntry.workspace_id == workspace.id, AuditEntry.seq == head.seq
    )
    return ChainState(
        count=head.seq - head.pruned_seq,
        hash=head.hash,
        last_at=db.session.scalar(last),
        waiting_count=waiting_count,
        pruned_seq=head.pruned_seq,
    )


def origin_of(entry: AuditEntry) -> Said:
    """Return who did it as they were called then, and from where."""
    return _said(entry, "origin", entry.origin_digest)


def details_of(entry: AuditEntry) -> Said:
    """Return what changed."""
    return _said(entry, "details", entry.details_digest)


def _said(entry: AuditEntry, part: str, digest: str | None) -> Said:
    try:
        salted: list[Any] | None = getattr(entry, part)
    except UnreadableSecret:
        return Said({}, is_unreadable=True)
    if salted is None:
        return Said({}, is_erased=digest is not None)
    return Said(salted[1])


def _about(workspace_id: UUID, subject_id: UUID) -> list[UUID]:
    """Return what else an entry may be about to be about this."""
    batch = select(InputRequest.batch_id).where(
        InputRequest.workspace_id == workspace_id, InputRequest.id == subject_id
    )
    deliveries = select(Delivery.id).where(
        Delivery.workspace_id == workspace_id, Delivery.input_request_id == subject_id
    )
    related = [*db.session.scalars(batch), *db.session.scalars(deliveries.limit(SLICE))]
    return [subject_id, *(each for each in related if each is not None)]


def _filtered(workspace_id: UUID, filters: AuditFilter) -> Select[AuditEntry]:
    query = select(AuditEntry).where(
        AuditEntry.workspace_id == workspace_id,
        AuditEntry.seq.is_not(None),  # for the partial indexes
    )
    for column, value in (
        (AuditEntry.user_id, filters.user_id),
        (AuditEntry.action, filters.action),
    ):
        if value is not None:
            query = query.where(column == value)
    if filters.subject_id is not None:
        query = query.where(AuditEntry.subject_id.in_(_about(workspace_id, filters.subject_id)))
    if filters.since is not None:
        query = query.where(AuditEntry.id >= first_id_at(filters.since))
    if filters.before is not None:
        query = query.where(AuditEntry.id < first_id_at(filters.before))
    return query
