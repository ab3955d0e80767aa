"""what waits of a batch by deadline and by priority"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_INDEXES = {"due": "expires_at", "urgent": "precedence"}


def upgrade() -> None:
    for name, column in _INDEXES.items():
        where = sa.text(f"status = 'pending' AND {column} IS NOT NULL AND batch_id IS NOT NULL")
        op.create_index(
            f"ix_input_requests_{name}_batch",
            "input_requests",
            ["workspace_id", "batch_id", column, "id"],
            sqlite_where=where,
            postgresql_where=where,
        )


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(f"ix_input_requests_{name}_batch", "input_requests")
