"""Who is asked by a comment, as `@name@example.com`: members alone who may read the request."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from opensink_web import clock
from opensink_web.models import Comment, CommentMention, Membership, User, Workspace, db
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.accounts.membership import IS_ACTIVE
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.requests.asked import IS_OPEN

MENTIONS_MAX = 20
OFFERED_MAX = 8
_LOOKED_AT_MAX = 50
_ADDRESS = re.compile(r"(?<![\w.@-])@([^\s@<>()\[\],;:\"]+@[\w-]+(?:\.[\w-]+)+)")
_IS_OPEN = (CommentMention.request_id == bindparam("of_request"), IS_OPEN)
_IS_UNREAD = (*_IS_OPEN, CommentMention.seen_at.is_(None))
_OF_USER = CommentMention.user_id == bindparam("of_user")
_UNREAD = select(CommentMention.comment_id).where(*_IS_UNREAD, _OF_USER).limit(1)
_SEE = (
    update(CommentMention)
    .where(*_IS_UNREAD, _OF_USER)
    .values(seen_at=bindparam("moment"), answered_at=bindparam("settled"))
)
_SETTLE = (
    update(CommentMention)
    .where(*_IS_OPEN, CommentMention.seen_at.is_not(None))
    .values(answered_at=bindparam("moment"))
)
_ANSWER = (
    update(CommentMention)
    .where(*_IS_OPEN, _OF_USER)
    .values(
        answered_at=bindparam("moment"),
        seen_at=func.coalesce(CommentMention.seen_at, bindparam("moment")),
    )
)
_MOVE = update(CommentMention).where(*_IS_OPEN).values(request_id=bindparam("new_request"))


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Who is mentioned in a text, and which addresses are those of nobody who may read it."""

    users: Sequence[User]
    unknown: Sequence[str]


def mentioned_in(workspace: Workspace, message: str) -> Mentioned:
    """Look up whom a text mentions; of very many the first ones."""
    addresses = list(dict.fromkeys(each.lower() for each in _ADDRESS.findall(message)))
    addresses = addresses[:MENTIONS_MAX]
    if not addresses:
        return Mentioned((), ())
    readers = [*_readers(_members_of(workspace).where(User.email.in_(addresses)))]
    known = {user.email for user in readers}
    return Mentioned(readers, [each for each in addresses if each not in known])


def mentionable_in(workspace: Workspace, typed: str, *, but: User) -> list[str]:
    """Return the first addresses with what was typed in them, those that begin with it before all
    others, of active members who may read requests, but of one.
    """
    typed = typed.strip().lower()
    begins = User.email.startswith(typed, autoescape=True)
    query = _members_of(workspace).where(
        User.email.contains(typed, autoescape=True), User.id != but.id
    )
    first = query.order_by(None).order_by(begins.desc(), User.email).limit(_LOOKED_AT_MAX)
    return [user.email for user in islice(_readers(first), OFFERED_MAX)]


def _members_of(workspace: Workspace) -> Select[Membership]:
    return (
        select(Membership)
        .join(Membership.user)
        .options(
            contains_eager(Membership.user),
            joinedload(Membership.workspace),
            selectinload(Membership.custom_roles),
        )
        .where(Membership.workspace_id == workspace.id, *IS_ACTIVE)
        .order_by(User.email)
    )


def _readers(query: Select[Membership]) -> Iterator[User]:
    """Give those of some members who may read requests."""
    for member in db.session.scalars(query):
        if Principal.of(member).may("agent_session_input_requests", Action.READ):
            yield member.user


def store_mentions(comment: Comment, users: Sequence[User]) -> None:
    """Write down whom a comment asks; whatever else tells people of it begins here."""
    db.session.add_all(
        CommentMention(
            comment_id=comment.id,
            user_id=user.id,
            workspace_id=comment.workspace_id,
            request_id=comment.request_id,
        )
        for user in users
        if user.id != comment.author_id or comment.is_by_asker
    )
    db.session.flush()


def is_mentioned(request_id: UUID, user_id: UUID) -> bool:
    """Return True if somebody is mentioned and has not read it."""
    values = {"of_request": request_id, "of_user": user_id}
    return run_prepared(_UNREAD, values).first() is not None


def see_mentions(request_id: UUID, user_id: UUID, *, settles: bool = False) -> bool:
    """Note that somebody has read where they are mentioned; return False if they were not.

    It `settles` that where they have nothing to answer: nothing waits any more, or their role only
    reads.
    """
    now = clock.now()
    values = {"of_request": request_id, "of_user": user_id, "moment": now}
    return run_prepared(_SEE, {**values, "settled": now if settles else None}).rowcount > 0


def answer_mentions(request_id: UUID, user_id: UUID) -> None:
    """Note that somebody has said what they were asked, in the thread or by deciding."""
    values = {"of_request": request_id, "of_user": user_id, "moment": clock.now()}
    run_prepared(_ANSWER, values)


def settle_mentions(request_id: UUID) -> None:
    """Note that nobody has to answer any more: the request has come to its end. Who has not read
    yet where they are mentioned is to read it still.
    """
    run_prepared(_SETTLE, {"of_request": request_id, "moment": clock.now()})


def move_mentions(request_id: UUID, new_request_id: UUID) -> None:
    """Have those who have not read or answered it yet find what is asked instead."""
    run_prepared(_MOVE, {"of_request": request_id, "new_request": new_request_id})
