"""what executions start with their own tokens"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("batches", "executions"):
        op.add_column(table, sa.Column("parent_id", sa.Uuid(), nullable=True))
    op.add_column(
        "executions", sa.Column("depth", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("input_requests", sa.Column("asked_with_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("input_requests", "asked_with_id")
    op.drop_column("executions", "depth")
    for table in ("executions", "batches"):
        op.drop_column(table, "parent_id")
