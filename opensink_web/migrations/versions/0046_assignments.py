"""whose a request is"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assignments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("assigned_by_id", sa.Uuid(), nullable=True),
        sa.Column("delegated_from_id", sa.Uuid(), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(user_id IS NULL) <> (team_id IS NULL)", name=op.f("ck_assignments_of_one")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["input_requests.id"],
            name=op.f("fk_assignments_request_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "workspace_id"],
            ["memberships.user_id", "memberships.workspace_id"],
            name=op.f("fk_assignments_user_id_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_assignments_team_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["assigned_by_id"],
            ["users.id"],
            name=op.f("fk_assignments_assigned_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["delegated_from_id"],
            ["users.id"],
            name=op.f("fk_assignments_delegated_from_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sa.UniqueConstraint(
            "request_id", "user_id", name=op.f("uq_assignments_request_id_user_id")
        ),
        sa.UniqueConstraint(
            "request_id", "team_id", name=op.f("uq_assignments_request_id_team_id")
        ),
    )
    op.create_index(
        op.f("ix_assignments_user_id_workspace_id_is_open_request_id"),
        "assignments",
        ["user_id", "workspace_id", "is_open", "request_id"],
    )
    op.create_index(
        op.f("ix_assignments_team_id_is_open_request_id"),
        "assignments",
        ["team_id", "is_open", "request_id"],
    )
    for column in ("assigned_by_id", "delegated_from_id"):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            op.f(f"ix_assignments_{column}"),
            "assignments",
            [column],
            sqlite_where=where,
            postgresql_where=where,
        )


def downgrade() -> None:
    op.drop_table("assignments")
