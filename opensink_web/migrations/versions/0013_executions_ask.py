"""executions ask"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_KIND = sa.Enum("input", "approval", name="inputrequestkind", native_enum=False, length=32)


def upgrade() -> None:
    with op.batch_alter_table("input_requests") as table:
        table.alter_column("session_id", existing_type=sa.Uuid(), nullable=True)
        table.alter_column("agent_id", existing_type=sa.Uuid(), nullable=True)
        table.add_column(sa.Column("execution_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("kind", _KIND, server_default="input", nullable=False))
        table.add_column(sa.Column("proposed_response", sa.Text(), nullable=True))
        table.add_column(sa.Column("decline_reason", sa.Text(), nullable=True))
        table.create_foreign_key(
            op.f("fk_input_requests_execution_id"),
            "executions",
            ["execution_id"],
            ["id"],
            ondelete="CASCADE",
        )
        table.create_check_constraint(
            op.f("ck_input_requests_asked_by_one"),
            "(session_id IS NULL) <> (execution_id IS NULL)"
            " AND (session_id IS NULL) = (agent_id IS NULL)",
        )
        table.create_index("ix_input_requests_execution_id_id", ["execution_id", "id"])
    with op.batch_alter_table("input_requests") as table:
        table.alter_column("kind", existing_type=_KIND, server_default=None)


def downgrade() -> None:
    op.execute("DELETE FROM input_requests WHERE execution_id IS NOT NULL")
    with op.batch_alter_table("input_requests") as table:
        table.drop_index("ix_input_requests_execution_id_id")
        table.drop_constraint(op.f("ck_input_requests_asked_by_one"), type_="check")
        table.drop_constraint(op.f("fk_input_requests_execution_id"), type_="foreignkey")
        for name in ("decline_reason", "proposed_response", "kind", "execution_id"):
            table.drop_column(name)
        table.alter_column("agent_id", existing_type=sa.Uuid(), nullable=False)
        table.alter_column("session_id", existing_type=sa.Uuid(), nullable=False)
