"""full-text search of requests, and what was decided of a batch by index"""

from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

# the table holds what was indexed, so that FTS5 need not keep it too; nobody asks for phrases
_FTS5 = (
    (
        "CREATE VIRTUAL TABLE search_index USING fts5(tokens, content='search_documents',"
        " content_rowid='number', detail='none', columnsize=0, tokenize='ascii')"
    ),
    (
        "CREATE TRIGGER search_documents_added AFTER INSERT ON search_documents BEGIN"
        " INSERT INTO search_index(rowid, tokens) VALUES (new.number, new.tokens); END"
    ),
    (
        "CREATE TRIGGER search_documents_deleted AFTER DELETE ON search_documents BEGIN"
        " INSERT INTO search_index(search_index, rowid, tokens)"
        " VALUES ('delete', old.number, old.tokens); END"
    ),
)


_DECIDED = sa.text("status <> 'pending' AND batch_id IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_input_requests_decided_batch",
        "input_requests",
        ["workspace_id", "batch_id", "closed_at", "id"],
        sqlite_where=_DECIDED,
        postgresql_where=_DECIDED,
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "search_documents",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("tokens", sa.Text() if is_sqlite else TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["input_requests.id"],
            name=op.f("fk_search_documents_request_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_search_documents")),
        sa.UniqueConstraint("request_id", name=op.f("uq_search_documents_request_id")),
    )
    progress = op.create_table(
        "search_progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("indexed_until", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_progress")),
    )
    op.bulk_insert(progress, [{"id": 1, "indexed_until": UUID(int=0)}])
    if is_sqlite:
        for statement in _FTS5:
            op.execute(statement)
    else:
        op.create_index(
            "ix_search_documents_tokens", "search_documents", ["tokens"], postgresql_using="gin"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
    op.drop_table("search_progress")
    op.drop_table("search_documents")
    op.drop_index("ix_input_requests_decided_batch", "input_requests")
