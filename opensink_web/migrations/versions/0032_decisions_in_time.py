"""decisions that can be undone, deadlines, revisions, drafts, tags and saved views"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_SUPERSEDES = sa.text("supersedes_id IS NOT NULL")
_DEADLINE_INDEXES = {
    "ix_deadlines_due": (["workspace_id", "next_at", "id"], "next_at IS NOT NULL"),
    "ix_deadlines_leased": (["workspace_id", "lease_until"], "lease_until IS NOT NULL"),
}


def upgrade() -> None:
    for column in _columns():
        op.add_column("input_requests", column)
    op.create_index(
        "ix_input_requests_supersedes_id",
        "input_requests",
        ["supersedes_id"],
        sqlite_where=_SUPERSEDES,
        postgresql_where=_SUPERSEDES,
    )
    _create_tags()
    _create_deadlines()
    _create_drafts()
    _create_saved_views()


def downgrade() -> None:
    for table in ("saved_views", "drafts", "deadlines", "input_request_tags"):
        op.drop_table(table)
    op.execute(
        "UPDATE input_requests SET status = 'pending', resolved_at = NULL, resolved_by_id = NULL,"
        " response = NULL, edited = NULL, decline_reason = NULL WHERE status = 'held'"
    )
    op.execute(
        "UPDATE input_requests SET status = 'cancelled' WHERE status IN ('expired', 'superseded')"
    )
    op.drop_index("ix_input_requests_supersedes_id", "input_requests")
    for column in reversed(_columns()):
        op.drop_column("input_requests", column.name)


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("resolved_by_system", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("held_until", UtcDateTime(), nullable=True),
        sa.Column("allow_decline", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("reference", sa.String(255), nullable=True),
        sa.Column("context", sa.Text(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("on_expire", sa.String(32), nullable=False, server_default="none"),
        sa.Column("default_response", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column("digest", sa.String(64), nullable=True),
    ]


def _create_tags() -> None:
    op.create_table(
        "input_request_tags",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        _belongs_to("input_request_tags", "request_id", "input_requests"),
        _belongs_to("input_request_tags", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("request_id", "tag", name=op.f("pk_input_request_tags")),
    )
    op.create_index(
        op.f("ix_input_request_tags_workspace_id_tag_request_id"),
        "input_request_tags",
        ["workspace_id", "tag", "request_id"],
    )


def _create_deadlines() -> None:
    op.create_table(
        "deadlines",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("lease_token", sa.String(64), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("recovery_count", sa.Integer(), nullable=False),
        _belongs_to("deadlines", "workspace_id", "workspaces"),
        _belongs_to("deadlines", "request_id", "input_requests"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadlines")),
        sa.UniqueConstraint("request_id", "kind", name=op.f("uq_deadlines_request_id_kind")),
    )
    for name, (columns, condition) in _DEADLINE_INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, "deadlines", columns, sqlite_where=where, postgresql_where=where)


def _create_drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        _belongs_to("drafts", "workspace_id", "workspaces"),
        _belongs_to("drafts", "request_id", "input_requests"),
        _belongs_to("drafts", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("request_id", "user_id", name=op.f("uq_drafts_request_id_user_id")),
    )
    for column in ("workspace_id", "user_id"):
        op.create_index(op.f(f"ix_drafts_{column}"), "drafts", [column])


def _create_saved_views() -> None:
    op.create_table(
        "saved_views",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        _belongs_to("saved_views", "workspace_id", "workspaces"),
        _belongs_to("saved_views", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint(
            "workspace_id",
            "user_id",
            "name",
            name=op.f("uq_saved_views_workspace_id_user_id_name"),
        ),
    )
    op.create_index(op.f("ix_saved_views_user_id"), "saved_views", ["user_id"])


def _belongs_to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"
    )
