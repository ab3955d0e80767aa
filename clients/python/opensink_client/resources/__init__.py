"""What the API answers, as plain values: one class for each kind of thing."""

from .administration import (
    Absence,
    ApiKey,
    AuditEntry,
    Me,
    Member,
    PermissionsCheck,
    Policy,
    PolicyPreview,
    PolicyRevision,
    Role,
    Team,
    Tokens,
)
from .agents import Activity, Agent, AgentSession
from .configurations import Configuration
from .deliveries import Attempt, Delivery
from .executions import Batch, Chat, Execution, Function, Outcome, Queued, QueuedBatch, QueuedChats
from .input_requests import Ask, Comment, InputRequest, Insights, Preview, StandingApproval
from .jobs import BackgroundJob, JobRun
from .notifications import (
    EscalationChain,
    NotificationChannel,
    NotificationMessage,
    NotificationRule,
)
from .reading import read, with_moments
from .sinks import ManySinkItems, Sink, SinkItem

__all__ = [
    "Absence",
    "Activity",
    "Agent",
    "AgentSession",
    "ApiKey",
    "Ask",
    "Attempt",
    "AuditEntry",
    "BackgroundJob",
    "Batch",
    "Chat",
    "Comment",
    "Configuration",
    "Delivery",
    "EscalationChain",
    "Execution",
    "Function",
    "InputRequest",
    "Insights",
    "JobRun",
    "ManySinkItems",
    "Me",
    "Member",
    "NotificationChannel",
    "NotificationMessage",
    "NotificationRule",
    "Outcome",
    "PermissionsCheck",
    "Policy",
    "PolicyPreview",
    "PolicyRevision",
    "Preview",
    "Queued",
    "QueuedBatch",
    "QueuedChats",
    "Role",
    "Sink",
    "SinkItem",
    "StandingApproval",
    "Team",
    "Tokens",
    "read",
    "with_moments",
]
