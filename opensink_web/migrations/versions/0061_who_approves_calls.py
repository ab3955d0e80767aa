"""of a function, how many people have to approve its calls, and whether whoever calls may"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in _columns():
        op.add_column("functions", column)


def downgrade() -> None:
    for column in reversed(_columns()):
        op.drop_column("functions", column.name)


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("required_responses", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("quorum", sa.String(32), nullable=True),
        sa.Column("forbid_requester", sa.Boolean(), nullable=False, server_default=sa.false()),
    ]
