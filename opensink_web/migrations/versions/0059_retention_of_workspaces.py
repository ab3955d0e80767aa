"""how long a workspace keeps things, where it says so for itself"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None
COLUMNS = ("retention_days_sessions", "retention_days_executions", "retention_days_chats")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("workspaces", sa.Column(name, sa.Integer(), nullable=True))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("workspaces", name)
