"""rollups of the insights in pieces"""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None

_COLUMNS = {
    "building_at": sa.BigInteger(),
    "folded_until": sa.Integer(),
    "folded_group": sa.Integer(),
}
_FORGET_LATER_BLOCKS = (
    "DELETE FROM insight_cells WHERE size > 1 AND (block + 1) * size >"
    " (SELECT p.folded_until FROM insight_progress p JOIN insight_groups g"
    " ON g.workspace_id = p.workspace_id AND g.kind = p.kind WHERE g.id = insight_cells.group_id)"
)


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("insight_progress", sa.Column(name, kind, nullable=False, server_default="0"))
    # those of blocks that are not over are put together anew once they are
    op.execute("UPDATE insight_progress SET folded_until = built_until / 8 * 8")
    op.execute(_FORGET_LATER_BLOCKS)


def downgrade() -> None:
    # what was put together in blocks alone cannot be gone on with: all is rolled up anew
    op.execute("DELETE FROM insight_cells")
    op.execute("DELETE FROM insight_changes")
    op.execute("DELETE FROM request_facts")
    op.execute("DELETE FROM delivery_facts")
    op.execute("DELETE FROM insight_changes")
    op.execute("DELETE FROM insight_progress")
    for name in _COLUMNS:
        op.drop_column("insight_progress", name)
