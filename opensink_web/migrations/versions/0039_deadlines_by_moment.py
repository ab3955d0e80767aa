"""deadlines by their moment, in an index of all of them: PostgreSQL 17 leaves a condition out that
is always true, and then uses no index that has it
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_NAME, _COLUMNS = "ix_deadlines_due", ["workspace_id", "next_at", "id"]


def upgrade() -> None:
    op.drop_index(_NAME, "deadlines")
    op.create_index(_NAME, "deadlines", _COLUMNS)


def downgrade() -> None:
    op.drop_index(_NAME, "deadlines")
    where = sa.text("next_at IS NOT NULL")
    op.create_index(_NAME, "deadlines", _COLUMNS, sqlite_where=where, postgresql_where=where)
