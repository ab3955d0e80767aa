"""members who are shut out of a workspace"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("memberships", sa.Column("deactivated_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("memberships", "deactivated_at")
