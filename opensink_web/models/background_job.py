"""A background job: an HTTP request that is made on a fixed interval; and its runs."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.base import Base, Created, Identified, Updated, UserObject, word_type
from opensink_web.models.deletable import Deletable, deleted_index
from opensink_web.models.leased import Leased, group_indexes, partial_index
from opensink_web.models.sealed import Sealed
from opensink_web.models.signed import Signed
from opensink_web.models.traced import Traced

_IS_OPEN = "status IN ('due', 'running')"
_IS_PLANNED = "next_run_at IS NOT NULL"


class RunTrigger(StrEnum):
    """Why a job runs."""

    SCHEDULE = "schedule"
    MANUAL = "manual"


class RunStatus(StrEnum):
    """Where a run stands."""

    DUE = "due"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    """No request was made: it was missed, the run before had not ended, or the job was paused."""

    @property
    def has_ended(self) -> bool:
        return self not in {RunStatus.DUE, RunStatus.RUNNING}


ENDED_RUNS = tuple(each for each in RunStatus if each.has_ended)


class BackgroundJob(Identified, Updated, Signed, Deletable, Base):
    """What is sent, where and how often. `endpoint` is as an agent's execution endpoint.

    `next_run_at` is its next slot, null while it is paused. `planned_at` is when that was worked
    out: later than now means that the clock was put back. `group_id` is the concurrency group of
    its runs.
    """

    __tablename__ = "background_jobs"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    interval_minutes: Mapped[int]
    start_minute: Mapped[int]
    is_enabled: Mapped[bool]
    sealed_endpoint: Mapped[str] = mapped_column("endpoint", Text)
    endpoint = Sealed[UserObject]()
    group_id: Mapped[UUID]
    next_run_at: Mapped[datetime | None]
    planned_at: Mapped[datetime | None]
    last_run_at: Mapped[datetime | None]
    runs_succeeded: Mapped[int] = mapped_column(default=0)
    runs_failed: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        Index(None, "workspace_id", "id"),
        Index(None, "workspace_id", "is_enabled", "id"),
        partial_index("ix_background_jobs_next_run_at", ("next_run_at", "id"), _IS_PLANNED),
        partial_index("ix_background_jobs_planned_at", ("planned_at",), _IS_PLANNED),
        deleted_index("background_jobs"),
    )

    @property
    def runs_total(self) -> int:
        """How many requests were made, and have ended."""
        return self.runs_succeeded + self.runs_failed


class JobRun(Identified, Created, Leased, Traced, Base):
    """One run of a job; its id is the `webhook-id`. Its concurrency group is the host it calls.

    `scheduled_for` is its slot, null for one that somebody asked for. `response` is the beginning
    of what was answered.
    """

    __tablename__ = "job_runs"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    job_id: Mapped[UUID] = mapped_column(ForeignKey("background_jobs.id", ondelete="CASCADE"))
    trigger: Mapped[RunTrigger] = mapped_column(word_type(RunTrigger))
    status: Mapped[RunStatus] = mapped_column(word_type(RunStatus), default=RunStatus.DUE)
    scheduled_for: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    duration_ms: Mapped[int | None]
    response_status: Mapped[int | None]
    sealed_response: Mapped[str | None] = mapped_column("response", Text)
    response = Sealed[str | None]()
    response_truncated: Mapped[bool] = mapped_column(default=False)
    sealed_error: Mapped[str | None] = mapped_column("error", Text)
    error = Sealed[str | None]()

    job: Mapped[BackgroundJob] = relationship()

    __table_args__ = (
        # a slot is run once, whatever the clock does
        UniqueConstraint("job_id", "scheduled_for"),
        # a job has one run at a time
        Index(
            "uq_job_runs_open",
            "job_id",
            unique=True,
            sqlite_where=text(_IS_OPEN),
            postgresql_where=text(_IS_OPEN),
        ),
        Index("ix_job_runs_job_id_id", "job_id", "id"),
        Index("ix_job_runs_job_id_status_id", "job_id", "status", "id"),
        Index(None, "workspace_id", "id"),
        *group_indexes("job_runs", _IS_OPEN),
    )
