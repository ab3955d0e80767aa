"""Who is asked by a comment on what waits and has not answered: in rows, and as a part of a list.

Nothing is written here; mention.py does.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, func, literal, select

from opensink_web.models import (
    CommentMention,
    InputRequest,
    InputRequestStatus,
    User,
    Workspace,
    db,
)

ASKING_COUNTED_MAX = 100
_IS_UNANSWERED = CommentMention.answered_at.is_(None)


@dataclass(frozen=True, slots=True)
class Asking:
    """Keeps in which requests somebody is asked, as a tag keeps what has it (sieve.py)."""

    workspace_id: UUID
    user_id: UUID

    @property
    def ids(self) -> Select[Any]:
        """Find all of them."""
        return select(CommentMention.request_id).where(
            CommentMention.workspace_id == self.workspace_id,
            CommentMention.user_id == self.user_id,
            _IS_UNANSWERED,
        )

    def are_in(self, request_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        """Look whether they are asked in one request."""
        of_it = self.ids.with_only_columns(literal(value=True)).where(
            CommentMention.request_id == request_id
        )
        return of_it.correlate_except(CommentMention).exists()


def asking_among(requests: Sequence[InputRequest], user: User) -> Collection[UUID]:
    """Return which of these wait and ask somebody. It costs nothing where nobody has commented."""
    commented = [
        each
        for each in requests
        if each.comments_count and each.status is InputRequestStatus.PENDING
    ]
    if not commented:
        return ()
    asking = Asking(commented[0].workspace_id, user.id).ids
    ids = [each.id for each in commented]
    return set(db.session.scalars(asking.where(CommentMention.request_id.in_(ids))))


def count_asking(workspace: Workspace, user: User) -> int:
    """Return in how many requests that wait somebody is asked, counted up to ASKING_COUNTED_MAX."""
    asking = Asking(workspace.id, user.id).ids.join(
        InputRequest, InputRequest.id == CommentMention.request_id
    )
    waiting = asking.where(InputRequest.status == InputRequestStatus.PENDING)
    ids = waiting.distinct().limit(ASKING_COUNTED_MAX).subquery()
    return db.session.scalar(select(func.count()).select_from(ids)) or 0


def asked_in(workspace: Workspace) -> frozenset[UUID]:
    """Return everybody who is asked in a workspace."""
    query = select(CommentMention.user_id).where(
        CommentMention.workspace_id == workspace.id, _IS_UNANSWERED
    )
    return frozenset(db.session.scalars(query.distinct()))
