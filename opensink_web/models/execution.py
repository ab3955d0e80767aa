"""An execution: one run of a function, or of an agent as part of a batch, and its timeline.

Its row is the outbox: it is written in the transaction that takes it on. An execution is queued or
running (and then due, leased or dated for later), waits for a person, or has ended.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.base import Base, Created, Identified, Updated, UserObject, word_type
from opensink_web.models.callback import Callback, CallbackStatus
from opensink_web.models.leased import Leased, group_indexes, partial_index
from opensink_web.models.sealed import Sealed
from opensink_web.models.traced import Traced
from opensink_web.models.user import User

_IS_RERUN = text("rerun_of_id IS NOT NULL")

REJECTED, DECLINED = DECLINED_CODES = ("rejected", "declined")
"""The `error_code` of a call that a person did not approve, and of what they did not answer."""

EXPIRED = "expired"
"""The `error_code` of what nobody decided in time."""

NOT_DUE_YET = datetime(9999, 12, 31, tzinfo=UTC)
"""When executions are due of a batch so large that they are queued in slices."""


class ExecutionKind(StrEnum):
    """What is executed."""

    FUNCTION = "function"
    AGENT = "agent"


class ExecutionStatus(StrEnum):
    """Where an execution stands; the API's own words."""

    QUEUED = "queued"
    RUNNING = "running"
    AWAITING_INPUT = "awaiting_input"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        return self in ENDED


ENDED = frozenset({ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED})


class StepKind(StrEnum):
    """What happened to an execution."""

    QUEUED = "queued"
    STARTED = "started"
    PENDING = "pending"
    PAUSED = "paused"
    RESUMED = "resumed"
    RECOVERED = "recovered"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CALLBACK_SENT = "callback_sent"
    CALLBACK_FAILED = "callback_failed"


class Execution(Identified, Updated, Leased, Traced, Base):
    """`target_namespace` and `target_name` outlive the function or agent that they name.

    `timeout_seconds` is for each call; `pause_count` is how often a person was asked. `scopes` is
    what the key that started it was limited to; null is all that its user may. `depth` counts the
    executions above it that started each other; it is 0 where a person or a program did.
    """

    __tablename__ = "executions"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[ExecutionKind] = mapped_column(word_type(ExecutionKind))
    function_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("functions.id", ondelete="SET NULL")
    )
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"))
    target_namespace: Mapped[str] = mapped_column(String(255))
    target_name: Mapped[str] = mapped_column(String(255))
    batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"))
    batch_index: Mapped[int | None]
    # the execution whose call this one makes again; no foreign key, so that it may be gone
    rerun_of_id: Mapped[UUID | None]
    # the execution that started this one with its own token; no foreign key, so that it may be gone
    parent_id: Mapped[UUID | None]
    depth: Mapped[int] = mapped_column(default=0, server_default="0")
    chat_id: Mapped[UUID | None] = mapped_column(ForeignKey("chats.id", ondelete="SET NULL"))
    trigger_type: Mapped[str] = mapped_column(String(32))
    trigger_id: Mapped[str] = mapped_column(String(255))
    scopes: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    status: Mapped[ExecutionStatus] = mapped_column(
        word_type(ExecutionStatus), default=ExecutionStatus.QUEUED
    )
    sealed_input_data: Mapped[str | None] = mapped_column("input_data", Text)
    input_data = Sealed[UserObject](empty=dict)
    sealed_output_data: Mapped[str | None] = mapped_column("output_data", Text)
    output_data = Sealed[Any]()
    # where secrets were in them, by the schemas of that time
    sealed_secret_input_paths: Mapped[str | None] = mapped_column("secret_input_paths", Text)
    secret_input_paths = Sealed[list[list[str | int]]](empty=list)
    sealed_secret_output_paths: Mapped[str | None] = mapped_column("secret_output_paths", Text)
    secret_output_paths = Sealed[list[list[str | int]]](empty=list)
    sealed_error: Mapped[str | None] = mapped_column("error", Text)
    error = Sealed[str | None]()
    error_code: Mapped[str | None] = mapped_column(String(64))
    timeout_seconds: Mapped[int]
    pause_count: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    sealed_callback_url: Mapped[str | None] = mapped_column("callback_url", Text)
    callback_url = Sealed[str | None]()

    user: Mapped[User] = relationship()
    callback: Mapped[Callback | None] = relationship(passive_deletes=True)
    steps: Mapped[list["ExecutionStep"]] = relationship(
        order_by="ExecutionStep.id", passive_deletes=True
    )

    __table_args__ = (
        Index(None, "workspace_id", "id"),
        Index(None, "workspace_id", "status", "id"),
        Index(None, "workspace_id", "target_name", "target_namespace", "id"),
        Index("ix_executions_workspace_id_trigger_id", "workspace_id", "trigger_id", "id"),
        Index(None, "user_id", "id"),
        Index(None, "function_id", "id"),
        Index(None, "agent_id", "id"),
        Index(None, "chat_id", "id"),
        Index(None, "rerun_of_id", sqlite_where=_IS_RERUN, postgresql_where=_IS_RERUN),
        # those that are pruned by themselves, oldest first; SQLite takes it for its first column
        partial_index("ix_executions_alone", ["batch_id", "id"], "batch_id IS NULL"),
        # what of a batch ended with a person's No; the words are DECLINED_CODES
        partial_index(
            "ix_executions_declined", ("batch_id",), "error_code IN ('rejected', 'declined')"
        ),
        # all that a poll of a batch reads
        Index("ix_executions_progress", "batch_id", "status", "started_at", "finished_at"),
        Index("ix_executions_batch_index", "batch_id", "batch_index"),
        # the executions of a batch in one status, in order
        Index(None, "batch_id", "status", "batch_index"),
        *group_indexes("executions", "status IN ('queued', 'running')"),
    )

    @property
    def full_name(self) -> str:
        """What is executed, as people write it."""
        return f"{self.target_namespace}/{self.target_name}"

    @property
    def is_declined(self) -> bool:
        """Return True if it ended with a person's No, which is no failure of anything."""
        return self.error_code in DECLINED_CODES

    @property
    def is_expired(self) -> bool:
        """Return True if it ended because nobody decided in time."""
        return self.error_code == EXPIRED

    @property
    def duration_ms(self) -> int | None:
        """How long it took from the first start to the end, pauses included."""
        if self.started_at is None or self.finished_at is None:
            return None
        return round((self.finished_at - self.started_at).total_seconds() * 1000)

    @property
    def callback_status(self) -> CallbackStatus | None:
        """How its callback went; None without one, and until it has been made."""
        is_made = self.callback is not None and self.callback.status is not CallbackStatus.PENDING
        return self.callback.status if self.callback is not None and is_made else None

    @property
    def callback_response_code(self) -> int | None:
        """What its callback was answered."""
        return None if self.callback is None else self.callback.response_code


class ExecutionStep(Identified, Created, Base):
    """One line of an execution's timeline."""

    __tablename__ = "execution_steps"

    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id", ondelete="CASCADE"))
    kind: Mapped[StepKind] = mapped_column(word_type(StepKind))
    sealed_message: Mapped[str | None] = mapped_column("message", Text)
    message = Sealed[str | None]()
    details: Mapped[UserObject | None] = mapped_column(JSON(none_as_null=True))

    __table_args__ = (Index(None, "execution_id", "id"),)

    @property
    def status(self) -> ExecutionStatus:
        """Where this step left the execution, or how the callback went that it made."""
        match self.kind:
            case StepKind.QUEUED | StepKind.RESUMED:
                return ExecutionStatus.QUEUED
            case StepKind.STARTED | StepKind.RECOVERED | StepKind.PENDING:
                return ExecutionStatus.RUNNING
            case StepKind.PAUSED:
                return ExecutionStatus.AWAITING_INPUT
            case StepKind.COMPLETED | StepKind.CALLBACK_SENT:
                return ExecutionStatus.COMPLETED
            case StepKind.FAILED | StepKind.CALLBACK_FAILED:
                return ExecutionStatus.FAILED
            case StepKind.CANCELLED:
                return ExecutionStatus.CANCELLED
            case unknown:
                assert_never(unknown)
