"""whether an endpoint's answer was longer than what is kept of it"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("delivery_attempts") as table:
        table.add_column(sa.Column("response_body_truncated", sa.Boolean(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("delivery_attempts") as table:
        table.drop_column("response_body_truncated")
