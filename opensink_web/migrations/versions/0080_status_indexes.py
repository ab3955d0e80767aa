"""what the status page looks for: keys that end soon, and whether anybody is told by e-mail"""

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0079"
branch_labels = None
depends_on = None

_EXPIRES = sa.text("expires_at IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_api_keys_expiring",
        "api_keys",
        ["expires_at"],
        sqlite_where=_EXPIRES,
        postgresql_where=_EXPIRES,
    )
    op.create_index(
        "ix_notification_channels_kind_is_active", "notification_channels", ["kind", "is_active"]
    )


def downgrade() -> None:
    op.drop_index("ix_notification_channels_kind_is_active", "notification_channels")
    op.drop_index("ix_api_keys_expiring", "api_keys")
