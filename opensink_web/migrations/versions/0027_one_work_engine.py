"""deliveries are leased as everything else, and what shares a limit is a group"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_OPEN = "status = 'pending'"
_NEW = {
    "ix_deliveries_due": (["next_at", "id"], _OPEN),
    "ix_deliveries_asked": (
        ["next_at", "id"],
        f"{_OPEN} AND (kind = 'test' OR next_trigger = 'manual')",
    ),
    "ix_deliveries_leased": (["lease_until"], "lease_until IS NOT NULL"),
}
_OLD = {
    "ix_deliveries_waiting": (["next_at"], f"{_OPEN} AND dispatched_at IS NULL"),
    "ix_deliveries_announced": (["dispatched_at"], f"{_OPEN} AND dispatched_at IS NOT NULL"),
    "ix_deliveries_in_flight": (["lease_until"], "lease_until IS NOT NULL"),
}


def upgrade() -> None:
    for table in ("executions", "callbacks"):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN lane_id TO group_id")
    for name in _OLD:
        op.drop_index(name, "deliveries")
    op.drop_column("deliveries", "dispatched_at")
    op.drop_column("deliveries", "dispatch_no")
    _create(_NEW)


def downgrade() -> None:
    for name in _NEW:
        op.drop_index(name, "deliveries")
    op.add_column("deliveries", sa.Column("dispatched_at", UtcDateTime(), nullable=True))
    op.add_column(
        "deliveries", sa.Column("dispatch_no", sa.Integer(), nullable=False, server_default="0")
    )
    _create(_OLD)
    for table in ("executions", "callbacks"):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN group_id TO lane_id")


def _create(indexes: dict[str, tuple[list[str], str]]) -> None:
    for name, (columns, condition) in indexes.items():
        where = sa.text(condition)
        op.create_index(
            name,
            "deliveries",
            ["agent_id", *columns],
            sqlite_where=where,
            postgresql_where=where,
        )
