"""lists of what was decided, by whom and how, by an index"""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

_TABLE = "input_requests"
_WAS = "ix_input_requests_resolved_by_id"
_INDEXES = {
    "ix_input_requests_decided_by": (
        ["resolved_by_id", "workspace_id", "closed_at", "id"],
        "resolved_by_id IS NOT NULL",
    ),
    "ix_input_requests_decided_status": (
        ["workspace_id", "status", "closed_at", "id"],
        "status <> 'pending'",
    ),
    "ix_input_requests_decided_by_system": (
        ["workspace_id", "closed_at", "id"],
        "status <> 'pending' AND resolved_by_system",
    ),
}


def upgrade() -> None:
    for name, (columns, condition) in _INDEXES.items():
        _make(name, columns, condition)
    op.drop_index(_WAS, _TABLE)


def downgrade() -> None:
    _make(_WAS, ["resolved_by_id"], "resolved_by_id IS NOT NULL")
    for name in _INDEXES:
        op.drop_index(name, _TABLE)


def _make(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, _TABLE, columns, sqlite_where=where, postgresql_where=where)
