"""of who was shut out of a workspace, by whom and what ended with it"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("memberships", sa.Column("deactivated_by_id", sa.Uuid(), nullable=True))
    op.add_column("memberships", sa.Column("ended_with_it", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("memberships", "ended_with_it")
    op.drop_column("memberships", "deactivated_by_id")
