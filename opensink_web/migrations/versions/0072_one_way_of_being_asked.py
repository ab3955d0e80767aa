"""where somebody is mentioned and has not read it, they are asked, whatever was decided"""

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

_UNREAD = "UPDATE comment_mentions SET answered_at = NULL WHERE seen_at IS NULL"
# before, nobody was asked any more by what does not wait
_SETTLED = """
UPDATE comment_mentions
SET answered_at = COALESCE(
    seen_at, (SELECT created_at FROM comments WHERE comments.id = comment_mentions.comment_id)
)
WHERE answered_at IS NULL
AND request_id NOT IN (SELECT id FROM input_requests WHERE status IN ('pending', 'held'))
"""


def upgrade() -> None:
    op.drop_index("ix_comment_mentions_open", "comment_mentions")
    op.execute(_UNREAD)


def downgrade() -> None:
    op.execute(_SETTLED)
    is_open = sa.text("seen_at IS NULL")
    op.create_index(
        "ix_comment_mentions_open",
        "comment_mentions",
        ["workspace_id", "user_id", "request_id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
