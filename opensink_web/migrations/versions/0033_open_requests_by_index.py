"""indexes for what programs call pending, and for references"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_input_requests_open": (["workspace_id", "id"], "status IN ('pending', 'held')"),
    "ix_input_requests_workspace_id_reference_id": (
        ["workspace_id", "reference", "id"],
        "reference IS NOT NULL",
    ),
}


def upgrade() -> None:
    for name, (columns, condition) in _INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, "input_requests", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "input_requests")
