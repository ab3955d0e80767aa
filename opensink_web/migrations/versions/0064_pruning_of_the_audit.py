"""the audit begins after what was removed for its age"""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

_REFUSAL = "entries of the audit are not changed or deleted"
_PRUNED_UP_TO = (
    "coalesce((SELECT pruned_seq FROM audit_heads WHERE workspace_id = OLD.workspace_id), 0)"
)
_IS_KEPT = f"OLD.seq IS NULL OR OLD.seq > {_PRUNED_UP_TO}"
_IS_NO_PRUNING = (
    "NEW.pruned_seq < OLD.pruned_seq OR NEW.pruning_until < OLD.pruning_until"
    " OR NEW.pruned_seq > NEW.pruning_until"
    " OR (NEW.pruning_until > OLD.pruning_until AND NOT EXISTS (SELECT 1 FROM audit_checkpoints"
    " WHERE workspace_id = NEW.workspace_id AND seq = NEW.pruning_until))"
)
_NOT_SO = "the audit is pruned up to a checkpoint, and what is gone is not there again"
_PRUNED = "pruned_seq, pruned_hash, pruning_until"
_SQLITE = (
    "DROP TRIGGER audit_entries_kept",
    (
        "CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries"
        f" WHEN {_IS_KEPT} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    ),
    (
        f"CREATE TRIGGER audit_heads_pruned BEFORE UPDATE OF {_PRUNED} ON audit_heads"
        f" WHEN {_IS_NO_PRUNING} BEGIN SELECT RAISE(ABORT, '{_NOT_SO}'); END"
    ),
)
_SQLITE_BACK = (
    "DROP TRIGGER audit_heads_pruned",
    "DROP TRIGGER audit_entries_kept",
    (
        "CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries"
        f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    ),
)
_POSTGRESQL = (
    "DROP TRIGGER audit_entries_kept ON audit_entries",
    (
        "CREATE FUNCTION audit_refuse_what_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN IF {_IS_KEPT} THEN RAISE EXCEPTION '{_REFUSAL}'; END IF; RETURN OLD; END $$"
    ),
    (
        "CREATE FUNCTION audit_refuse_no_pruning() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN IF {_IS_NO_PRUNING} THEN RAISE EXCEPTION '{_NOT_SO}'; END IF; RETURN NEW; END $$"
    ),
    (
        "CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries"
        " FOR EACH ROW EXECUTE FUNCTION audit_refuse_what_is_kept()"
    ),
    (
        "CREATE TRIGGER audit_entries_whole BEFORE TRUNCATE ON audit_entries"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    ),
    (
        f"CREATE TRIGGER audit_heads_pruned BEFORE UPDATE OF {_PRUNED} ON audit_heads"
        " FOR EACH ROW EXECUTE FUNCTION audit_refuse_no_pruning()"
    ),
)
_POSTGRESQL_BACK = (
    "DROP TRIGGER audit_heads_pruned ON audit_heads",
    "DROP TRIGGER audit_entries_whole ON audit_entries",
    "DROP TRIGGER audit_entries_kept ON audit_entries",
    "DROP FUNCTION audit_refuse_no_pruning()",
    "DROP FUNCTION audit_refuse_what_is_kept()",
    (
        "CREATE TRIGGER audit_entries_kept BEFORE DELETE OR TRUNCATE ON audit_entries"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    ),
)


def upgrade() -> None:
    zero = sa.text("0")
    for column in (
        sa.Column("pruned_seq", sa.BigInteger(), nullable=False, server_default=zero),
        sa.Column("pruned_hash", sa.String(64), nullable=False, server_default="0" * 64),
        sa.Column("pruning_until", sa.BigInteger(), nullable=False, server_default=zero),
    ):
        op.add_column("audit_heads", column)
    op.add_column("workspaces", sa.Column("retention_days_audit", sa.Integer(), nullable=True))
    _run(_SQLITE, _POSTGRESQL)


def downgrade() -> None:
    _run(_SQLITE_BACK, _POSTGRESQL_BACK)
    op.drop_column("workspaces", "retention_days_audit")
    for name in ("pruning_until", "pruned_hash", "pruned_seq"):
        op.drop_column("audit_heads", name)


def _run(on_sqlite: tuple[str, ...], on_postgresql: tuple[str, ...]) -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in on_sqlite if is_sqlite else on_postgresql:
        op.execute(statement)
