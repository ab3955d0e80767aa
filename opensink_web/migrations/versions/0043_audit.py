"""the audit, which nobody changes"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_HASHED = (
    "id, workspace_id, at, action, actor, user_id, via_id, subject, subject_id,"
    " origin_digest, details_digest"
)
_CHAINED = "seq, hash"
_REFUSAL = "entries of the audit are not changed or deleted"
_SQLITE = (
    (
        "CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries"
        f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    ),
    (
        f"CREATE TRIGGER audit_entries_same BEFORE UPDATE OF {_HASHED} ON audit_entries"
        f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    ),
    (
        f"CREATE TRIGGER audit_entries_chained BEFORE UPDATE OF {_CHAINED} ON audit_entries"
        f" WHEN OLD.seq IS NOT NULL BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    ),
)
_POSTGRESQL = (
    (
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    ),
    (
        "CREATE TRIGGER audit_entries_kept BEFORE DELETE OR TRUNCATE ON audit_entries"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    ),
    (
        f"CREATE TRIGGER audit_entries_same BEFORE UPDATE OF {_HASHED} ON audit_entries"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    ),
    (
        f"CREATE TRIGGER audit_entries_chained BEFORE UPDATE OF {_CHAINED} ON audit_entries"
        " FOR EACH ROW WHEN (OLD.seq IS NOT NULL) EXECUTE FUNCTION audit_refuse()"
    ),
)


def upgrade() -> None:
    word = sa.String(length=32)
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", word, nullable=False),
        sa.Column("actor", word, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("via_id", sa.Uuid(), nullable=True),
        sa.Column("subject", word, nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("origin_digest", sa.String(length=64), nullable=True),
        sa.Column("origin_erased_by_id", sa.Uuid(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("details_digest", sa.String(length=64), nullable=True),
        sa.Column("details_erased_by_id", sa.Uuid(), nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_audit_entries_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    _index("ix_audit_entries_unchained", ["workspace_id", "id"], "seq IS NULL")
    chained = "seq IS NOT NULL"
    _index("uq_audit_entries_seq", ["workspace_id", "seq"], chained, unique=True)
    _index("ix_audit_entries_newest", ["workspace_id", "id"], chained)
    for name, column in {"action": "action", "user": "user_id", "subject": "subject_id"}.items():
        _index(f"ix_audit_entries_{name}", ["workspace_id", column, "id"], chained)
    op.create_table(
        "audit_heads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("signing_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_audit_heads_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_heads")),
        sa.UniqueConstraint("workspace_id", name=op.f("uq_audit_heads_workspace_id")),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("audit_heads")
    op.drop_table("audit_entries")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_refuse()")


def _index(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        "audit_entries",
        columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )
