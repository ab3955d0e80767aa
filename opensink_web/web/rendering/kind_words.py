"""Every kind in words for people, one function for each; states have theirs in words.py.

Nowhere else is a word for a member of an enum. Each function ends in `assert_never`, so that a new
member is an error that mypy finds, and not a page that fails.
"""

from typing import assert_never

from opensink_web.channels.base import MessageKind
from opensink_web.models import (
    AttemptTrigger,
    AuditAction,
    DeliveryKind,
    FunctionKind,
    NotificationMode,
    NotificationScope,
    Role,
    RunTrigger,
)
from opensink_web.operations.kept import Term


def delivery_kind(kind: DeliveryKind) -> str:
    """Say what a call is about."""
    match kind:
        case DeliveryKind.INPUT_REQUEST_RESOLVED:
            return "Answer to a request"
        case DeliveryKind.RESUME:
            return "Answer to a resume URL"
        case DeliveryKind.COMMENT:
            return "Comment on a request"
        case DeliveryKind.TEST:
            return "Test call"
        case _:
            assert_never(kind)


def message_kind(kind: MessageKind) -> str:
    """Say what a message to a person is for."""
    match kind:
        case MessageKind.SINGLE:
            return "Something waits"
        case MessageKind.DIGEST:
            return "Digest"
        case MessageKind.WITHDRAWAL:
            return "Taken back"
        case MessageKind.REMINDER:
            return "Reminder"
        case MessageKind.ESCALATION:
            return "Escalation"
        case MessageKind.TEST:
            return "Test"
        case MessageKind.CONFIRMATION:
            return "Code to confirm a place"
        case _:
            assert_never(kind)


def retention_term(term: Term) -> str:
    """Say what is kept for a number of days, in the middle of a sentence."""
    match term:
        case Term.SESSIONS:
            return "sessions"
        case Term.EXECUTIONS:
            return "executions"
        case Term.CHATS:
            return "chats"
        case Term.AUDIT:
            return "audit"
        case Term.JOB_RUNS:
            return "runs of jobs"
        case Term.SINK_ITEMS:
            return "items of sinks"
        case _:
            assert_never(term)


def notification_scope(scope: NotificationScope) -> str:
    """Say which requests a rule is about."""
    match scope:
        case NotificationScope.ALL:
            return "Everything that waits, what is assigned to me, and comments that mention me"
        case NotificationScope.MINE:
            return "What is assigned to me or my teams, and comments that mention me"
        case NotificationScope.MENTIONS:
            return "Comments that mention me"
        case _:
            assert_never(scope)


def notification_mode(mode: NotificationMode) -> str:
    """Say when a rule has somebody told."""
    match mode:
        case NotificationMode.AT_ONCE:
            return "At once; many within a minute are gathered"
        case NotificationMode.DIGEST:
            return "Gathered in a digest"
        case _:
            assert_never(mode)


def attempt_trigger(trigger: AttemptTrigger) -> str:
    """Say why an attempt was made."""
    match trigger:
        case AttemptTrigger.FIRST:
            return "First attempt"
        case AttemptTrigger.RETRY:
            return "Retry"
        case AttemptTrigger.RECOVERY:
            return "Again after a worker stopped"
        case AttemptTrigger.MANUAL:
            return "Delivered again manually"
        case _:
            assert_never(trigger)


def function_kind(kind: FunctionKind) -> str:
    """Say what carries a function out."""
    match kind:
        case FunctionKind.HTTP:
            return "An endpoint"
        case FunctionKind.PYTHON:
            return "A Python function"
        case _:
            assert_never(kind)


def run_trigger(trigger: RunTrigger) -> str:
    """Say why a job ran."""
    match trigger:
        case RunTrigger.SCHEDULE:
            return "On schedule"
        case RunTrigger.MANUAL:
            return "Run by hand"
        case _:
            assert_never(trigger)


def role_in_short(role: Role) -> str:
    """Say what who has a built-in role does."""
    match role:
        case Role.ADMIN:
            return "Does everything"
        case Role.REVIEWER:
            return "Answers requests, sees the rest"
        case Role.VIEWER:
            return "Sees the same, without answering"
        case _:
            assert_never(role)


def audit_action(action: AuditAction) -> str:
    """Return the words for what happened: each is named so that these are what people read."""
    return action.value.replace("_", " ").capitalize()
