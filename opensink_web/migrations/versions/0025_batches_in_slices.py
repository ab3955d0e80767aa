"""batches that are written, and whose executions are queued, in slices"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_IS_STAGED = sa.text("staged_until IS NOT NULL")
_IS_BEING_QUEUED = sa.text("unqueued_from IS NOT NULL")


def upgrade() -> None:
    op.add_column("batches", sa.Column("staged_until", UtcDateTime(), nullable=True))
    op.add_column("batches", sa.Column("unqueued_from", sa.Integer(), nullable=True))
    op.add_column("batches", sa.Column("due_at", UtcDateTime(), nullable=True))
    for name, condition in (("staged", _IS_STAGED), ("unqueued", _IS_BEING_QUEUED)):
        op.create_index(
            f"ix_batches_{name}",
            "batches",
            ["id"],
            sqlite_where=condition,
            postgresql_where=condition,
        )
    for table in ("chats", "input_requests"):
        op.add_column(table, sa.Column("batch_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    _delete_what_is_staged()
    _queue_the_rest()
    for table in ("input_requests", "chats"):
        op.drop_column(table, "batch_id")
    for name in ("unqueued", "staged"):
        op.drop_index(f"ix_batches_{name}", "batches")
    for column in ("due_at", "unqueued_from", "staged_until"):
        op.drop_column("batches", column)


def _delete_what_is_staged() -> None:
    """Else it would be found. On SQLite nothing cascades during a migration."""
    staged = f"SELECT id FROM batches WHERE {_IS_STAGED}"  # noqa: S608 - our names
    executions = f"SELECT id FROM executions WHERE batch_id IN ({staged})"  # noqa: S608 - our names
    chats = f"SELECT id FROM chats WHERE batch_id IN ({staged})"  # noqa: S608 - our names
    op.execute(f"DELETE FROM input_requests WHERE batch_id IN ({staged})")  # noqa: S608 - our names
    op.execute(f"DELETE FROM execution_steps WHERE execution_id IN ({executions})")  # noqa: S608 - our names
    op.execute(f"DELETE FROM executions WHERE batch_id IN ({staged})")  # noqa: S608 - our names
    op.execute(f"DELETE FROM chat_messages WHERE chat_id IN ({chats})")  # noqa: S608 - our names
    op.execute(f"DELETE FROM chats WHERE batch_id IN ({staged})")  # noqa: S608 - our names
    op.execute(f"DELETE FROM batches WHERE {_IS_STAGED}")  # noqa: S608 - our names


def _queue_the_rest() -> None:
    """Else it would never be due."""
    op.execute(
        "UPDATE executions SET next_at = (SELECT due_at FROM batches WHERE batches.id = batch_id)"
        " WHERE status = 'queued' AND batch_id IN (SELECT id FROM batches"
        " WHERE unqueued_from IS NOT NULL AND batch_index >= unqueued_from)"
    )
