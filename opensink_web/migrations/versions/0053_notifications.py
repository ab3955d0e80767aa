"""how people are told of requests elsewhere, and what they were told"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

_TABLES = (
    "notifications",
    "notification_rules",
    "notification_messages",
    "notification_channels",
    "notification_cursors",
)


def upgrade() -> None:
    op.create_table(
        "notification_cursors",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_notification_cursors_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_notification_cursors")),
    )
    op.create_table(
        "notification_channels",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("code_expires_at", UtcDateTime(), nullable=True),
        sa.Column("code_tries_left", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "workspace_id"],
            ["memberships.user_id", "memberships.workspace_id"],
            name=op.f("fk_notification_channels_user_id_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_notification_channels_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_channels")),
    )
    op.create_index(
        op.f("ix_notification_channels_user_id_workspace_id"),
        "notification_channels",
        ["user_id", "workspace_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_notification_channels_workspace_id_user_id_id"),
        "notification_channels",
        ["workspace_id", "user_id", "id"],
        unique=False,
    )
    op.create_table(
        "notification_messages",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "single",
                "digest",
                "withdrawal",
                "reminder",
                "escalation",
                "test",
                "confirmation",
                name="messagekind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "due",
                "sent",
                "failed",
                "dropped",
                name="messagestatus",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("refers_to_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("headline", sa.Text(), nullable=True),
        sa.Column("provider_ref", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("lease_token", sa.String(length=64), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("recovery_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["notification_channels.id"],
            name=op.f("fk_notification_messages_channel_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "workspace_id"],
            ["memberships.user_id", "memberships.workspace_id"],
            name=op.f("fk_notification_messages_user_id_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_notification_messages_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_messages")),
    )
    op.create_index(
        op.f("ix_notification_messages_channel_id_created_at"),
        "notification_messages",
        ["channel_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_notification_messages_due",
        "notification_messages",
        ["channel_id", "next_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'due'"),
        postgresql_where=sa.text("status = 'due'"),
    )
    op.create_index(
        "ix_notification_messages_finished_at",
        "notification_messages",
        ["finished_at"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NOT NULL"),
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_notification_messages_leased",
        "notification_messages",
        ["channel_id", "lease_until"],
        unique=False,
        sqlite_where=sa.text("lease_until IS NOT NULL"),
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    )
    op.create_index(
        "ix_notification_messages_refers_to_id",
        "notification_messages",
        ["refers_to_id"],
        unique=False,
        sqlite_where=sa.text("refers_to_id IS NOT NULL"),
        postgresql_where=sa.text("refers_to_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_notification_messages_user_id_workspace_id"),
        "notification_messages",
        ["user_id", "workspace_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_notification_messages_workspace_id_user_id_id"),
        "notification_messages",
        ["workspace_id", "user_id", "id"],
        unique=False,
    )
    op.create_table(
        "notification_rules",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column(
            "scope",
            sa.Enum(
                "all", "mine", "mentions", name="notificationscope", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("function_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.String(length=255), nullable=True),
        sa.Column("tag", sa.String(length=64), nullable=True),
        sa.Column("min_priority", sa.Integer(), nullable=True),
        sa.Column(
            "mode",
            sa.Enum("at_once", "digest", name="notificationmode", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("digest_minutes", sa.Integer(), nullable=False),
        sa.Column("with_details", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agents.id"],
            name=op.f("fk_notification_rules_agent_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["notification_channels.id"],
            name=op.f("fk_notification_rules_channel_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["function_id"],
            ["functions.id"],
            name=op.f("fk_notification_rules_function_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_notification_rules_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_rules")),
    )
    op.create_index(
        op.f("ix_notification_rules_agent_id"), "notification_rules", ["agent_id"], unique=False
    )
    op.create_index(
        op.f("ix_notification_rules_channel_id"), "notification_rules", ["channel_id"], unique=False
    )
    op.create_index(
        op.f("ix_notification_rules_function_id"),
        "notification_rules",
        ["function_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_notification_rules_workspace_id_id"),
        "notification_rules",
        ["workspace_id", "id"],
        unique=False,
    )
    op.create_table(
        "notifications",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column(
            "event",
            sa.Enum(
                "asked",
                "batch_asked",
                "assigned",
                "mentioned",
                "reminder",
                "escalation",
                name="notificationevent",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("occurrence", sa.String(length=64), nullable=False),
        sa.Column("with_details", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "sent",
                "withdrawn",
                name="notificationstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["notification_channels.id"],
            name=op.f("fk_notifications_channel_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["notification_messages.id"],
            name=op.f("fk_notifications_message_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_notifications_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint(
            "channel_id",
            "request_id",
            "event",
            "occurrence",
            name=op.f("uq_notifications_channel_id_request_id_event_occurrence"),
        ),
    )
    op.create_index(
        op.f("ix_notifications_message_id"), "notifications", ["message_id"], unique=False
    )
    op.create_index(
        op.f("ix_notifications_request_id_state"),
        "notifications",
        ["request_id", "state"],
        unique=False,
    )
    op.create_index(
        op.f("ix_notifications_workspace_id"), "notifications", ["workspace_id"], unique=False
    )
    # nobody is told of what was asked before there was anything to tell it by
    op.execute(
        "INSERT INTO notification_cursors (workspace_id, seq)"
        " SELECT workspace_id, seq FROM audit_heads"
    )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
