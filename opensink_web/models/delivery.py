"""The outbox: every call that must leave, and each attempt at it.

A row is written in the transaction that makes the call necessary. An unfinished row is due
(`next_at` has passed), leased (a worker is calling) or dated for later; nothing else.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from opensink_web.models.agent import Agent
from opensink_web.models.base import Base, Created, Identified, Updated, word_type
from opensink_web.models.leased import Leased, group_indexes, partial_index
from opensink_web.models.sealed import Sealed
from opensink_web.models.traced import Traced
from opensink_web.trace_context import TRACEPARENT, read_trace


class DeliveryKind(StrEnum):
    """Why a call leaves."""

    INPUT_REQUEST_RESOLVED = "input_request_resolved"
    RESUME = "resume"
    COMMENT = "comment"
    TEST = "test"


class DeliveryStatus(StrEnum):
    """Where a call stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class AttemptTrigger(StrEnum):
    """Why an attempt was made."""

    FIRST = "first"
    RETRY = "retry"
    RECOVERY = "recovery"
    MANUAL = "manual"


class AttemptOutcome(StrEnum):
    """How an attempt ended; `unknown` when its worker died before it could say."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


IS_OPEN = "status = 'pending'"


class Delivery(Identified, Updated, Leased, Traced, Base):
    """One call, made as often as it takes; its id is the `webhook-id` of every attempt.

    `business_key` makes a second delivery for the same cause impossible. Its concurrency group is
    the agent.
    """

    __tablename__ = "deliveries"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    session_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("agent_sessions.id", ondelete="CASCADE")
    )
    input_request_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("input_requests.id", ondelete="CASCADE")
    )
    kind: Mapped[DeliveryKind] = mapped_column(word_type(DeliveryKind))
    business_key: Mapped[str] = mapped_column(String(255), unique=True)
    status: Mapped[DeliveryStatus] = mapped_column(
        word_type(DeliveryStatus), default=DeliveryStatus.PENDING
    )
    error_message: Mapped[str | None] = mapped_column(Text)
    next_trigger: Mapped[AttemptTrigger] = mapped_column(
        word_type(AttemptTrigger), default=AttemptTrigger.FIRST
    )
    attempt_count: Mapped[int] = mapped_column(default=0)
    # attempts since the last manual redelivery, which starts the schedule over
    round_attempt_count: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    # of a call that was begun and did not end yet, which has no row of its own until then; the
    # endpoint is the agent's at that moment, sealed as it is there
    call_began_at: Mapped[datetime | None]
    called_endpoint: Mapped[str | None] = mapped_column(Text)

    group_id: Mapped[UUID] = synonym("agent_id")

    agent: Mapped[Agent] = relationship()
    attempts: Mapped[list["DeliveryAttempt"]] = relationship(
        order_by="DeliveryAttempt.number", passive_deletes=True
    )

    __table_args__ = (
        Index(None, "workspace_id", "id"),
        Index(None, "workspace_id", "status", "id"),
        Index(None, "workspace_id", "kind", "id"),
        Index(None, "session_id", "id"),
        Index(None, "input_request_id"),
        Index(None, "agent_id", "id"),
        *group_indexes("deliveries", IS_OPEN, "agent_id"),
        partial_index(
            "ix_deliveries_trace_id",
            ("workspace_id", "trace_id", "id"),
            "trace_id IS NOT NULL",
        ),
        # all of an agent's can be made again at once
        partial_index("ix_deliveries_failed", ("agent_id", "id"), "status = 'failed'"),
        # those that have ended in a time are counted
        partial_index(
            "ix_deliveries_finished",
            ("workspace_id", "finished_at", "id"),
            "finished_at IS NOT NULL",
        ),
        # what a person asked for does not wait behind the others, nor does what has an address of
        # its own for the health of the agent's endpoint
        partial_index(
            "ix_deliveries_asked",
            ("agent_id", "next_at", "id"),
            f"{IS_OPEN} AND (kind IN ('test', 'resume') OR next_trigger = 'manual')",
        ),
    )

    @property
    def comment_id(self) -> UUID | None:
        """Return the comment that it tells of."""
        return comment_id_of(self.kind, self.business_key)


def business_key_of(comment_id: UUID) -> str:
    """Return the key of the delivery that tells of a comment."""
    return f"{DeliveryKind.COMMENT}:{comment_id}"


def comment_id_of(kind: DeliveryKind, business_key: str) -> UUID | None:
    """Return which comment a delivery tells of: its key names it; None of another kind."""
    return UUID(business_key.partition(":")[2]) if kind is DeliveryKind.COMMENT else None


class DeliveryAttempt(Identified, Created, Base):
    """One call as it was made and what came back: at most 4 KiB of it, secrets redacted.

    Written once the call has ended, or its worker was lost. Without an outcome it is not stored: it
    shows a call that is under way.
    """

    __tablename__ = "delivery_attempts"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    number: Mapped[int]
    trigger: Mapped[AttemptTrigger] = mapped_column(word_type(AttemptTrigger))
    outcome: Mapped[AttemptOutcome | None] = mapped_column(word_type(AttemptOutcome))
    method: Mapped[str] = mapped_column(String(8))
    sealed_url: Mapped[str] = mapped_column("url", Text)
    url = Sealed[str]()
    sealed_request_headers: Mapped[str] = mapped_column("request_headers", Text)
    request_headers = Sealed[list[list[str]]]()
    sealed_request_body: Mapped[str | None] = mapped_column("request_body", Text)
    request_body = Sealed[str | None]()
    response_status: Mapped[int | None]
    sealed_response_headers: Mapped[str | None] = mapped_column("response_headers", Text)
    response_headers = Sealed[list[list[str]] | None]()
    sealed_response_body: Mapped[str | None] = mapped_column("response_body", Text)
    response_body = Sealed[str | None]()
    response_body_truncated: Mapped[bool | None]
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)
    remote_address: Mapped[str | None] = mapped_column(String(64))
    latency_ms: Mapped[float | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("delivery_id", "number"),)

    @property
    def span_id(self) -> str | None:
        """Return the span that the call was in its trace, as it was sent; None without a trace."""
        sent = {name.lower(): value for name, value in self.request_headers}
        trace = read_trace(sent.get(TRACEPARENT, ""))
        return None if trace is None else trace.parent_id
