"""The tables, one file per noun, and what is true of one row alone.

Nothing here commits or decides. Importing this package makes every table known to SQLAlchemy.
"""

from opensink_web.models import hidden as _hidden  # noqa: F401 - narrows every query
from opensink_web.models.absence import Absence
from opensink_web.models.activity import (
    WEB_ADDRESS,
    Activity,
    ActivityRecorder,
    ActivitySource,
    ActivityType,
    is_web_address,
)
from opensink_web.models.agent import Agent, SessionStatus
from opensink_web.models.agent_configuration import AgentConfiguration
from opensink_web.models.agent_session import AgentSession
from opensink_web.models.api_key import ApiKey
from opensink_web.models.assignment import Assignment
from opensink_web.models.audit_entry import (
    ActorKind,
    AuditAction,
    AuditCheckpoint,
    AuditEntry,
    AuditHead,
    SubjectKind,
)
from opensink_web.models.background_job import BackgroundJob, JobRun, RunStatus, RunTrigger
from opensink_web.models.base import Base, db
from opensink_web.models.batch import Batch, BatchStatus
from opensink_web.models.bulk_decision import BulkDecision
from opensink_web.models.callback import Callback, CallbackStatus
from opensink_web.models.chat import Chat, ChatMessage
from opensink_web.models.claim import Claim
from opensink_web.models.comment import Comment, CommentMention
from opensink_web.models.counter import Counter
from opensink_web.models.deadline import Deadline, DeadlineKind
from opensink_web.models.delivery import (
    AttemptOutcome,
    AttemptTrigger,
    Delivery,
    DeliveryAttempt,
    DeliveryKind,
    DeliveryStatus,
)
from opensink_web.models.draft import Draft
from opensink_web.models.escalation import (
    Escalation,
    EscalationChain,
    EscalationCursor,
    EscalationRevision,
)
from opensink_web.models.execution import (
    Execution,
    ExecutionKind,
    ExecutionStatus,
    ExecutionStep,
    StepKind,
)
from opensink_web.models.function import Function, FunctionKind
from opensink_web.models.idempotency import IdempotencyRecord
from opensink_web.models.identity import Identity
from opensink_web.models.input_request import (
    IS_OPEN,
    OPEN_STATUSES,
    DecisionOutcome,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    InputRequestTag,
    OnExpire,
)
from opensink_web.models.insight import (
    DeliveryFact,
    InsightCell,
    InsightChange,
    InsightGroup,
    InsightKind,
    InsightProgress,
    RequestFact,
)
from opensink_web.models.invitation import Invitation
from opensink_web.models.leased import Leased
from opensink_web.models.notification import (
    MessageStatus,
    Notification,
    NotificationCursor,
    NotificationEvent,
    NotificationMessage,
    NotificationState,
)
from opensink_web.models.notification_channel import (
    NotificationChannel,
    NotificationMode,
    NotificationRule,
    NotificationScope,
)
from opensink_web.models.password_reset import PasswordReset
from opensink_web.models.policy import Policy, PolicyRevision
from opensink_web.models.preview import Preview
from opensink_web.models.quorum import Quorum
from opensink_web.models.request_view import RequestView
from opensink_web.models.role import CustomRole, MembershipRole
from opensink_web.models.saved_view import SavedView
from opensink_web.models.search_document import SearchDocument, SearchProgress, WaitingDocument
from opensink_web.models.second_factor import RecoveryCode, SecondFactor
from opensink_web.models.server_key import ServerKey
from opensink_web.models.sink import Sink, SinkColor, SinkItem, SinkItemDocument
from opensink_web.models.standing_approval import StandingApproval, StandingState
from opensink_web.models.team import Team, TeamMember
from opensink_web.models.user import Membership, RefreshToken, Role, User, UserSession
from opensink_web.models.vote import Vote, VoteKind
from opensink_web.models.workspace import Workspace

__all__ = [
    "IS_OPEN",
    "OPEN_STATUSES",
    "WEB_ADDRESS",
    "Absence",
    "Activity",
    "ActivityRecorder",
    "ActivitySource",
    "ActivityType",
    "ActorKind",
    "Agent",
    "AgentConfiguration",
    "AgentSession",
    "ApiKey",
    "Assignment",
    "AttemptOutcome",
    "AttemptTrigger",
    "AuditAction",
    "AuditCheckpoint",
    "AuditEntry",
    "AuditHead",
    "BackgroundJob",
    "Base",
    "Batch",
    "BatchStatus",
    "BulkDecision",
    "Callback",
    "CallbackStatus",
    "Chat",
    "ChatMessage",
    "Claim",
    "Comment",
    "CommentMention",
    "Counter",
    "CustomRole",
    "Deadline",
    "DeadlineKind",
    "DecisionOutcome",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryFact",
    "DeliveryKind",
    "DeliveryStatus",
    "Draft",
    "Escalation",
    "EscalationChain",
    "EscalationCursor",
    "EscalationRevision",
    "Execution",
    "ExecutionKind",
    "ExecutionStatus",
    "ExecutionStep",
    "Function",
    "FunctionKind",
    "IdempotencyRecord",
    "Identity",
    "InputRequest",
    "InputRequestKind",
    "InputRequestStatus",
    "InputRequestTag",
    "InsightCell",
    "InsightChange",
    "InsightGroup",
    "InsightKind",
    "InsightProgress",
    "Invitation",
    "JobRun",
    "Leased",
    "Membership",
    "MembershipRole",
    "MessageStatus",
    "Notification",
    "NotificationChannel",
    "NotificationCursor",
    "NotificationEvent",
    "NotificationMessage",
    "NotificationMode",
    "NotificationRule",
    "NotificationScope",
    "NotificationState",
    "OnExpire",
    "PasswordReset",
    "Policy",
    "PolicyRevision",
    "Preview",
    "Quorum",
    "RecoveryCode",
    "RefreshToken",
    "RequestFact",
    "RequestView",
    "Role",
    "RunStatus",
    "RunTrigger",
    "SavedView",
    "SearchDocument",
    "SearchProgress",
    "SecondFactor",
    "ServerKey",
    "SessionStatus",
    "Sink",
    "SinkColor",
    "SinkItem",
    "SinkItemDocument",
    "StandingApproval",
    "StandingState",
    "StepKind",
    "SubjectKind",
    "Team",
    "TeamMember",
    "User",
    "UserSession",
    "Vote",
    "VoteKind",
    "WaitingDocument",
    "Workspace",
    "db",
    "is_web_address",
]
