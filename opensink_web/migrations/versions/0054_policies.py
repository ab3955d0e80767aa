"""rules in steps, and of a request the rule and the step"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

_IS_THERE = sa.text("deleted_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("look", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("function_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.String(255), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        _belongs_to("policies", "workspace_id", "workspaces"),
        _belongs_to("policies", "agent_id", "agents"),
        _belongs_to("policies", "function_id", "functions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
    )
    op.create_index(
        "uq_policies_look",
        "policies",
        ["workspace_id", "look"],
        unique=True,
        sqlite_where=_IS_THERE,
        postgresql_where=_IS_THERE,
    )
    for columns in (["workspace_id", "position"], ["workspace_id", "id"]):
        op.create_index(op.f(f"ix_policies_{'_'.join(columns)}"), "policies", columns)
    for column in ("agent_id", "function_id"):
        op.create_index(op.f(f"ix_policies_{column}"), "policies", [column])
    op.create_table(
        "policy_revisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("condition", sa.JSON(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        _belongs_to("policy_revisions", "policy_id", "policies"),
        _belongs_to("policy_revisions", "made_by_id", "users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_revisions")),
        sa.UniqueConstraint(
            "policy_id", "number", name=op.f("uq_policy_revisions_policy_id_number")
        ),
    )
    op.create_index(op.f("ix_policy_revisions_made_by_id"), "policy_revisions", ["made_by_id"])
    for added in _columns():
        op.add_column("input_requests", added)


def downgrade() -> None:
    for added in reversed(_columns()):
        op.drop_column("input_requests", added.name)
    op.drop_table("policy_revisions")
    op.drop_table("policies")


def _belongs_to(
    table: str, column: str, parent: str, ondelete: str = "CASCADE"
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=name, ondelete=ondelete)


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("policy_revision_id", sa.Uuid(), nullable=True),
        sa.Column("steps", sa.JSON(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("step_answer", sa.Text(), nullable=True),
    ]
