"""configurations of agents, in versions; every agent has its first"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime, new_id

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None

_IS_NEWEST = sa.text("is_newest")


def upgrade() -> None:
    op.create_table(
        "agent_configurations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("variant", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("variant_version", sa.Integer(), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("is_newest", sa.Boolean(), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [target],
                name=op.f(f"fk_agent_configurations_{column}"),
                ondelete=ondelete,
            )
            for column, target, ondelete in (
                ("workspace_id", "workspaces.id", "CASCADE"),
                ("agent_id", "agents.id", "CASCADE"),
                ("made_by_id", "users.id", "SET NULL"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_configurations")),
        sa.UniqueConstraint(
            "agent_id", "version", name=op.f("uq_agent_configurations_agent_id_version")
        ),
        sa.UniqueConstraint(
            "agent_id",
            "variant",
            "variant_version",
            name=op.f("uq_agent_configurations_agent_id_variant_variant_version"),
        ),
    )
    for columns in (
        ["workspace_id", "id"],
        ["workspace_id", "variant", "id"],
        ["agent_id", "id"],
        ["agent_id", "variant", "id"],
        ["made_by_id"],
    ):
        index = f"ix_agent_configurations_{'_'.join(columns)}"
        op.create_index(op.f(index), "agent_configurations", columns)
    for name, column in (("variants", "workspace_id"), ("of_agent", "agent_id")):
        op.create_index(
            f"ix_agent_configurations_{name}",
            "agent_configurations",
            [column, "id"],
            sqlite_where=_IS_NEWEST,
            postgresql_where=_IS_NEWEST,
        )
    _give_every_agent_its_first()


def downgrade() -> None:
    op.execute("UPDATE agents SET config_id = NULL")
    op.drop_table("agent_configurations")


def _give_every_agent_its_first() -> None:
    agents = sa.table(
        "agents", *(sa.column(name, sa.Uuid) for name in ("id", "workspace_id", "config_id"))
    )
    configurations = sa.table(
        "agent_configurations",
        *(sa.column(name, sa.Uuid) for name in ("id", "workspace_id", "agent_id")),
        *(sa.column(name) for name in ("variant", "version", "variant_version", "schema_version")),
        sa.column("is_newest", sa.Boolean),
        sa.column("created_at", UtcDateTime),
    )
    connection = op.get_bind()
    now = datetime.now(UTC)
    rows = connection.execute(sa.select(agents.c.id, agents.c.workspace_id)).all()
    firsts = [
        {
            "id": new_id(),
            "workspace_id": agent.workspace_id,
            "agent_id": agent.id,
            "variant": "default",
            "version": 1,
            "variant_version": 1,
            "schema_version": 1,
            "is_newest": True,
            "created_at": now,
        }
        for agent in rows
    ]
    if not firsts:
        return
    connection.execute(sa.insert(configurations), firsts)
    connection.execute(
        sa.update(agents)
        .where(agents.c.id == sa.bindparam("of_agent"))
        .values(config_id=sa.bindparam("first")),
        [{"of_agent": each["agent_id"], "first": each["id"]} for each in firsts],
    )
