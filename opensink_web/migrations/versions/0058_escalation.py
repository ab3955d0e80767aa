"""escalation: chains, their revisions, and where requests stand in them"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

_ONE_FOR_EACH = {
    "agent": (["agent_id"], "agent_id IS NOT NULL"),
    "function": (["function_id"], "function_id IS NOT NULL"),
    "default": (["workspace_id"], "agent_id IS NULL AND function_id IS NULL"),
}


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "escalation_chains",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("function_id", sa.Uuid(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        _reference("escalation_chains", "workspace_id", "workspaces"),
        _reference("escalation_chains", "agent_id", "agents"),
        _reference("escalation_chains", "function_id", "functions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_chains")),
    )
    for name, (columns, condition) in _ONE_FOR_EACH.items():
        op.create_index(
            f"uq_escalation_chains_{name}",
            "escalation_chains",
            columns,
            unique=True,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    op.create_index(
        "ix_escalation_chains_workspace_id_id", "escalation_chains", ["workspace_id", "id"]
    )
    op.create_table(
        "escalation_revisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("chain_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", moment, nullable=False),
        _reference("escalation_revisions", "chain_id", "escalation_chains"),
        _reference("escalation_revisions", "made_by_id", "users", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_revisions")),
        sa.UniqueConstraint(
            "chain_id", "number", name=op.f("uq_escalation_revisions_chain_id_number")
        ),
    )
    op.create_index(
        op.f("ix_escalation_revisions_made_by_id"), "escalation_revisions", ["made_by_id"]
    )
    op.create_table(
        "escalations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("lease_token", sa.String(length=64), nullable=True),
        sa.Column("lease_until", moment, nullable=True),
        sa.Column("recovery_count", sa.Integer(), nullable=False),
        _reference("escalations", "workspace_id", "workspaces"),
        _reference("escalations", "request_id", "input_requests"),
        _reference("escalations", "revision_id", "escalation_revisions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalations")),
        sa.UniqueConstraint("request_id", name=op.f("uq_escalations_request_id")),
    )
    op.create_index("ix_escalations_due", "escalations", ["workspace_id", "next_at", "id"])
    is_leased = sa.text("lease_until IS NOT NULL")
    op.create_index(
        "ix_escalations_leased",
        "escalations",
        ["workspace_id", "lease_until"],
        sqlite_where=is_leased,
        postgresql_where=is_leased,
    )
    op.create_index(op.f("ix_escalations_revision_id"), "escalations", ["revision_id"])
    op.create_table(
        "escalation_cursors",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        _reference("escalation_cursors", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_escalation_cursors")),
    )


def downgrade() -> None:
    for name in ("cursors", "", "revisions", "chains"):
        op.drop_table(f"escalation_{name}" if name else "escalations")


def _reference(
    table: str, column: str, target: str, on_delete: str = "CASCADE"
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=on_delete)
