"""What people and whoever asked say about a request: only ever added to.

Nobody decides by it, and nothing of it changes later: who reads a thread reads what was written.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.base import Base, Created, Identified
from opensink_web.models.sealed import Sealed
from opensink_web.models.user import User

_IS_UNANSWERED = text("answered_at IS NULL")


class Comment(Identified, Created, Base):
    """Markdown, in the thread of a request and of what is asked instead of it later.

    `is_by_asker`: the agent or the function wrote it, with a key of the author's; else the author
    did. `wakes`: the agent was to be called because of it. Ids ascend within a thread.
    """

    __tablename__ = "comments"

    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    # what was asked when it was written
    request_id: Mapped[UUID] = mapped_column(
        ForeignKey("input_requests.id", ondelete="CASCADE"), index=True
    )
    # the first of all revisions; no foreign key: it may be gone
    thread_id: Mapped[UUID]
    author_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    is_by_asker: Mapped[bool]
    sealed_message: Mapped[str] = mapped_column("message", Text)
    message = Sealed[str]()
    wakes: Mapped[bool]

    author: Mapped[User | None] = relationship()
    mentions: Mapped[list["CommentMention"]] = relationship(
        order_by="CommentMention.user_id", passive_deletes=True
    )

    __table_args__ = (Index(None, "thread_id", "id"),)


class CommentMention(Base):
    """A person who is asked by a comment: they find the request among what asks them until
    `answered_at`. What waits asks until they have written in the thread or said how they decide;
    what does not, and who may only read, until they have read it, which is `seen_at`.
    """

    __tablename__ = "comment_mentions"

    comment_id: Mapped[UUID] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    # the newest revision
    request_id: Mapped[UUID] = mapped_column(
        ForeignKey("input_requests.id", ondelete="CASCADE"), index=True
    )
    seen_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()

    __table_args__ = (
        Index(None, "user_id"),
        Index(
            "ix_comment_mentions_unanswered",
            *("workspace_id", "user_id", "request_id"),
            sqlite_where=_IS_UNANSWERED,
            postgresql_where=_IS_UNANSWERED,
        ),
    )
