"""of a request, whether it is assigned to anybody, and an index of what is nobody's"""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

_INDEX = "ix_input_requests_unassigned"


def upgrade() -> None:
    column: sa.Column[bool] = sa.Column(
        "is_assigned", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("input_requests", column)
    requests = sa.table("input_requests", sa.column("id"), sa.column("is_assigned", sa.Boolean))
    assignments = sa.table("assignments", sa.column("request_id"))
    assigned = sa.select(assignments.c.request_id)
    op.execute(sa.update(requests).where(requests.c.id.in_(assigned)).values(is_assigned=sa.true()))
    op.create_index(
        _INDEX,
        "input_requests",
        ["workspace_id", "id"],
        sqlite_where=sa.text("status = 'pending' AND is_assigned = 0"),
        postgresql_where=sa.text("status = 'pending' AND NOT is_assigned"),
    )


def downgrade() -> None:
    op.drop_index(_INDEX, "input_requests")
    op.drop_column("input_requests", "is_assigned")
