"""programs that sign in, and their refresh tokens"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("user_sessions") as table:
        table.add_column(sa.Column("workspace_id", sa.Uuid(), nullable=True))
        table.alter_column("token_hash", existing_type=sa.String(length=64), nullable=True)
        table.create_foreign_key(
            op.f("fk_user_sessions_workspace_id"),
            "workspaces",
            ["workspace_id"],
            ["id"],
            ondelete="CASCADE",
        )
        table.create_index(op.f("ix_user_sessions_workspace_id"), ["workspace_id"])
    op.create_table(
        "refresh_tokens",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("exchanged_at", UtcDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["user_sessions.id"],
            name=op.f("fk_refresh_tokens_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_refresh_tokens_token_hash")),
    )
    op.create_index(op.f("ix_refresh_tokens_session_id"), "refresh_tokens", ["session_id"])


def downgrade() -> None:
    op.drop_table("refresh_tokens")
    op.execute("DELETE FROM user_sessions WHERE token_hash IS NULL")
    with op.batch_alter_table("user_sessions") as table:
        table.drop_constraint(op.f("fk_user_sessions_workspace_id"), type_="foreignkey")
        table.drop_index(op.f("ix_user_sessions_workspace_id"))
        table.drop_column("workspace_id")
        table.alter_column("token_hash", existing_type=sa.String(length=64), nullable=False)
