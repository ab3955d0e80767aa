"""what waits by session and by batch, from an index of each workspace"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_input_requests_waiting_batch", "input_requests")
    for name in ("session", "batch"):
        _create(name, ["workspace_id", f"{name}_id", "id"])


def downgrade() -> None:
    for name in ("session", "batch"):
        op.drop_index(f"ix_input_requests_waiting_{name}", "input_requests")
    _create("batch", ["batch_id", "id"])


def _create(name: str, columns: list[str]) -> None:
    where = sa.text(f"status = 'pending' AND {name}_id IS NOT NULL")
    op.create_index(
        f"ix_input_requests_waiting_{name}",
        "input_requests",
        columns,
        sqlite_where=where,
        postgresql_where=where,
    )
