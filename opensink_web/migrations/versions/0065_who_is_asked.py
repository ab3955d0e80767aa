"""until when somebody is asked by a comment"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

# whoever has written in the thread since, and whoever is asked about what does not wait any more
_ANSWERED = """
UPDATE comment_mentions
SET answered_at = COALESCE(
    seen_at, (SELECT created_at FROM comments WHERE comments.id = comment_mentions.comment_id)
)
WHERE request_id NOT IN (SELECT id FROM input_requests WHERE status IN ('pending', 'held'))
OR EXISTS (
    SELECT 1 FROM comments AS later JOIN comments AS own ON later.thread_id = own.thread_id
    WHERE own.id = comment_mentions.comment_id AND later.id > own.id
    AND later.author_id = comment_mentions.user_id AND NOT later.is_by_asker
)
"""


def upgrade() -> None:
    op.add_column("comment_mentions", sa.Column("answered_at", UtcDateTime(), nullable=True))
    op.execute(_ANSWERED)
    is_unanswered = sa.text("answered_at IS NULL")
    op.create_index(
        "ix_comment_mentions_unanswered",
        "comment_mentions",
        ["workspace_id", "user_id", "request_id"],
        sqlite_where=is_unanswered,
        postgresql_where=is_unanswered,
    )


def downgrade() -> None:
    op.drop_index("ix_comment_mentions_unanswered", "comment_mentions")
    op.drop_column("comment_mentions", "answered_at")
