"""notifications of comments on what does not wait any more"""

from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change nothing: from now on there may be a word more."""


def downgrade() -> None:
    # what the version before has no word for would be a row that it cannot read
    op.execute("DELETE FROM notifications WHERE event = 'remarked'")
