"""agents, sessions and functions that are deleted before their rows are"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_IS_DELETED = sa.text("deleted_at IS NOT NULL")
_CHILDREN = ("deliveries", "activities", "input_requests")


def upgrade() -> None:
    for table in ("agents", "agent_sessions", "functions"):
        op.add_column(table, sa.Column("deleted_at", UtcDateTime(), nullable=True))
        op.create_index(
            f"ix_{table}_deleted",
            table,
            ["id"],
            sqlite_where=_IS_DELETED,
            postgresql_where=_IS_DELETED,
        )


def downgrade() -> None:
    _delete_what_is_left()
    for table in ("functions", "agent_sessions", "agents"):
        op.drop_index(f"ix_{table}_deleted", table)
        op.drop_column(table, "deleted_at")


def _delete_what_is_left() -> None:
    """Else it would be there again. On SQLite nothing cascades during a migration."""
    for parents, column in (("agents", "agent_id"), ("agent_sessions", "session_id")):
        deleted = f"SELECT id FROM {parents} WHERE {_IS_DELETED}"  # noqa: S608 - our names
        of_these = f"{column} IN ({deleted})"
        attempts = f"SELECT id FROM deliveries WHERE {of_these}"  # noqa: S608 - our names
        op.execute(f"DELETE FROM delivery_attempts WHERE delivery_id IN ({attempts})")  # noqa: S608 - our names
        for table in _CHILDREN:
            op.execute(f"DELETE FROM {table} WHERE {of_these}")  # noqa: S608 - our names
    for column, parents, tables in (
        ("agent_id", "agents", ("executions", "batches", "chats")),
        ("function_id", "functions", ("executions", "batches")),
    ):
        deleted = f"SELECT id FROM {parents} WHERE {_IS_DELETED}"  # noqa: S608 - our names
        for table in tables:
            op.execute(
                f"UPDATE {table} SET {column} = NULL WHERE {column} IN ({deleted})"  # noqa: S608 - our names
            )
    deleted_agents = f"SELECT id FROM agents WHERE {_IS_DELETED}"  # noqa: S608 - our names
    op.execute(f"DELETE FROM agent_sessions WHERE agent_id IN ({deleted_agents})")  # noqa: S608 - our names
    for table in ("agent_sessions", "functions", "agents"):
        op.execute(f"DELETE FROM {table} WHERE {_IS_DELETED}")  # noqa: S608 - our names
