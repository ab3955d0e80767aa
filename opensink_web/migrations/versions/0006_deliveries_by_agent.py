"""deliveries by agent"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_deliveries_waiting": ("next_at", "status = 'pending' AND dispatched_at IS NULL"),
    "ix_deliveries_announced": (
        "dispatched_at",
        "status = 'pending' AND dispatched_at IS NOT NULL",
    ),
    "ix_deliveries_in_flight": ("lease_until", "lease_until IS NOT NULL"),
}


def upgrade() -> None:
    op.drop_index("ix_deliveries_unfinished", "deliveries")
    for name, (column, condition) in _INDEXES.items():
        _create(name, ["agent_id", column], condition)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "deliveries")
    _create("ix_deliveries_unfinished", ["next_at"], "status = 'pending'")


def _create(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "deliveries", columns, sqlite_where=where, postgresql_where=where)
