"""comments on requests, and who is mentioned in them"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comments",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("is_by_asker", sa.Boolean(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("wakes", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        _foreign_key("comments", "workspace_id", "workspaces"),
        _foreign_key("comments", "request_id", "input_requests"),
        _foreign_key("comments", "author_id", "users", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    for columns in (["workspace_id"], ["request_id"], ["author_id"], ["thread_id", "id"]):
        op.create_index(op.f(f"ix_comments_{'_'.join(columns)}"), "comments", columns)
    op.create_table(
        "comment_mentions",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        _foreign_key("comment_mentions", "comment_id", "comments"),
        _foreign_key("comment_mentions", "user_id", "users"),
        _foreign_key("comment_mentions", "workspace_id", "workspaces"),
        _foreign_key("comment_mentions", "request_id", "input_requests"),
        sa.PrimaryKeyConstraint("comment_id", "user_id", name=op.f("pk_comment_mentions")),
    )
    for column in ("request_id", "user_id"):
        op.create_index(op.f(f"ix_comment_mentions_{column}"), "comment_mentions", [column])
    is_open = sa.text("seen_at IS NULL")
    op.create_index(
        "ix_comment_mentions_open",
        "comment_mentions",
        ["workspace_id", "user_id", "request_id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.add_column("input_requests", sa.Column("thread_id", sa.Uuid(), nullable=True))
    count = sa.Column("comments_count", sa.Integer(), nullable=False, server_default="0")
    op.add_column("input_requests", count)
    has_thread = sa.text("thread_id IS NOT NULL")
    op.create_index(
        op.f("ix_input_requests_thread_id"),
        "input_requests",
        ["thread_id"],
        sqlite_where=has_thread,
        postgresql_where=has_thread,
    )


def downgrade() -> None:
    # what the version before has no word for would be a row that it cannot read
    op.execute("DELETE FROM deliveries WHERE kind = 'comment'")
    op.drop_index(op.f("ix_input_requests_thread_id"), "input_requests")
    for name in ("comments_count", "thread_id"):
        op.drop_column("input_requests", name)
    op.drop_table("comment_mentions")
    op.drop_table("comments")


def _foreign_key(
    table: str, column: str, parent: str, ondelete: str = "CASCADE"
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=name, ondelete=ondelete)
