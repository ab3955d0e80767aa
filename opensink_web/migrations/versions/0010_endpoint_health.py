"""endpoint health"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("agents") as table:
        table.add_column(
            sa.Column("endpoint_failure_count", sa.Integer(), server_default="0", nullable=False)
        )
        table.add_column(sa.Column("endpoint_unhealthy_since", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("endpoint_next_call_at", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("endpoint_pause_seconds", sa.Double(), nullable=True))
        table.add_column(sa.Column("endpoint_last_error", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("agents") as table:
        for name in ("last_error", "pause_seconds", "next_call_at", "unhealthy_since"):
            table.drop_column(f"endpoint_{name}")
        table.drop_column("endpoint_failure_count")
