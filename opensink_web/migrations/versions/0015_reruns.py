"""executions and batches that run others again"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_IS_RERUN = sa.text("rerun_of_id IS NOT NULL")


def upgrade() -> None:
    for table in ("batches", "executions"):
        op.add_column(table, sa.Column("rerun_of_id", sa.Uuid(), nullable=True))
        op.create_index(
            f"ix_{table}_rerun_of_id",
            table,
            ["rerun_of_id"],
            sqlite_where=_IS_RERUN,
            postgresql_where=_IS_RERUN,
        )


def downgrade() -> None:
    for table in ("batches", "executions"):
        op.drop_index(f"ix_{table}_rerun_of_id", table)
        op.drop_column(table, "rerun_of_id")
