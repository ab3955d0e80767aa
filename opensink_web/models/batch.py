"""Many executions of one function or agent that were submitted as one."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.base import Base, Created, Identified, word_type
from opensink_web.models.callback import Callback
from opensink_web.models.execution import ExecutionKind
from opensink_web.models.sealed import Sealed
from opensink_web.models.traced import Traced
from opensink_web.models.user import User

_IS_OPEN = text("ended_as IS NULL")
_IS_RERUN = text("rerun_of_id IS NOT NULL")
_IS_STAGED = text("staged_until IS NOT NULL")
_IS_BEING_QUEUED = text("unqueued_from IS NOT NULL")


class BatchStatus(StrEnum):
    """Where a batch stands; the API's own words.

    PARTIAL is one of which all have ended, and not all alike: some failed, or somebody cancelled
    some of them, and nobody the batch.
    """

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Batch(Identified, Created, Traced, Base):
    """How far it is, its executions say; `ended_as` is set once the last of them has ended.

    `staged_until` is set while its executions are still being written, which takes several
    transactions: nobody finds it (models/hidden.py), and what is left after that moment is deleted.
    Executions from number `unqueued_from` on are due at no time yet; they are to be at `due_at`.
    """

    __tablename__ = "batches"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[ExecutionKind] = mapped_column(word_type(ExecutionKind))
    function_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("functions.id", ondelete="SET NULL")
    )
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"))
    # the batch whose failed executions this one runs again; no foreign key, so that it may be gone
    rerun_of_id: Mapped[UUID | None]
    # the execution that started this one with its own token; no foreign key, so that it may be gone
    parent_id: Mapped[UUID | None]
    target_namespace: Mapped[str] = mapped_column(String(255))
    target_name: Mapped[str] = mapped_column(String(255))
    total: Mapped[int]
    trigger_id_prefix: Mapped[str | None] = mapped_column(String(255))
    sealed_callback_url: Mapped[str | None] = mapped_column("callback_url", Text)
    callback_url = Sealed[str | None]()
    # what the key that submitted it was limited to; null is all that its user may
    scopes: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    staged_until: Mapped[datetime | None]
    unqueued_from: Mapped[int | None]
    due_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    ended_as: Mapped[BatchStatus | None] = mapped_column(word_type(BatchStatus))
    finished_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()
    callback: Mapped[Callback | None] = relationship(passive_deletes=True)

    __table_args__ = (
        Index(None, "workspace_id", "id"),
        Index(None, "workspace_id", "kind", "id"),
        Index(None, "workspace_id", "ended_as", "id"),
        Index(None, "workspace_id", "target_name", "target_namespace", "id"),
        Index(None, "user_id", "id"),
        Index(None, "function_id", "id"),
        Index(None, "agent_id", "id"),
        Index(None, "rerun_of_id", sqlite_where=_IS_RERUN, postgresql_where=_IS_RERUN),
        # the sweeper looks every second whether one of them is done
        Index("ix_batches_open", "id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        # few and soon none: every query looks there, and the sweeper
        Index("ix_batches_staged", "id", sqlite_where=_IS_STAGED, postgresql_where=_IS_STAGED),
        Index(
            "ix_batches_unqueued",
            "id",
            sqlite_where=_IS_BEING_QUEUED,
            postgresql_where=_IS_BEING_QUEUED,
        ),
    )

    @property
    def full_name(self) -> str:
        """What is executed, as people write it."""
        return f"{self.target_namespace}/{self.target_name}"
