"""in which sign-in a device was turned on, and since when that has ended"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notification_channels", sa.Column("session_id", sa.Uuid(), nullable=True))
    op.add_column("notification_channels", sa.Column("signed_out_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("notification_channels", "signed_out_at")
    op.drop_column("notification_channels", "session_id")
