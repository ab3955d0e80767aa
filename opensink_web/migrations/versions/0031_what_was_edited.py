"""what was changed of a proposal"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # null in rows that were decided before: nobody has written down what was changed then
    op.add_column("input_requests", sa.Column("edited", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("input_requests", "edited")
