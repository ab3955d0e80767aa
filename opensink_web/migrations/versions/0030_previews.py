"""forms that are looked at before anybody is asked"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "previews",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=False),
        sa.Column("proposed_response", sa.Text(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_previews_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_previews")),
    )
    for column in ("expires_at", "workspace_id"):
        op.create_index(op.f(f"ix_previews_{column}"), "previews", [column])


def downgrade() -> None:
    op.drop_table("previews")
