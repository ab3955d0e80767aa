"""old executions that belong to no batch are found in order"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_NAME = "ix_executions_alone"


def upgrade() -> None:
    where = sa.text("batch_id IS NULL")
    op.create_index(
        _NAME, "executions", ["batch_id", "id"], sqlite_where=where, postgresql_where=where
    )


def downgrade() -> None:
    op.drop_index(_NAME, "executions")
