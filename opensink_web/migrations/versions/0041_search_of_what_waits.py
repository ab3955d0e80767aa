"""the words of what waits in an index of their own"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_FTS5 = (
    (
        "CREATE VIRTUAL TABLE search_index_waiting USING fts5(tokens, content='search_waiting',"
        " content_rowid='number', detail='none', columnsize=0, tokenize='ascii')"
    ),
    (
        "CREATE TRIGGER search_waiting_added AFTER INSERT ON search_waiting BEGIN"
        " INSERT INTO search_index_waiting(rowid, tokens) VALUES (new.number, new.tokens); END"
    ),
    (
        "CREATE TRIGGER search_waiting_deleted AFTER DELETE ON search_waiting BEGIN"
        " INSERT INTO search_index_waiting(search_index_waiting, rowid, tokens)"
        " VALUES ('delete', old.number, old.tokens); END"
    ),
)
_COPY = (
    "INSERT INTO search_waiting (request_id, tokens)"
    " SELECT search_documents.request_id, search_documents.tokens"
    " FROM input_requests JOIN search_documents"
    " ON search_documents.request_id = input_requests.id"
    " WHERE input_requests.status IN ('pending', 'held')"
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "search_waiting",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("tokens", sa.Text() if is_sqlite else TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["input_requests.id"],
            name=op.f("fk_search_waiting_request_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_search_waiting")),
        sa.UniqueConstraint("request_id", name=op.f("uq_search_waiting_request_id")),
    )
    if is_sqlite:
        for statement in _FTS5:
            op.execute(statement)
    else:
        op.create_index(
            "ix_search_waiting_tokens", "search_waiting", ["tokens"], postgresql_using="gin"
        )
    op.execute(_COPY)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index_waiting")
    op.drop_table("search_waiting")
