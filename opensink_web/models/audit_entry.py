"""The audit: what happened in a workspace, by whom, from where; chained, so that it stays as it is.

An entry is written in the transaction of what it tells of, and chained a moment later: it gets its
number and a hash over itself and the one before (operations/audit/chain.py). Triggers refuse to
change what is hashed, and to delete, but for the beginning of a chain that is pruned up to a
checkpoint (operations/audit/pruning.py). What is personal is sealed, and only a digest of it is
hashed: it can be erased, and the chain still holds.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web import clock
from opensink_web.models.base import Base, Identified, word_type
from opensink_web.models.leased import partial_index
from opensink_web.models.sealed import Sealed

_IS_CHAINED = "seq IS NOT NULL"
FIRST_HASH = "0" * 64
"""What stands in the place of the hash before the first entry."""


class ActorKind(StrEnum):
    """Who did it, and by what they were known."""

    PERSON = "person"
    """In a browser."""
    PROGRAM = "program"
    """With a token of somebody's sign-in."""
    API_KEY = "api_key"
    DELEGATE = "delegate"
    """An execution, or a callback's receiver, with a token that speaks for somebody."""
    NOBODY = "nobody"
    """Whoever has not signed in."""
    OPERATOR = "operator"
    """At the command line."""
    SYSTEM = "system"
    """A worker or the sweeper."""


class SubjectKind(StrEnum):
    """What it happened to."""

    REQUEST = "request"
    BATCH = "batch"
    DELIVERY = "delivery"
    WORKSPACE = "workspace"
    PERSON = "person"
    INVITATION = "invitation"
    ROLE = "role"
    TEAM = "team"
    API_KEY = "api_key"
    AGENT = "agent"
    SESSION = "session"
    FUNCTION = "function"
    JOB = "job"
    EXECUTION = "execution"
    RULE = "rule"
    ESCALATION_CHAIN = "escalation_chain"
    STANDING_APPROVAL = "standing_approval"
    SINK = "sink"


class AuditAction(StrEnum):
    """What happened."""

    REQUEST_CREATED = "request_created"
    REQUEST_VIEWED = "request_viewed"
    DRAFT_BEGUN = "draft_begun"
    REQUEST_ASSIGNED = "request_assigned"
    REQUEST_HANDED_ON = "request_handed_on"
    REQUEST_CLAIMED = "request_claimed"
    REQUEST_RELEASED = "request_released"
    REQUEST_ANSWERED = "request_answered"
    REQUEST_DECLINED = "request_declined"
    REQUEST_VOTED = "request_voted"
    REQUEST_VOTE_RETRACTED = "request_vote_retracted"
    DECISION_UNDONE = "decision_undone"
    DECISION_GIVEN_BACK = "decision_given_back"
    REQUEST_EXPIRED = "request_expired"
    REQUEST_EXTENDED = "request_extended"
    REQUEST_WITHDRAWN = "request_withdrawn"
    REQUEST_SUPERSEDED = "request_superseded"
    REQUEST_CANCELLED = "request_cancelled"
    """Whoever asked has ended."""
    REQUEST_DELETED = "request_deleted"
    """It waited still when its row went, after its agent or session was deleted."""
    REQUEST_REMINDED = "request_reminded"
    REQUEST_ESCALATED = "request_escalated"
    REQUEST_COMMENTED = "request_commented"
    STANDING_APPROVAL_GRANTED = "standing_approval_granted"
    STANDING_APPROVAL_USED = "standing_approval_used"
    STANDING_APPROVAL_REVOKED = "standing_approval_revoked"
    BATCH_SUBMITTED = "batch_submitted"
    BATCH_CANCELLED = "batch_cancelled"
    EXECUTION_CANCELLED = "execution_cancelled"
    DELIVERY_SUCCEEDED = "delivery_succeeded"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERY_REPEATED = "delivery_repeated"
    DELIVERY_HASTENED = "delivery_hastened"
    ENDPOINT_TESTED = "endpoint_tested"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    PASSWORD_REFUSED = "password_refused"  # noqa: S105 - a word
    SECOND_FACTOR_FAILED = "second_factor_failed"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105 - a word
    SESSION_ENDED = "session_ended"
    OTHER_SESSIONS_ENDED = "other_sessions_ended"
    ALL_SESSIONS_ENDED = "all_sessions_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a word
    RESET_LINK_MADE = "reset_link_made"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a word
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    SECOND_FACTOR_RESET = "second_factor_reset"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    MEMBER_INVITED = "member_invited"
    INVITATION_REVOKED = "invitation_revoked"
    MEMBER_JOINED = "member_joined"
    MEMBER_ROLE_CHANGED = "member_role_changed"
    MEMBER_DEACTIVATED = "member_deactivated"
    MEMBER_ACTIVATED = "member_activated"
    MEMBER_REMOVED = "member_removed"
    MEMBER_LEFT = "member_left"
    USER_DEACTIVATED = "user_deactivated"
    USER_ACTIVATED = "user_activated"
    ROLE_CREATED = "role_created"
    ROLE_CHANGED = "role_changed"
    ROLE_DELETED = "role_deleted"
    ROLE_GIVEN = "role_given"
    ROLE_TAKEN = "role_taken"
    TEAM_CREATED = "team_created"
    TEAM_CHANGED = "team_changed"
    TEAM_DELETED = "team_deleted"
    ABSENCE_SET = "absence_set"
    ABSENCE_ENDED = "absence_ended"
    REQUEST_STEP_BEGUN = "request_step_begun"
    RULE_CREATED = "rule_created"
    RULE_CHANGED = "rule_changed"
    RULE_MOVED = "rule_moved"
    RULE_DELETED = "rule_deleted"
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"
    AGENT_CREATED = "agent_created"
    AGENT_CHANGED = "agent_changed"
    ENDPOINT_CHANGED = "endpoint_changed"
    CONFIGURATION_CREATED = "configuration_created"
    CONFIGURATION_ACTIVATED = "configuration_activated"
    SESSION_DELETED = "session_deleted"
    AGENT_DELETED = "agent_deleted"
    FUNCTION_CREATED = "function_created"
    FUNCTION_CHANGED = "function_changed"
    FUNCTION_DELETED = "function_deleted"
    JOB_CREATED = "job_created"
    JOB_CHANGED = "job_changed"
    JOB_RUN = "job_run"
    """Somebody had it run at once."""
    JOB_DELETED = "job_deleted"
    SIGNING_SECRET_SHOWN = "signing_secret_shown"  # noqa: S105 - a word
    SIGNING_SECRET_ROTATED = "signing_secret_rotated"  # noqa: S105 - a word
    SIGNING_SECRET_OVERLAP_ENDED = "signing_secret_overlap_ended"  # noqa: S105 - a word
    EXECUTION_SECRET_SHOWN = "execution_secret_shown"  # noqa: S105 - a word
    EXECUTION_SECRET_ROTATED = "execution_secret_rotated"  # noqa: S105 - a word
    EXECUTION_SECRET_OVERLAP_ENDED = "execution_secret_overlap_ended"  # noqa: S105 - a word
    CHANNEL_ADDED = "channel_added"
    CHANNEL_CHANGED = "channel_changed"
    CHANNEL_CONFIRMED = "channel_confirmed"
    CHANNEL_REMOVED = "channel_removed"
    CHANNEL_TESTED = "channel_tested"
    NOTIFICATION_RULE_ADDED = "notification_rule_added"
    NOTIFICATION_RULE_CHANGED = "notification_rule_changed"
    NOTIFICATION_RULE_REMOVED = "notification_rule_removed"
    MESSAGE_REPEATED = "message_repeated"
    ESCALATION_CREATED = "escalation_created"
    ESCALATION_CHANGED = "escalation_changed"
    ESCALATION_DELETED = "escalation_deleted"
    SINK_CREATED = "sink_created"
    SINK_CHANGED = "sink_changed"
    SINK_DELETED = "sink_deleted"
    SINK_SECRET_SHOWN = "sink_secret_shown"  # noqa: S105 - a word
    SINK_SECRET_ROTATED = "sink_secret_rotated"  # noqa: S105 - a word
    SINK_ITEM_DELETED = "sink_item_deleted"
    AUDIT_ERASED = "audit_erased"
    AUDIT_PRUNED = "audit_pruned"
    WORKSPACE_CREATED = "workspace_created"
    WORKSPACE_CHANGED = "workspace_changed"


class AuditEntry(Identified, Base):
    """One thing that happened; `at` is when, `seq` its number in the chain, by when it was chained.

    `user_id` is whose account acted, and `via_id` the session, key, execution or callback by which.
    `origin` is a salt and where it came from; `details` a salt and what changed. Either is null
    where there is nothing to say, or once it was erased: then its digest is there still, and
    `..._erased_by_id` is the entry that tells of the erasure.
    """

    __tablename__ = "audit_entries"

    # not of the user, request or key that it names: it outlives them
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"))
    seq: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(default=clock.now)
    action: Mapped[AuditAction] = mapped_column(word_type(AuditAction))
    actor: Mapped[ActorKind] = mapped_column(word_type(ActorKind))
    user_id: Mapped[UUID | None]
    via_id: Mapped[UUID | None]
    subject: Mapped[SubjectKind] = mapped_column(word_type(SubjectKind))
    subject_id: Mapped[UUID]
    sealed_origin: Mapped[str | None] = mapped_column("origin", Text)
    origin = Sealed[list[Any] | None]()
    origin_digest: Mapped[str | None] = mapped_column(String(64))
    origin_erased_by_id: Mapped[UUID | None]
    sealed_details: Mapped[str | None] = mapped_column("details", Text)
    details = Sealed[list[Any] | None]()
    details_digest: Mapped[str | None] = mapped_column(String(64))
    details_erased_by_id: Mapped[UUID | None]
    hash: Mapped[str | None] = mapped_column(String(64))

    # whoever decides waits for the first index alone: the others have what is chained
    __table_args__ = (
        partial_index("ix_audit_entries_unchained", ("workspace_id", "id"), "seq IS NULL"),
        Index(
            "uq_audit_entries_seq",
            "workspace_id",
            "seq",
            unique=True,
            sqlite_where=text(_IS_CHAINED),
            postgresql_where=text(_IS_CHAINED),
        ),
        partial_index("ix_audit_entries_newest", ("workspace_id", "id"), _IS_CHAINED),
        *(
            partial_index(f"ix_audit_entries_{name}", ("workspace_id", column, "id"), _IS_CHAINED)
            for name, column in {
                "action": "action",
                "user": "user_id",
                "subject": "subject_id",
            }.items()
        ),
    )


class AuditHead(Identified, Base):
    """The end of a workspace's chain, which whoever chains locks.

    `signing_key` signs its checkpoints, and is made for the first. The chain begins after
    `pruned_seq`, where its hash was `pruned_hash`; what is up to `pruning_until` goes as well.
    """

    __tablename__ = "audit_heads"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"))
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    hash: Mapped[str] = mapped_column(String(64), default=FIRST_HASH)
    sealed_signing_key: Mapped[str | None] = mapped_column("signing_key", Text)
    signing_key = Sealed[str | None]()
    pruned_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    pruned_hash: Mapped[str] = mapped_column(String(64), default=FIRST_HASH)
    pruning_until: Mapped[int] = mapped_column(BigInteger, default=0)

    __table_args__ = (UniqueConstraint("workspace_id"),)


class AuditCheckpoint(Identified, Base):
    """That a chain had this hash at this number: signed, and of use once it is kept elsewhere.

    `key` is the public half of the workspace's signing key, in Base64 as the signature is.
    """

    __tablename__ = "audit_checkpoints"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"))
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    key: Mapped[str] = mapped_column(String(44))
    signature: Mapped[str] = mapped_column(String(88))

    __table_args__ = (UniqueConstraint("workspace_id", "seq"),)
