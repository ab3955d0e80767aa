"""who is away, and who stands in for them"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

_INDEXES = (
    ["user_id", "workspace_id", "ends_at"],
    ["deputy_id", "workspace_id", "ends_at"],
    ["workspace_id", "ends_at"],
)


def upgrade() -> None:
    op.create_table(
        "absences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("begins_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deputy_id"],
            ["users.id"],
            name=op.f("fk_absences_deputy_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "workspace_id"],
            ["memberships.user_id", "memberships.workspace_id"],
            name=op.f("fk_absences_user_id_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    for columns in _INDEXES:
        op.create_index(op.f(f"ix_absences_{'_'.join(columns)}"), "absences", columns)
    op.add_column("input_requests", sa.Column("resolved_for_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("input_requests", "resolved_for_id")
    op.drop_table("absences")
