"""find the claims that have lapsed by an index"""

from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

_NAME = "ix_claims_lapses_at"


def upgrade() -> None:
    op.create_index(_NAME, "claims", ["lapses_at"])


def downgrade() -> None:
    op.drop_index(_NAME, "claims")
