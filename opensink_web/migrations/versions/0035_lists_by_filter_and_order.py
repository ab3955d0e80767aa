"""lists of requests by each filter in each order"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_FILTERS = {"all": [], "agent": ["agent_id"], "key": ["key"], "kind": ["kind"]}
_ORDERS = {
    "waiting": ([], "status = 'pending'"),
    "due": (["expires_at"], "status = 'pending' AND expires_at IS NOT NULL"),
    "urgent": (["precedence"], "status = 'pending' AND precedence IS NOT NULL"),
    "decided": (["closed_at"], "status <> 'pending'"),
}
_PRECEDENCE = "CASE WHEN priority > 0 THEN -priority END"
_CLOSED_AT = (
    "CASE WHEN status <> 'pending' THEN coalesce(resolved_at, cancelled_at, created_at) END"
)


def upgrade() -> None:
    # PostgreSQL indexes stored columns alone, and SQLite adds only those that are not stored
    is_stored = True if op.get_bind().dialect.name == "postgresql" else None
    op.add_column("input_requests", sa.Column("cancelled_at", UtcDateTime(), nullable=True))
    for name, kind, value in (
        ("precedence", sa.Integer(), _PRECEDENCE),
        ("closed_at", UtcDateTime(), _CLOSED_AT),
    ):
        computed = sa.Computed(value, persisted=is_stored)
        op.add_column("input_requests", sa.Column(name, kind, computed, nullable=True))
    for name, columns, condition in _indexes():
        where = sa.text(condition)
        op.create_index(name, "input_requests", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, *_ in _indexes():
        op.drop_index(name, "input_requests")
    for name in ("closed_at", "precedence", "cancelled_at"):
        op.drop_column("input_requests", name)


def _indexes() -> list[tuple[str, list[str], str]]:
    made = [("ix_input_requests_waiting_batch", ["batch_id", "id"], "batch_id")]
    for order, (ordered, _) in _ORDERS.items():
        for name, filtered in _FILTERS.items():
            if (order, name) != ("waiting", "all"):  # there is one by status and id
                columns = ["workspace_id", *filtered, *ordered, "id"]
                made.append((f"ix_input_requests_{order}_{name}", columns, order))
    return [(name, columns, _condition(name, order)) for name, columns, order in made]


def _condition(name: str, order: str) -> str:
    if order == "batch_id":
        return "status = 'pending' AND batch_id IS NOT NULL"
    condition = _ORDERS[order][1]
    return f"{condition} AND agent_id IS NOT NULL" if name.endswith("_agent") else condition
