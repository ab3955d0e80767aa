"""standing approvals"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

_TABLE = "standing_approvals"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("granted_by_id", sa.Uuid(), nullable=True),
        sa.Column("from_request_id", sa.Uuid(), nullable=False),
        sa.Column("seen_digest", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("function_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("is_for_calls", sa.Boolean(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("shape", sa.String(length=64), nullable=False),
        sa.Column("wording", sa.String(length=64), nullable=True),
        sa.Column("uses_max", sa.Integer(), nullable=False),
        sa.Column("uses_count", sa.Integer(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_by_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{of}.id"],
                name=op.f(f"fk_{_TABLE}_{column}"),
                ondelete="CASCADE" if of == "workspaces" else "SET NULL",
            )
            for column, of in (
                ("workspace_id", "workspaces"),
                ("granted_by_id", "users"),
                ("agent_id", "agents"),
                ("function_id", "functions"),
                ("revoked_by_id", "users"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
    )
    op.create_index(op.f(f"ix_{_TABLE}_workspace_id_id"), _TABLE, ["workspace_id", "id"])
    op.create_index(op.f(f"ix_{_TABLE}_from_request_id"), _TABLE, ["from_request_id"])
    for name, columns, condition in (
        ("of_agent", ["agent_id", "key"], "revoked_at IS NULL"),
        ("of_function", ["function_id", "key"], "revoked_at IS NULL"),
        ("granted_by_id", ["granted_by_id"], "granted_by_id IS NOT NULL"),
        ("revoked_by_id", ["revoked_by_id"], "revoked_by_id IS NOT NULL"),
    ):
        _create_partial_index(f"ix_{_TABLE}_{name}", _TABLE, columns, condition)
    op.add_column("input_requests", sa.Column("standing_approval_id", sa.Uuid(), nullable=True))
    _create_partial_index(
        "ix_input_requests_standing_approval_id_id",
        "input_requests",
        ["standing_approval_id", "id"],
        "standing_approval_id IS NOT NULL",
    )


def downgrade() -> None:
    # what the version before has no word for would be a row that it cannot read
    op.execute("DELETE FROM deadlines WHERE kind = 'standing'")
    op.drop_index(op.f("ix_input_requests_standing_approval_id_id"), "input_requests")
    op.drop_column("input_requests", "standing_approval_id")
    op.drop_table(_TABLE)


def _create_partial_index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(op.f(name), table, columns, sqlite_where=where, postgresql_where=where)
