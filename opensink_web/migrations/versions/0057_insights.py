"""facts of what has ended, and rollups of them, for the insights"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

_KINDS = {
    "requests": ("request_facts", "request_id", "input_requests"),
    "deliveries": ("delivery_facts", "delivery_id", "deliveries"),
}
_NOTE = (
    "INSERT INTO insight_changes"
    " (workspace_id, kind, group_id, at, code, duration_ms, sign) VALUES"
    " (OLD.workspace_id, '{kind}', OLD.group_id, OLD.at, OLD.code, OLD.duration_ms, -1);"
)
_IS_FINISHED = sa.text("finished_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "insight_groups",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("dimensions", sa.Integer(), nullable=False),
        sa.Column("asker", sa.String(length=600), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("reviewer", sa.String(length=36), nullable=False),
        _of_workspace("insight_groups"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_insight_groups")),
        sa.UniqueConstraint(
            *("workspace_id", "kind", "dimensions", "asker", "key", "reviewer"),
            name=op.f("uq_insight_groups_of"),
        ),
    )
    for table, column, parent in _KINDS.values():
        op.create_table(
            table,
            sa.Column(column, sa.Uuid(), nullable=False),
            sa.Column("workspace_id", sa.Uuid(), nullable=False),
            *_numbers(),
            sa.ForeignKeyConstraint(
                [column], [f"{parent}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"
            ),
            _of_workspace(table),
            sa.PrimaryKeyConstraint(column, name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_workspace_id_at"), table, ["workspace_id", "at"])
    op.create_table(
        "insight_changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        *_numbers(),
        sa.Column("sign", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_insight_changes")),
    )
    op.create_index(
        op.f("ix_insight_changes_workspace_id_kind_at"),
        "insight_changes",
        ["workspace_id", "kind", "at"],
    )
    op.create_table(
        "insight_cells",
        sa.Column("group_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.Column("codes", sa.LargeBinary(), nullable=True),
        sa.Column("quarters", sa.LargeBinary(), nullable=True),
        sa.Column("durations", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["insight_groups.id"],
            name=op.f("fk_insight_cells_group_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_id", "size", "block", name=op.f("pk_insight_cells")),
    )
    op.create_table(
        "insight_progress",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("counted_until", sa.BigInteger(), nullable=False),
        sa.Column("built_until", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _of_workspace("insight_progress"),
        sa.PrimaryKeyConstraint("workspace_id", "kind", name=op.f("pk_insight_progress")),
    )
    op.create_index(
        "ix_deliveries_finished",
        "deliveries",
        ["workspace_id", "finished_at", "id"],
        sqlite_where=_IS_FINISHED,
        postgresql_where=_IS_FINISHED,
    )
    for kind, (table, *_) in _KINDS.items():
        _trigger(table, _NOTE.format(kind=kind))


def downgrade() -> None:
    op.drop_index("ix_deliveries_finished", "deliveries")
    for table in (
        "insight_progress",
        "insight_cells",
        "insight_changes",
        "request_facts",
        "delivery_facts",
        "insight_groups",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table, *_ in _KINDS.values():
            op.execute(f"DROP FUNCTION {table}_gone()")


def _numbers() -> list[sa.Column[int]]:
    return [
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
    ]


def _of_workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id"],
        ["workspaces.id"],
        name=op.f(f"fk_{table}_workspace_id"),
        ondelete="CASCADE",
    )


def _trigger(table: str, note: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {table}_gone AFTER DELETE ON {table} BEGIN {note} END")
        return
    op.execute(
        f"CREATE FUNCTION {table}_gone() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {note} RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_gone AFTER DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {table}_gone()"
    )
