"""Whom comments ask, and for whom that is still open: in rows, and as a part of a list.

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
    Membership,
    User,
    Workspace,
    db,
)

ASKING_COUNTED_MAX = 100
IS_OPEN: ColumnElement[bool] = CommentMention.answered_at.is_(None)


@dataclass(frozen=True, slots=True)
class Asking:
    """Keeps in which requests somebody is asked, as a tag keeps what has it (sieve.py).

    What `is_waiting` asks until it is answered. What is not asks until it is read, also while a
    colleague's decision can be undone and the question may come back.
    """

    workspace_id: UUID
    user_id: UUID
    is_waiting: bool = True

    @property
    def ids(self) -> Select[Any]:
        """Find all of them."""
        ids = select(CommentMention.request_id).where(
            CommentMention.workspace_id == self.workspace_id,
            CommentMention.user_id == self.user_id,
            IS_OPEN,
        )
        return ids if self.is_waiting else ids.where(CommentMention.seen_at.is_(None))

    def are_in(self, request_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        """Look whether they are asked in one request."""
        of_it = self.ids.with_only_columns(literal(value=True)).where(
            CommentMention.request_id == request_id
        )
        return of_it.correlate_except(CommentMention).exists()


def asking_among(requests: Sequence[InputRequest], user: User) -> Collection[UUID]:
    """Return which of these ask somebody. It costs nothing where nobody has commented."""
    commented = {each.id: each for each in requests if each.comments_count}
    if not commented:
        return ()
    workspace_id = next(iter(commented.values())).workspace_id
    query = Asking(workspace_id, user.id).ids.add_columns(CommentMention.seen_at)
    rows = db.session.execute(query.where(CommentMention.request_id.in_(commented)))
    return {
        request_id
        for request_id, seen_at in rows
        if seen_at is None or commented[request_id].status is InputRequestStatus.PENDING
    }


def count_asking(workspace: Workspace, user: User) -> tuple[int, int]:
    """Return how many requests ask somebody of those that wait, and of all others; each counted up
    to ASKING_COUNTED_MAX.
    """
    is_pending = InputRequest.status == InputRequestStatus.PENDING
    counts = []
    for is_waiting in (True, False):
        ids = (
            Asking(workspace.id, user.id, is_waiting)
            .ids.join(InputRequest, InputRequest.id == CommentMention.request_id)
            .where(is_pending if is_waiting else ~is_pending)
            .distinct()
            .limit(ASKING_COUNTED_MAX)
            .subquery()
        )
        counts.append(select(func.count()).select_from(ids).scalar_subquery())
    waiting, others = db.session.execute(select(*counts)).one()
    return waiting, others


def asked_in(workspace: Workspace) -> frozenset[UUID]:
    """Return the members of a workspace who are asked anything."""
    # each looked up: what was decided asks until it is read, which may be much and never
    of_member = select(literal(value=True)).where(
        CommentMention.workspace_id == workspace.id,
        CommentMention.user_id == Membership.user_id,
        IS_OPEN,
    )
    query = select(Membership.user_id).where(
        Membership.workspace_id == workspace.id, of_member.correlate(Membership).exists()
    )
    return frozenset(db.session.scalars(query))
