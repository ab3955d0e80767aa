"""seal secrets

What was kept as plain text is encrypted, with the keys of whoever runs this. There is no way back:
an older version could not read the result.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from opensink_web.errors import Conflict
from opensink_web.models.sealed import KEYRING_OPTION, seal_json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ROWS_AT_ONCE = 500
_TEXTS = {
    "workspaces": ("execution_secret", "previous_execution_secret"),
    "idempotency_records": ("response_body",),
    "delivery_attempts": ("url", "request_body", "response_body"),
}
_DOCUMENTS = {
    "agents": ("execution_endpoint",),
    "input_requests": ("response",),
    "delivery_attempts": ("request_headers", "response_headers"),
}
_REQUIRED = {"execution_secret", "url", "request_headers"}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # what is deleted is overwritten, so that nothing of it stays in the file
        op.execute("PRAGMA secure_delete = ON")
    for table in {**_TEXTS, **_DOCUMENTS}:
        _widen(table)
    for table, columns in _TEXTS.items():
        _seal_rows(table, columns, json.dumps)
    for table, columns in _DOCUMENTS.items():
        _seal_rows(table, columns, str)


def downgrade() -> None:
    raise Conflict(
        "Secrets are encrypted from here on, and older versions cannot read them; to go back,"
        " restore the backup that was made before the upgrade."
    )


def _widen(table: str) -> None:
    with op.batch_alter_table(table) as batch:
        for column in _TEXTS.get(table, ()):
            batch.alter_column(
                column,
                type_=sa.Text(),
                existing_type=sa.String(255) if column.endswith("secret") else sa.Text(),
                existing_nullable=column not in _REQUIRED,
            )
        for column in _DOCUMENTS.get(table, ()):
            batch.alter_column(
                column,
                type_=sa.Text(),
                existing_type=sa.JSON(),
                existing_nullable=column not in _REQUIRED,
                postgresql_using=f"{column}::text",
            )


def _seal_rows(table: str, columns: Sequence[str], to_json: Callable[[Any], str]) -> None:
    ring = op.get_bind().get_execution_options()[KEYRING_OPTION]
    rows = sa.table(table, sa.column("id", sa.Uuid()), *(sa.column(name) for name in columns))
    query = sa.select(rows).order_by(rows.c.id).limit(_ROWS_AT_ONCE)
    some = op.get_bind().execute(query).mappings().all()
    while some:
        for row in some:
            sealed = {
                name: seal_json(ring, f"{table}.{name}", row["id"], to_json(row[name]))
                for name in columns
                if row[name] is not None
            }
            if sealed:
                op.get_bind().execute(sa.update(rows).where(rows.c.id == row["id"]).values(sealed))
        some = op.get_bind().execute(query.where(rows.c.id > some[-1]["id"])).mappings().all()
