"""The comments on a request, read: a page of them, and whether there are new ones.

Nothing is written here, and nothing of what writes is imported.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import aliased, joinedload, selectinload

from opensink_web.models import (
    OPEN_STATUSES,
    Comment,
    CommentMention,
    InputRequest,
    db,
)
from opensink_web.operations import page

_WITH_PEOPLE = (
    joinedload(Comment.author),
    selectinload(Comment.mentions).joinedload(CommentMention.user),
)


def list_comments(
    request: InputRequest, page_request: page.PageRequest, *, after: UUID | None = None
) -> page.Page[Comment]:
    """Return comments of a request's thread, the newest first; with `after` those since that one.

    Raises: InvalidInput for a bad cursor.
    """
    query = select(Comment).options(*_WITH_PEOPLE).where(Comment.thread_id == request.thread)
    if after is not None:
        query = query.where(Comment.id > after)
    return page.fetch(query, Comment.id, page_request)


def newest_in(thread_id: UUID, *which: ColumnElement[bool]) -> UUID | None:
    """Return the newest comment of a thread, if there is one."""
    query = select(Comment.id).where(Comment.thread_id == thread_id, *which)
    return db.session.scalar(query.order_by(Comment.id.desc()).limit(1))


def last_known(request: InputRequest, after: UUID | None) -> UUID:
    """Return the last comment of a thread up to one, which is what still_silent() is asked for."""
    if after is None:
        return request.id
    return newest_in(request.thread, Comment.id <= after) or request.id


def still_silent(known_ids: Sequence[UUID]) -> set[UUID]:
    """Return after which of these nobody has said anything, while there is something to decide.

    Each is a comment, the last one that is known; or a request of which none is known.
    """
    later = aliased(Comment)
    is_last = ~exists().where(later.thread_id == Comment.thread_id, later.id > Comment.id)
    waits = or_(
        exists().where(InputRequest.id == Comment.thread_id, _is_open()),
        exists().where(InputRequest.thread_id == Comment.thread_id, _is_open()),
    )
    comments = select(Comment.id).where(Comment.id.in_(known_ids), is_last, waits)
    has_none = ~exists().where(
        or_(Comment.thread_id == InputRequest.id, Comment.thread_id == InputRequest.thread_id)
    )
    requests = select(InputRequest.id).where(InputRequest.id.in_(known_ids), _is_open(), has_none)
    return {*db.session.scalars(comments), *db.session.scalars(requests)}


def _is_open() -> ColumnElement[bool]:
    return InputRequest.status.in_(OPEN_STATUSES)
