"""What follows from the events of the audit, read in order from a cursor: who is told of what.

A slice of the chain is read, what follows is written, and the cursor moves, in one transaction: so
every event is seen once, whoever was killed when. What is done goes by how requests stand in that
moment; an event only says where to look.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    ActorKind,
    AuditAction,
    AuditEntry,
    AuditHead,
    Comment,
    CommentMention,
    InputRequest,
    Notification,
    NotificationCursor,
    NotificationEvent,
    SubjectKind,
    Workspace,
    db,
)
from opensink_web.operations.notifications.gathering import gather
from opensink_web.operations.notifications.recipients import (
    Listener,
    Notice,
    listeners_in,
    notices_of,
)
from opensink_web.operations.notifications.subject import (
    Subject,
    assignees_of,
    closed_subjects,
    subjects_of_batches,
    waiting_subjects,
)
from opensink_web.operations.notifications.withdrawal import take_back, wait_again
from opensink_web.operations.requests.waiting import WAITS_FROM_NOW_ON, WAITS_NO_LONGER
from opensink_web.operations.slices import SLICE

_GIVEN = frozenset(
    {AuditAction.REQUEST_ASSIGNED, AuditAction.REQUEST_HANDED_ON, AuditAction.REQUEST_STEP_BEGUN}
)
_EVENTS = WAITS_FROM_NOW_ON | WAITS_NO_LONGER | _GIVEN | {AuditAction.REQUEST_COMMENTED}
_CHAINED = select(AuditHead.seq).where(AuditHead.workspace_id == Workspace.id).scalar_subquery()
_READ = (
    select(NotificationCursor.seq)
    .where(NotificationCursor.workspace_id == Workspace.id)
    .scalar_subquery()
)
_BEHIND = select(Workspace.id).where(func.coalesce(_CHAINED, 0) > func.coalesce(_READ, 0)).limit(1)


@dataclass(slots=True)
class _Events:
    """What a slice of the chain tells of."""

    waiting_ids: set[UUID] = field(default_factory=set)
    waiting_again_ids: set[UUID] = field(default_factory=set)
    batch_ids: set[UUID] = field(default_factory=set)
    closed_ids: set[UUID] = field(default_factory=set)
    step_begun_ids: set[UUID] = field(default_factory=set)
    given: list[tuple[UUID, set[str], UUID | None]] = field(default_factory=list)
    """Requests that were assigned or handed on, to whom by name, and who did it."""
    comments: list[tuple[UUID, UUID, UUID | None]] = field(default_factory=list)
    """Comments: of which request, which, and who wrote it."""


def is_anybody_to_be_notified() -> bool:
    """Return True if the audit has entries that were not read yet. Writes nothing."""
    return db.session.scalar(_BEHIND) is not None


def notify_some() -> int:
    """Read on in one workspace's audit; return how many entries that were, 0 for none."""
    workspace_id = db.session.scalar(_BEHIND)
    if workspace_id is None:
        return 0
    cursor = _lock_cursor(workspace_id)
    head = db.session.scalar(select(AuditHead.seq).where(AuditHead.workspace_id == workspace_id))
    until = min(cursor.seq + SLICE, head or 0)
    count = max(until - cursor.seq, 0)
    if count:
        _notify(workspace_id, _read(workspace_id, cursor.seq, until))
        cursor.seq = until
        db.session.flush()
    return count


def _lock_cursor(workspace_id: UUID) -> NotificationCursor:
    """Return how far it was read, locked: one at a time reads."""
    query = select(NotificationCursor).where(NotificationCursor.workspace_id == workspace_id)
    options = {"populate_existing": True}
    cursor = db.session.scalars(query.with_for_update(), execution_options=options).one_or_none()
    if cursor is None:
        # of two that begin at once the second is refused, and goes on later
        cursor = NotificationCursor(workspace_id=workspace_id, seq=0)
        db.session.add(cursor)
        db.session.flush()
    return cursor


def _read(workspace_id: UUID, after: int, until: int) -> _Events:
    query = (
        select(
            AuditEntry.id,
            AuditEntry.action,
            AuditEntry.actor,
            AuditEntry.user_id,
            AuditEntry.subject_id,
            AuditEntry.sealed_details,
        )
        .where(
            AuditEntry.workspace_id == workspace_id,
            AuditEntry.seq.is_not(None),  # for the partial index
            AuditEntry.seq > after,
            AuditEntry.seq <= until,
            AuditEntry.subject.in_((SubjectKind.REQUEST, SubjectKind.BATCH)),
        )
        .order_by(AuditEntry.seq)
    )
    events = _Events()
    rows: Sequence[Any] = db.session.execute(query).all()
    for row in rows:
        if row.action in _EVENTS:
            _note(events, row)
    return events


def _note(events: _Events, row: Row[Any]) -> None:
    subject_id: UUID = row.subject_id
    match row.action:
        case AuditAction.BATCH_SUBMITTED:
            if _details_of(row).get("requires_approval"):
                events.batch_ids.add(subject_id)
        case AuditAction.REQUEST_COMMENTED:
            comment_id = _details_of(row).get("comment_id")
            if isinstance(comment_id, str):
                events.comments.append((subject_id, UUID(comment_id), row.user_id))
        case action if action in _GIVEN:
            by_id = row.user_id if row.actor is ActorKind.PERSON else None
            events.given.append((subject_id, _newly_named(_details_of(row)), by_id))
            if action is AuditAction.REQUEST_STEP_BEGUN:  # those hear of it who may decide only now
                events.waiting_ids.add(subject_id)
                events.step_begun_ids.add(subject_id)
        case action if action in WAITS_NO_LONGER:
            events.closed_ids.add(subject_id)
        case AuditAction.REQUEST_CREATED:
            events.waiting_ids.add(subject_id)
        case _:
            events.waiting_again_ids.add(subject_id)


def _details_of(row: Row[Any]) -> JSONObject:
    """Return what an entry says besides; nothing, where that was erased or cannot be read."""
    try:
        salted = AuditEntry.details.unseal(row.id, row.sealed_details)
    except UnreadableSecret:
        return {}
    return salted[1] if salted else {}


def _newly_named(details: JSONObject) -> set[str]:
    """Return to whom a request was given that did not have it: addresses, and names of teams."""
    match details.get("changes"):
        case {"assignees": [list(before), list(after)]}:
            return {str(each) for each in after} - {str(each) for each in before}
        case _:
            return set()


def _notify(workspace_id: UUID, events: _Events) -> None:
    # of the step before, what those were told who may not decide in the one that has begun
    over_ids = events.closed_ids | events.step_begun_ids
    take_back(over_ids | _batches_of(workspace_id, events.closed_ids))
    listeners = listeners_in(workspace_id)
    if not listeners:
        return
    wait_again(events.waiting_again_ids)
    given = _notices_of_given(workspace_id, events, listeners)
    # whoever is given what was just asked is told that alone
    known = {(each.channel.id, each.subject_id) for each in given} | _known_of(events)
    waiting = _notices_of_waiting(workspace_id, events, listeners)
    notices = [each for each in waiting if (each.channel.id, each.subject_id) not in known]
    gather([*notices, *given, *_notices_of_comments(workspace_id, events, listeners)])


def _known_of(events: _Events) -> set[tuple[UUID, UUID]]:
    """Return by which channels people know already of what waits again."""
    query = select(Notification.channel_id, Notification.request_id).where(
        Notification.request_id.in_(events.waiting_again_ids)
    )
    return {(row.channel_id, row.request_id) for row in db.session.execute(query)}


def _batches_of(workspace_id: UUID, request_ids: Collection[UUID]) -> set[UUID]:
    """Return the batches of which requests are calls."""
    query = select(InputRequest.batch_id).where(
        InputRequest.workspace_id == workspace_id,
        InputRequest.id.in_(request_ids),
        InputRequest.batch_id.is_not(None),
    )
    return {each for each in db.session.scalars(query.distinct()) if each} if request_ids else set()


def _notices_of_waiting(
    workspace_id: UUID, events: _Events, listeners: Sequence[Listener]
) -> list[Notice]:
    notices = []
    ids = events.waiting_ids | events.waiting_again_ids
    for subject in waiting_subjects(workspace_id, ids):
        notices += notices_of(listeners, subject, NotificationEvent.ASKED)
    for subject in subjects_of_batches(workspace_id, events.batch_ids):
        notices += notices_of(listeners, subject, NotificationEvent.BATCH_ASKED)
    return notices


def _notices_of_given(
    workspace_id: UUID, events: _Events, listeners: Sequence[Listener]
) -> list[Notice]:
    """Return who is told that something is theirs now, unless they took it themselves."""
    ids = [request_id for request_id, _, _ in events.given]
    subjects, whose = _by_id(workspace_id, ids), assignees_of(workspace_id, ids)
    notices = []
    for request_id, names, by_id in events.given:
        subject = subjects.get(request_id)
        if subject is not None:
            people = whose.get(request_id, {}).items()
            new_ids = frozenset(each for each, own in people if own & names) - {by_id}
            event = NotificationEvent.ASSIGNED
            notices += notices_of(listeners, subject, event, only_ids=frozenset(new_ids))
    return notices


def _notices_of_comments(
    workspace_id: UUID, events: _Events, listeners: Sequence[Listener]
) -> list[Notice]:
    """Return who is told that a comment mentions them, unless they wrote it.

    What was written before the decision concerned that, and is of no use to anybody behind it; what
    was written later is told, and stays told.
    """
    mentioned: dict[UUID, set[UUID]] = defaultdict(set)
    written_at: dict[UUID, datetime] = {}
    query = (
        select(Comment.id, Comment.created_at, CommentMention.user_id)
        .join(CommentMention, CommentMention.comment_id == Comment.id)
        .where(Comment.id.in_([comment_id for _, comment_id, _ in events.comments]))
    )
    for comment_id, created_at, user_id in db.session.execute(query) if events.comments else ():
        written_at[comment_id] = created_at
        mentioned[comment_id].add(user_id)
    request_ids = [each for each, comment_id, _ in events.comments if comment_id in mentioned]
    waiting, closed = _by_id(workspace_id, request_ids), closed_subjects(workspace_id, request_ids)
    notices = []
    for request_id, comment_id, by_id in events.comments:
        only_ids, occurrence = frozenset(mentioned[comment_id] - {by_id}), str(comment_id)
        if not only_ids:
            continue
        if (subject := waiting.get(request_id)) is not None:
            event = NotificationEvent.MENTIONED
        elif request_id in closed and closed[request_id][1] <= written_at[comment_id]:
            subject, event = closed[request_id][0], NotificationEvent.REMARKED
        else:
            continue
        notices += notices_of(listeners, subject, event, only_ids=only_ids, occurrence=occurrence)
    return notices


def _by_id(workspace_id: UUID, request_ids: Collection[UUID]) -> dict[UUID, Subject]:
    return {each.id: each for each in waiting_subjects(workspace_id, request_ids)}
