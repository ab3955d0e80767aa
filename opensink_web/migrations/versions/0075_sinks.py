"""sinks, what is in them, and the words by which that is found"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None

_IS_DELETED = sa.text("deleted_at IS NOT NULL")
# as of requests: the table holds what was indexed, and nobody asks for phrases
_FTS5 = (
    (
        "CREATE VIRTUAL TABLE search_index_sink_items USING fts5(tokens,"
        " content='search_sink_items', content_rowid='number', detail='none', columnsize=0,"
        " tokenize='ascii')"
    ),
    (
        "CREATE TRIGGER search_sink_items_added AFTER INSERT ON search_sink_items BEGIN"
        " INSERT INTO search_index_sink_items(rowid, tokens) VALUES (new.number, new.tokens); END"
    ),
    (
        "CREATE TRIGGER search_sink_items_deleted AFTER DELETE ON search_sink_items BEGIN"
        " INSERT INTO search_index_sink_items(search_index_sink_items, rowid, tokens)"
        " VALUES ('delete', old.number, old.tokens); END"
    ),
    (
        "CREATE TRIGGER search_sink_items_changed AFTER UPDATE OF tokens ON search_sink_items BEGIN"
        " INSERT INTO search_index_sink_items(search_index_sink_items, rowid, tokens)"
        " VALUES ('delete', old.number, old.tokens);"
        " INSERT INTO search_index_sink_items(rowid, tokens) VALUES (new.number, new.tokens); END"
    ),
)


def upgrade() -> None:
    _create_sinks()
    _create_items()
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "search_sink_items",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("tokens", sa.Text() if is_sqlite else TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["sink_items.id"],
            name=op.f("fk_search_sink_items_item_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_search_sink_items")),
        sa.UniqueConstraint("item_id", name=op.f("uq_search_sink_items_item_id")),
    )
    if is_sqlite:
        for statement in _FTS5:
            op.execute(statement)
    else:
        op.create_index(
            "ix_search_sink_items_tokens", "search_sink_items", ["tokens"], postgresql_using="gin"
        )


def _create_sinks() -> None:
    op.create_table(
        "sinks",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("color", sa.String(length=32), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("public_slug", sa.String(length=63), nullable=True),
        sa.Column("is_indexed", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_sinks_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_sinks_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sinks")),
        sa.UniqueConstraint("public_slug", name=op.f("uq_sinks_public_slug")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_sinks_secret_hash")),
    )
    op.create_index(op.f("ix_sinks_workspace_id_id"), "sinks", ["workspace_id", "id"])
    op.create_index(op.f("ix_sinks_owner_id"), "sinks", ["owner_id"])
    op.create_index(
        "ix_sinks_deleted",
        "sinks",
        ["id"],
        sqlite_where=_IS_DELETED,
        postgresql_where=_IS_DELETED,
    )


def _create_items() -> None:
    op.create_table(
        "sink_items",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("sink_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=255), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        *(sa.Column(each, sa.Text(), nullable=True) for each in _SEALED),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_sink_items_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sink_id"], ["sinks.id"], name=op.f("fk_sink_items_sink_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sink_items")),
    )
    for parent in ("workspace_id", "sink_id"):
        for columns in ([parent, "id"], [parent, "type", "id"]):
            op.create_index(op.f(f"ix_sink_items_{'_'.join(columns)}"), "sink_items", columns)


_SEALED = ("body", "url", "fields", "resources")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index_sink_items")
    op.drop_table("search_sink_items")
    op.drop_table("sink_items")
    op.drop_table("sinks")
