"""to which trace what is asked, carried out and called belongs"""

import sqlalchemy as sa
from alembic import op

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None

_TRACED = ("agent_sessions", "input_requests", "executions", "batches", "deliveries", "job_runs")
_COLUMNS = {"trace_id": 32, "trace_parent": 19, "trace_state": 512}


def upgrade() -> None:
    for table in _TRACED:
        for name, length in _COLUMNS.items():
            op.add_column(table, sa.Column(name, sa.String(length), nullable=True))
    op.add_column("input_requests", sa.Column("resolved_trace_id", sa.String(32), nullable=True))
    has_trace = sa.text("trace_id IS NOT NULL")
    op.create_index(
        "ix_deliveries_trace_id",
        "deliveries",
        ["workspace_id", "trace_id", "id"],
        sqlite_where=has_trace,
        postgresql_where=has_trace,
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_trace_id", "deliveries")
    op.drop_column("input_requests", "resolved_trace_id")
    for table in _TRACED:
        for name in _COLUMNS:
            op.drop_column(table, name)
