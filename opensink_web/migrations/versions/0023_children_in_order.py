"""lists that are read in order: of a batch the executions in one status, and others"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_CHILDREN = "ix_executions_batch_id_status_batch_index"
_BY_ONE = (
    ("batches", "function_id"),
    ("batches", "agent_id"),
    ("chats", "agent_id"),
    ("executions", "chat_id"),
)


def upgrade() -> None:
    op.create_index(_CHILDREN, "executions", ["batch_id", "status", "batch_index"])
    for table, column in _BY_ONE:
        op.create_index(f"ix_{table}_{column}_id", table, [column, "id"])
        op.drop_index(f"ix_{table}_{column}", table)


def downgrade() -> None:
    for table, column in _BY_ONE:
        op.create_index(f"ix_{table}_{column}", table, [column])
        op.drop_index(f"ix_{table}_{column}_id", table)
    op.drop_index(_CHILDREN, "executions")
