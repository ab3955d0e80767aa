"""what is called when a request is decided, with which key it was asked, and that its session ends
with it
"""

import sqlalchemy as sa
from alembic import op

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None

_INDEX = "ix_deliveries_asked"
_OPEN = "status = 'pending'"


def upgrade() -> None:
    op.add_column("input_requests", sa.Column("resume", sa.Text(), nullable=True))
    op.add_column("input_requests", sa.Column("asked_with_key_id", sa.Uuid(), nullable=True))
    op.add_column(
        "input_requests",
        sa.Column("ends_session", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _index("kind IN ('test', 'resume') OR next_trigger = 'manual'")


def downgrade() -> None:
    # nothing older knows how to make these calls
    op.execute("DELETE FROM deliveries WHERE kind = 'resume'")
    _index("kind = 'test' OR next_trigger = 'manual'")
    for name in ("ends_session", "asked_with_key_id", "resume"):
        op.drop_column("input_requests", name)


def _index(condition: str) -> None:
    op.drop_index(_INDEX, "deliveries")
    where = sa.text(f"{_OPEN} AND ({condition})")
    op.create_index(
        _INDEX,
        "deliveries",
        ["agent_id", "next_at", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )
