"""A question to a person, and the answer.

An agent asks in a session; an execution asks because its function wants to know something, or
because the call itself needs a person's approval.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Computed, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.agent import Agent
from opensink_web.models.agent_session import AgentSession
from opensink_web.models.assignment import Assignment
from opensink_web.models.base import Base, Created, Identified, UserObject, word_type
from opensink_web.models.execution import Execution
from opensink_web.models.quorum import Quorum
from opensink_web.models.sealed import Sealed
from opensink_web.models.standing_approval import StandingApproval
from opensink_web.models.traced import Traced
from opensink_web.models.user import User
from opensink_web.outbound.redaction import host_of
from opensink_web.trace_context import TRACE_ID_LENGTH

_IS_DECIDED = text("resolved_by_id IS NOT NULL")
_SUPERSEDES = text("supersedes_id IS NOT NULL")
_IS_BY_STANDING_APPROVAL = text("standing_approval_id IS NOT NULL")
_HAS_THREAD = text("thread_id IS NOT NULL")
_IS_OPEN = text("status IN ('pending', 'held')")
_HAS_REFERENCE = text("reference IS NOT NULL")
_PRECEDENCE = "CASE WHEN priority > 0 THEN -priority END"
_CLOSED_AT = (
    "CASE WHEN status <> 'pending' THEN coalesce(resolved_at, cancelled_at, created_at) END"
)
_FILTERS = {"all": (), "agent": ("agent_id",), "key": ("key",), "kind": ("kind",)}
_ORDERS = {
    "waiting": ((), "status = 'pending'"),
    "due": (("expires_at",), "status = 'pending' AND expires_at IS NOT NULL"),
    "urgent": (("precedence",), "status = 'pending' AND precedence IS NOT NULL"),
    "decided": (("closed_at",), "status <> 'pending'"),
}
LIST_INDEXES = [
    (
        f"ix_input_requests_{order}_{name}",
        ("workspace_id", *filtered, *ordered, "id"),
        condition if name != "agent" else f"{condition} AND agent_id IS NOT NULL",
    )
    for order, (ordered, condition) in _ORDERS.items()
    for name, filtered in _FILTERS.items()
    if (order, name) != ("waiting", "all")  # there is one by status and id
] + [
    (
        f"ix_input_requests_waiting_{name}",
        ("workspace_id", f"{name}_id", "id"),
        f"status = 'pending' AND {name}_id IS NOT NULL",
    )
    for name in ("session", "batch")
]
LIST_INDEXES += [
    (
        "ix_input_requests_decided_status",
        ("workspace_id", "status", "closed_at", "id"),
        "status <> 'pending'",
    ),
    (
        "ix_input_requests_decided_by_system",
        ("workspace_id", "closed_at", "id"),
        "status <> 'pending' AND resolved_by_system",
    ),
]
LIST_INDEXES += [
    (
        f"ix_input_requests_{order}_batch",
        ("workspace_id", "batch_id", *ordered, "id"),
        f"{condition} AND batch_id IS NOT NULL",
    )
    for order, (ordered, condition) in _ORDERS.items()
    if order != "waiting"
]
"""The lists' indexes: name, columns, condition."""


class InputRequestStatus(StrEnum):
    """Where a request stands; the API's own words, but for HELD.

    A decision that can still be undone is held: nobody but people sees it, and to programs the
    request is pending.
    """

    PENDING = "pending"
    HELD = "held"
    RESOLVED = "resolved"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"

    @property
    def is_open(self) -> bool:
        """Return True while no decision has taken effect."""
        return self in OPEN_STATUSES

    @property
    def outcome(self) -> "DecisionOutcome | None":
        """Return how it ended for whoever asked; None if it has not, or others are asked now."""
        match self:
            case InputRequestStatus.RESOLVED:
                return DecisionOutcome.ANSWERED
            case InputRequestStatus.DECLINED:
                return DecisionOutcome.DECLINED
            case InputRequestStatus.CANCELLED:
                return DecisionOutcome.CANCELLED
            case InputRequestStatus.EXPIRED:
                return DecisionOutcome.EXPIRED
            case (
                InputRequestStatus.PENDING | InputRequestStatus.HELD | InputRequestStatus.SUPERSEDED
            ):
                return None
            case _:
                assert_never(self)


OPEN_STATUSES = (InputRequestStatus.PENDING, InputRequestStatus.HELD)
"""What programs call pending."""

IS_OPEN = text("input_requests.status IN ('pending', 'held')")
"""A condition that finds what programs call pending by its index; to be said in these words."""


class DecisionOutcome(StrEnum):
    """How a request ended, as whoever asked is told."""

    ANSWERED = "answered"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class OnExpire(StrEnum):
    """What happens to a request whose deadline passes: it expires, or is declined or answered."""

    NONE = "none"
    DECLINE = "decline"
    DEFAULT = "default"


class InputRequestKind(StrEnum):
    """What is asked for: an answer, or leave for a call whose input is shown to be edited."""

    INPUT = "input"
    APPROVAL = "approval"


def _list_indexes() -> Iterator[Index]:
    """Index what waits, and what was decided, by each filter in each order.

    Each holds those alone that its list has: of a million that were decided nothing is in the way
    of the few that wait.
    """
    for name, columns, condition in LIST_INDEXES:
        where = text(condition)
        yield Index(name, *columns, sqlite_where=where, postgresql_where=where)


class InputRequest(Identified, Created, Traced, Base):
    """`message` is Markdown; `schema` is JSON Schema; `response` fits it or is null.

    `proposed_response` is what a call is to be made with, of an approval. `edited` are JSON
    Pointers to what was changed of it, or of what the schema proposes; null where nothing was
    proposed. Who declined, and when, is in `resolved_by` and `resolved_at`, as who answered;
    `resolved_by_system` where a deadline or a standing approval did. `held_until` is when a
    decision that could be undone takes effect, or did. `required_responses` is how many people have
    to answer, by what `quorum` says where it is more than one. `requested_by` is for whom it was
    asked: whose key or token an agent asked with, or whose execution it is; nobody in rows from
    before that was kept. With `forbid_requester` they cannot decide on it themselves, nor can those
    of whose request it is a revision. `digest` is
    of what people were shown; it is null in rows from before it was kept. `precedence` ascends as
    the priority falls, null without one; `closed_at` is when a request left what waits.
    """

    __tablename__ = "input_requests"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    session_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("agent_sessions.id", ondelete="CASCADE")
    )
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    execution_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("executions.id", ondelete="CASCADE")
    )
    # that its execution is one of; no foreign key, so that it may be gone
    batch_id: Mapped[UUID | None]
    # the execution with whose token an agent's question was put; no foreign key: it may be gone
    asked_with_id: Mapped[UUID | None]
    # the key with which it was put by /ask, which reads the answer; no foreign key: it may be gone
    asked_with_key_id: Mapped[UUID | None]
    # the session was begun for this question alone, and ends with it
    ends_session: Mapped[bool] = mapped_column(default=False, server_default=false())
    # no foreign key: for one SQLite would copy the whole table, and users are never deleted
    requested_by_id: Mapped[UUID | None]
    # for whom the revisions before it were asked, as texts; null where there were none
    earlier_requester_ids: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    kind: Mapped[InputRequestKind] = mapped_column(
        word_type(InputRequestKind), default=InputRequestKind.INPUT
    )
    key: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(255))
    sealed_message: Mapped[str] = mapped_column("message", Text)
    message = Sealed[str]()
    # its defaults and constants may be a proposal
    sealed_schema: Mapped[str] = mapped_column("schema", Text)
    schema = Sealed[Any]()
    sealed_proposed_response: Mapped[str | None] = mapped_column("proposed_response", Text)
    proposed_response = Sealed[UserObject | None]()
    sealed_response: Mapped[str | None] = mapped_column("response", Text)
    response = Sealed[UserObject | None]()
    # keys may say something too, where they are somebody's names
    sealed_edited: Mapped[str | None] = mapped_column("edited", Text)
    edited = Sealed[list[str] | None]()
    status: Mapped[InputRequestStatus] = mapped_column(
        word_type(InputRequestStatus), default=InputRequestStatus.PENDING
    )
    sealed_decline_reason: Mapped[str | None] = mapped_column("decline_reason", Text)
    decline_reason = Sealed[str | None]()
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    resolved_by_system: Mapped[bool] = mapped_column(default=False)
    # for whom they stood in, where it was not assigned to themselves; the account may be gone
    resolved_for_id: Mapped[UUID | None]
    # by which it was approved without a person; no foreign key: it goes with nobody
    standing_approval_id: Mapped[UUID | None]
    # of the program that decided, where it came with one; what goes on is the trace of who asked
    resolved_trace_id: Mapped[str | None] = mapped_column(String(TRACE_ID_LENGTH))
    # by whoever asked, or because it ended
    cancelled_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    allow_decline: Mapped[bool] = mapped_column(default=True)
    required_responses: Mapped[int] = mapped_column(default=1, server_default="1")
    quorum: Mapped[Quorum | None] = mapped_column(word_type(Quorum))
    forbid_requester: Mapped[bool] = mapped_column(default=False, server_default=false())
    priority: Mapped[int] = mapped_column(default=0)
    # the business's own number of what this is about
    reference: Mapped[str | None] = mapped_column(String(255))
    # links and attachments that are shown beside the message
    sealed_context: Mapped[str | None] = mapped_column("context", Text)
    context = Sealed[list[dict[str, Any]]](empty=list)
    expires_at: Mapped[datetime | None]
    on_expire: Mapped[OnExpire] = mapped_column(word_type(OnExpire), default=OnExpire.NONE)
    sealed_default_response: Mapped[str | None] = mapped_column("default_response", Text)
    default_response = Sealed[UserObject | None]()
    revision: Mapped[int] = mapped_column(default=1)
    # the request that this one is asked instead of; no foreign key: it may be gone
    supersedes_id: Mapped[UUID | None]
    # the first of all revisions, of the later ones: they have one thread of comments together
    thread_id: Mapped[UUID | None]
    comments_count: Mapped[int] = mapped_column(default=0, server_default="0")
    digest: Mapped[str | None] = mapped_column(String(64))
    # what is called in place of the agent's endpoint when it is decided: its address is a secret
    sealed_resume: Mapped[str | None] = mapped_column("resume", Text)
    resume = Sealed[dict[str, Any] | None]()
    # the rule by which it is decided, and its steps as they were then; the rule may be gone
    policy_revision_id: Mapped[UUID | None]
    steps: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    step: Mapped[int] = mapped_column(default=0, server_default="0")
    # what was answered in the step before, which is what the next one is asked about
    sealed_step_answer: Mapped[str | None] = mapped_column("step_answer", Text)
    step_answer = Sealed[UserObject | None]()
    # noted wherever assignments change, so that what is nobody's is found among much that is
    is_assigned: Mapped[bool] = mapped_column(default=False, server_default=false())
    # by what lists are ordered; the database works them out
    precedence: Mapped[int | None] = mapped_column(Computed(_PRECEDENCE, persisted=True))
    closed_at: Mapped[datetime | None] = mapped_column(Computed(_CLOSED_AT, persisted=True))

    session: Mapped[AgentSession | None] = relationship()
    agent: Mapped[Agent | None] = relationship()
    execution: Mapped[Execution | None] = relationship()
    resolved_by: Mapped[User | None] = relationship()
    requested_by: Mapped[User | None] = relationship(
        primaryjoin="foreign(InputRequest.requested_by_id) == User.id", viewonly=True
    )
    resolved_for: Mapped[User | None] = relationship(
        primaryjoin="foreign(InputRequest.resolved_for_id) == User.id", viewonly=True
    )
    standing_approval: Mapped[StandingApproval | None] = relationship(
        primaryjoin="foreign(InputRequest.standing_approval_id) == StandingApproval.id",
        viewonly=True,
    )
    tags: Mapped[list["InputRequestTag"]] = relationship(
        order_by="InputRequestTag.tag", passive_deletes=True
    )
    assignments: Mapped[list[Assignment]] = relationship(order_by=Assignment.id, viewonly=True)

    __table_args__ = (
        CheckConstraint(
            "(session_id IS NULL) <> (execution_id IS NULL)"
            " AND (session_id IS NULL) = (agent_id IS NULL)",
            name="asked_by_one",
        ),
        Index(None, "workspace_id", "id"),
        Index(None, "workspace_id", "status", "id"),
        Index(None, "workspace_id", "key", "id"),
        Index(None, "workspace_id", "kind", "id"),
        Index(None, "session_id", "id"),
        Index(None, "agent_id", "id"),
        Index(None, "execution_id", "id"),
        Index(
            None,
            *("workspace_id", "reference", "id"),
            sqlite_where=_HAS_REFERENCE,
            postgresql_where=_HAS_REFERENCE,
        ),
        Index(
            "ix_input_requests_open",
            *("workspace_id", "id"),
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
        Index(None, "supersedes_id", sqlite_where=_SUPERSEDES, postgresql_where=_SUPERSEDES),
        Index(None, "thread_id", sqlite_where=_HAS_THREAD, postgresql_where=_HAS_THREAD),
        Index(
            None,
            *("standing_approval_id", "id"),
            sqlite_where=_IS_BY_STANDING_APPROVAL,
            postgresql_where=_IS_BY_STANDING_APPROVAL,
        ),
        *_list_indexes(),
        Index(
            "ix_input_requests_decided_by",
            *("resolved_by_id", "workspace_id", "closed_at", "id"),
            sqlite_where=_IS_DECIDED,
            postgresql_where=_IS_DECIDED,
        ),
        Index(
            "ix_input_requests_unassigned",
            *("workspace_id", "id"),
            sqlite_where=text("status = 'pending' AND is_assigned = 0"),
            postgresql_where=text("status = 'pending' AND NOT is_assigned"),
        ),
    )

    @property
    def asked_by_ids(self) -> frozenset[UUID]:
        """For whom it was asked, and what it is asked instead of."""
        own = {self.requested_by_id} if self.requested_by_id else set()
        return frozenset(own | {UUID(each) for each in self.earlier_requester_ids or ()})

    @property
    def proposal(self) -> UserObject | None:
        """What people are shown to say yes to: what the step before has answered, or what came with
        the request.
        """
        return self.proposed_response if self.sealed_step_answer is None else self.step_answer

    @property
    def resume_address(self) -> str | None:
        """Return where a decision is sent, if not to the agent's endpoint: without the path, which
        is a secret. Raises: UnreadableSecret.
        """
        return None if self.resume is None else host_of(self.resume["url"])

    @property
    def thread(self) -> UUID:
        """Return by what its comments are found, and those of the revisions before it."""
        return self.thread_id or self.id

    @property
    def decided_as(self) -> InputRequestStatus:
        """Return the status, and of a held decision the one that it will have."""
        if self.status is not InputRequestStatus.HELD:
            return self.status
        is_declined = self.sealed_decline_reason is not None
        return InputRequestStatus.DECLINED if is_declined else InputRequestStatus.RESOLVED


class InputRequestTag(Base):
    """A word by which requests are found; of one request each word once."""

    __tablename__ = "input_request_tags"

    request_id: Mapped[UUID] = mapped_column(
        ForeignKey("input_requests.id", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))

    __table_args__ = (Index(None, "workspace_id", "tag", "request_id"),)
