"""an attempt at a delivery is written when it ends; until then the delivery says that it began"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("call_began_at", UtcDateTime(), nullable=True))
    op.add_column("deliveries", sa.Column("called_endpoint", sa.Text(), nullable=True))
    # whoever takes over what a worker left behind writes its attempt down
    op.execute(
        "UPDATE deliveries SET"
        " call_began_at = coalesce((SELECT max(created_at) FROM delivery_attempts"
        " WHERE delivery_id = deliveries.id AND outcome IS NULL), updated_at),"
        " called_endpoint = (SELECT execution_endpoint FROM agents WHERE id = deliveries.agent_id)"
        " WHERE status = 'pending' AND lease_token IS NOT NULL"
    )
    op.execute(
        "DELETE FROM delivery_attempts WHERE outcome IS NULL AND delivery_id IN"
        " (SELECT id FROM deliveries WHERE call_began_at IS NOT NULL)"
    )


def downgrade() -> None:
    # nobody will write down what was under way, so it does not count
    op.execute(
        "UPDATE deliveries SET attempt_count = attempt_count - 1,"
        " round_attempt_count = round_attempt_count - 1 WHERE call_began_at IS NOT NULL"
    )
    op.drop_column("deliveries", "called_endpoint")
    op.drop_column("deliveries", "call_began_at")
