"""keys made with keys"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("api_keys") as table:
        table.add_column(sa.Column("parent_id", sa.Uuid(), nullable=True))
        table.create_foreign_key(
            op.f("fk_api_keys_parent_id"), "api_keys", ["parent_id"], ["id"], ondelete="CASCADE"
        )
        table.create_index(op.f("ix_api_keys_parent_id"), ["parent_id"])


def downgrade() -> None:
    with op.batch_alter_table("api_keys") as table:
        table.drop_index(op.f("ix_api_keys_parent_id"))
        table.drop_constraint(op.f("fk_api_keys_parent_id"), type_="foreignkey")
        table.drop_column("parent_id")
