"""indexes for what lists are filtered by, and for what refers to a row"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_INDEXES = (
    ("activities", ("workspace_id", "type", "id")),
    ("batches", ("workspace_id", "kind", "id")),
    ("batches", ("workspace_id", "ended_as", "id")),
    ("batches", ("workspace_id", "target_name", "target_namespace", "id")),
    ("chats", ("user_id", "id")),
    ("deliveries", ("workspace_id", "kind", "id")),
    ("deliveries", ("input_request_id",)),
    ("executions", ("workspace_id", "target_name", "target_namespace", "id")),
    ("functions", ("created_by_id",)),
    ("input_requests", ("workspace_id", "key", "id")),
    ("input_requests", ("workspace_id", "kind", "id")),
    ("invitations", ("invited_by_id",)),
)
_IS_DECIDED = sa.text("resolved_by_id IS NOT NULL")
_DECIDED = "ix_input_requests_resolved_by_id"


def upgrade() -> None:
    for table, columns in _INDEXES:
        op.create_index(_name(table, columns), table, list(columns))
    op.create_index(
        _DECIDED,
        "input_requests",
        ["resolved_by_id"],
        sqlite_where=_IS_DECIDED,
        postgresql_where=_IS_DECIDED,
    )


def downgrade() -> None:
    op.drop_index(_DECIDED, "input_requests")
    for table, columns in _INDEXES:
        op.drop_index(_name(table, columns), table)


def _name(table: str, columns: tuple[str, ...]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"
