"""of a revision, for whom what it is asked instead of was asked"""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

_REQUESTS = sa.table(
    "input_requests",
    *(sa.column(each, sa.Uuid) for each in ("id", "thread_id", "requested_by_id")),
    sa.column("revision", sa.Integer),
    sa.column("status", sa.String),
    sa.column("earlier_requester_ids", sa.JSON),
)
_IS_OPEN = _REQUESTS.c.status.in_(["pending", "held"])


def upgrade() -> None:
    column: sa.Column[list[str]] = sa.Column("earlier_requester_ids", sa.JSON(), nullable=True)
    op.add_column("input_requests", column)
    connection = op.get_bind()
    # of what was decided nobody asks who might have
    query = sa.select(_REQUESTS.c.id, _REQUESTS.c.thread_id, _REQUESTS.c.revision)
    for row in connection.execute(query.where(_REQUESTS.c.thread_id.is_not(None), _IS_OPEN)).all():
        of_thread = sa.or_(_REQUESTS.c.id == row.thread_id, _REQUESTS.c.thread_id == row.thread_id)
        earlier = sa.select(_REQUESTS.c.requested_by_id).where(
            of_thread, _REQUESTS.c.revision < row.revision, _REQUESTS.c.requested_by_id.is_not(None)
        )
        ids = sorted({str(each) for each in connection.execute(earlier).scalars()})
        if ids:
            connection.execute(
                sa.update(_REQUESTS)
                .where(_REQUESTS.c.id == row.id)
                .values(earlier_requester_ids=ids)
            )


def downgrade() -> None:
    op.drop_column("input_requests", "earlier_requester_ids")
