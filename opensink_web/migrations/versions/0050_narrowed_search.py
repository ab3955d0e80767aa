"""of what a request is listed by, tokens in the indexes of words"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

_INDEXES = {"search_documents": "search_index", "search_waiting": "search_index_waiting"}
_IS_WIDE = sa.text("NOT is_narrowed")
_CHANGED = (
    "CREATE TRIGGER {table}_changed AFTER UPDATE OF tokens ON {table} BEGIN"
    " INSERT INTO {index}({index}, rowid, tokens) VALUES ('delete', old.number, old.tokens);"
    " INSERT INTO {index}(rowid, tokens) VALUES (new.number, new.tokens); END"
)


def upgrade() -> None:
    for table, index in _INDEXES.items():
        is_narrowed: sa.Column[bool] = sa.Column(
            "is_narrowed", sa.Boolean(), server_default=sa.false(), nullable=False
        )
        op.add_column(table, is_narrowed)
        op.create_index(
            f"ix_{table}_wide",
            table,
            ["number"],
            sqlite_where=_IS_WIDE,
            postgresql_where=_IS_WIDE,
        )
        if op.get_bind().dialect.name == "sqlite":
            op.execute(_CHANGED.format(table=table, index=index))


def downgrade() -> None:
    # the tokens may stay: they are no words, so nobody looks for them
    for table in _INDEXES:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {table}_changed")
        op.drop_index(f"ix_{table}_wide", table)
        op.drop_column(table, "is_narrowed")
