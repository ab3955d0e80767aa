"""what is due at the same moment lies in order, and the pace of a batch in one index"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_OPEN = {"executions": "status IN ('queued', 'running')", "callbacks": "status = 'pending'"}


def upgrade() -> None:
    _replace(["lane_id", "next_at", "id"], ["batch_id", "status", "started_at", "finished_at"])


def downgrade() -> None:
    _replace(["lane_id", "next_at"], ["batch_id", "status", "started_at"])


def _replace(due: list[str], progress: list[str]) -> None:
    op.drop_index("ix_executions_progress", "executions")
    op.create_index("ix_executions_progress", "executions", progress)
    for table, condition in _OPEN.items():
        where, name = sa.text(condition), f"ix_{table}_due"
        op.drop_index(name, table)
        op.create_index(name, table, due, sqlite_where=where, postgresql_where=where)
