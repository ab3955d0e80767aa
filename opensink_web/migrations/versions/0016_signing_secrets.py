"""signing secrets of agents and functions

Each workspace gets a root to make them from. Receivers that there are check signatures with the
workspace's execution secret, which signs their calls too for a while yet.
"""

import json
from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from opensink_web import clock
from opensink_web.models.base import UtcDateTime
from opensink_web.models.sealed import KEYRING_OPTION, seal_json
from opensink_web.outbound.signing import new_secret

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_OVERLAP = timedelta(days=30)
_OWNERS = ("agents", "functions")


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("signing_root", sa.Text(), nullable=True))
    _make_roots()
    with op.batch_alter_table("workspaces") as batch:
        batch.alter_column("signing_root", existing_type=sa.Text(), nullable=False)
    for table in _OWNERS:
        op.add_column(
            table,
            sa.Column("signing_generation", sa.Integer(), nullable=False, server_default="1"),
        )
        for name in ("signing_rotated_at", "signing_overlap_ends_at"):
            op.add_column(table, sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        ends_at = sa.column("signing_overlap_ends_at", UtcDateTime())
        values = {"signing_overlap_ends_at": clock.now() + _OVERLAP}
        op.get_bind().execute(sa.table(table, ends_at).update().values(values))


def downgrade() -> None:
    for table in _OWNERS:
        with op.batch_alter_table(table) as batch:
            for name in ("signing_overlap_ends_at", "signing_rotated_at", "signing_generation"):
                batch.drop_column(name)
    with op.batch_alter_table("workspaces") as batch:
        batch.drop_column("signing_root")


def _make_roots() -> None:
    ring = op.get_bind().get_execution_options()[KEYRING_OPTION]
    workspaces = sa.table("workspaces", sa.column("id", sa.Uuid()), sa.column("signing_root"))
    for row_id in op.get_bind().execute(sa.select(workspaces.c.id)).scalars().all():
        root = seal_json(ring, "workspaces.signing_root", row_id, json.dumps(new_secret()))
        same = workspaces.c.id == row_id
        op.get_bind().execute(workspaces.update().where(same).values(signing_root=root))
