"""indexes for failed calls of an agent, and what people declined of a batch"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_deliveries_failed": ("deliveries", ["agent_id", "id"], "status = 'failed'"),
    "ix_executions_declined": (
        "executions",
        ["batch_id"],
        "error_code IN ('rejected', 'declined')",
    ),
}


def upgrade() -> None:
    for name, (table, columns, condition) in _INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, (table, *_) in _INDEXES.items():
        op.drop_index(name, table)
