"""for how many days a workspace keeps the items of its sinks"""

import sqlalchemy as sa
from alembic import op

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("retention_days_sink_items", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("workspaces", "retention_days_sink_items")
