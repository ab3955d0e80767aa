"""background jobs, their runs, and how long a workspace keeps those"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None
_IS_OPEN = "status IN ('due', 'running')"


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("retention_days_job_runs", sa.Integer(), nullable=True))
    op.create_table(
        "background_jobs",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("interval_minutes", sa.Integer(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("next_run_at", UtcDateTime(), nullable=True),
        sa.Column("planned_at", UtcDateTime(), nullable=True),
        sa.Column("last_run_at", UtcDateTime(), nullable=True),
        sa.Column("runs_succeeded", sa.Integer(), nullable=False),
        sa.Column("runs_failed", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("signing_generation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("signing_rotated_at", UtcDateTime(), nullable=True),
        sa.Column("signing_overlap_ends_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_background_jobs_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_background_jobs")),
    )
    op.create_index(
        "ix_background_jobs_deleted",
        "background_jobs",
        ["id"],
        unique=False,
        **_where("deleted_at IS NOT NULL"),
    )
    op.create_index(
        "ix_background_jobs_next_run_at",
        "background_jobs",
        ["next_run_at", "id"],
        unique=False,
        **_where("next_run_at IS NOT NULL"),
    )
    op.create_index(
        "ix_background_jobs_planned_at",
        "background_jobs",
        ["planned_at"],
        unique=False,
        **_where("next_run_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_background_jobs_workspace_id_id"),
        "background_jobs",
        ["workspace_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_background_jobs_workspace_id_is_enabled_id"),
        "background_jobs",
        ["workspace_id", "is_enabled", "id"],
        unique=False,
    )
    op.create_table(
        "job_runs",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column(
            "trigger",
            sa.Enum("schedule", "manual", name="runtrigger", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "due",
                "running",
                "succeeded",
                "failed",
                "skipped",
                name="runstatus",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("scheduled_for", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("response_status", sa.Integer(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("response_truncated", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("lease_token", sa.String(length=64), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("recovery_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["background_jobs.id"], name=op.f("fk_job_runs_job_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_job_runs_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
        sa.UniqueConstraint(
            "job_id", "scheduled_for", name=op.f("uq_job_runs_job_id_scheduled_for")
        ),
    )
    op.create_index(
        "ix_job_runs_due",
        "job_runs",
        ["group_id", "next_at", "id"],
        unique=False,
        **_where(_IS_OPEN),
    )
    op.create_index("ix_job_runs_job_id_id", "job_runs", ["job_id", "id"], unique=False)
    op.create_index(
        "ix_job_runs_job_id_status_id", "job_runs", ["job_id", "status", "id"], unique=False
    )
    op.create_index(
        "ix_job_runs_leased",
        "job_runs",
        ["group_id", "lease_until"],
        unique=False,
        **_where("lease_until IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_job_runs_workspace_id_id"), "job_runs", ["workspace_id", "id"], unique=False
    )
    op.create_index("uq_job_runs_open", "job_runs", ["job_id"], unique=True, **_where(_IS_OPEN))


def downgrade() -> None:
    op.drop_table("job_runs")
    op.drop_table("background_jobs")
    op.drop_column("workspaces", "retention_days_job_runs")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
