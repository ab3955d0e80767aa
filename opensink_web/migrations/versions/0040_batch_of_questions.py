"""what an execution of a batch asks belongs to the batch, as the approval of its call does, so that
all that waits there is decided together
"""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE input_requests SET batch_id ="
        " (SELECT batch_id FROM executions WHERE executions.id = input_requests.execution_id)"
        " WHERE status = 'pending' AND execution_id IS NOT NULL AND batch_id IS NULL"
    )


def downgrade() -> None:
    pass  # they belong to the batch, whether that is of use or not
