"""What is kept for a time of its own, and which number of days says for how long."""

from enum import StrEnum

from sqlalchemy.orm import InstrumentedAttribute

from opensink_web.models import Workspace


class Kept(StrEnum):
    """What is kept for a time of its own."""

    SESSIONS = "sessions"
    TEST_CALLS = "test calls"
    EXECUTIONS = "executions"
    BATCHES = "batches"
    CHATS = "chats"
    STANDING_APPROVALS = "standing approvals"
    JOB_RUNS = "runs of jobs"
    SINK_ITEMS = "items of sinks"
    AUDIT = "audit entries"


class Term(StrEnum):
    """What one number of days says of; what belongs together is kept as long."""

    SESSIONS = "sessions"
    EXECUTIONS = "executions"
    CHATS = "chats"
    AUDIT = "audit"
    JOB_RUNS = "job_runs"
    SINK_ITEMS = "sink_items"


def term_of(kind: Kept) -> Term:
    """Return by which number of days a kind is kept."""
    match kind:
        case Kept.SESSIONS | Kept.TEST_CALLS | Kept.STANDING_APPROVALS:
            return Term.SESSIONS
        case Kept.EXECUTIONS | Kept.BATCHES:
            return Term.EXECUTIONS
        case Kept.CHATS:
            return Term.CHATS
        case Kept.AUDIT:
            return Term.AUDIT
        case Kept.JOB_RUNS:
            return Term.JOB_RUNS
        case Kept.SINK_ITEMS:
            return Term.SINK_ITEMS


def column_of(term: Term) -> InstrumentedAttribute[int | None]:
    """Return where a workspace says so for itself."""
    match term:
        case Term.SESSIONS:
            return Workspace.retention_days_sessions
        case Term.EXECUTIONS:
            return Workspace.retention_days_executions
        case Term.CHATS:
            return Workspace.retention_days_chats
        case Term.AUDIT:
            return Workspace.retention_days_audit
        case Term.JOB_RUNS:
            return Workspace.retention_days_job_runs
        case Term.SINK_ITEMS:
            return Workspace.retention_days_sink_items
