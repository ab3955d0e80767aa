"""seal what people and agents exchange

Inputs, outputs and errors of executions, what is asked, what agents remember and say, chats, and
the addresses of callbacks are encrypted, as answers were before. Executions keep where secrets were
in them. What a function that is gone has called secret nobody knows any more, so of its executions
everything is hidden from people.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from opensink_web.models.sealed import KEYRING_OPTION, seal_json, unseal_json
from opensink_web.schema.secrets import Secrets, merged_paths, secrets_of

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class _Sealed:
    """A column: JSON or a text; `empty` is what NULL stands for from here on."""

    name: str
    is_json: bool = True
    was_required: bool = False
    empty: str | None = None

    @property
    def is_required(self) -> bool:
        return self.was_required and self.empty is None and self.name != "content"

    @property
    def type(self) -> sa.types.TypeEngine[Any]:
        return sa.JSON() if self.is_json else sa.Text()


def _text(name: str, *, was_required: bool = False) -> _Sealed:
    return _Sealed(name, is_json=False, was_required=was_required)


_TABLES: Mapping[str, Sequence[_Sealed]] = {
    "executions": (
        _Sealed("input_data", was_required=True, empty="{}"),
        _Sealed("output_data"),
        _text("error"),
        _text("callback_url"),
    ),
    "execution_steps": (_text("message"),),
    "batches": (_text("callback_url"),),
    "callbacks": (_text("url", was_required=True),),
    "chats": (_Sealed("input_variables", was_required=True, empty="{}"),),
    "chat_messages": (_Sealed("content", was_required=True), _Sealed("tool_calls")),
    "agent_sessions": (
        _Sealed("state", was_required=True, empty="{}"),
        _Sealed("metadata", was_required=True, empty="{}"),
        _text("error_message"),
    ),
    "activities": (
        _text("message"),
        _Sealed("payload"),
        _Sealed("links", was_required=True, empty="[]"),
    ),
    "input_requests": (
        _text("message", was_required=True),
        _Sealed("schema", was_required=True),
        _text("decline_reason"),
    ),
}
_PATHS = ("secret_input_paths", "secret_output_paths")


def upgrade() -> None:
    _overwrite_what_is_deleted()
    for name in _PATHS:
        op.add_column("executions", sa.Column(name, sa.Text(), nullable=True))
    _note_secrets()
    for table, columns in _TABLES.items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                _alter(batch, column, to_sealed=True)
        _change_rows(table, columns, to_sealed=True)


def downgrade() -> None:
    _overwrite_what_is_deleted()
    for table, columns in _TABLES.items():
        _change_rows(table, columns, to_sealed=False)
        with op.batch_alter_table(table) as batch:
            for column in columns:
                _alter(batch, column, to_sealed=False)
    with op.batch_alter_table("executions") as batch:
        for name in _PATHS:
            batch.drop_column(name)


def _overwrite_what_is_deleted() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA secure_delete = ON")


def _alter(batch: Any, column: _Sealed, *, to_sealed: bool) -> None:
    before, after = (column.type, sa.Text()) if to_sealed else (sa.Text(), column.type)
    required = (column.was_required, column.is_required)
    was_required, is_required = required if to_sealed else required[::-1]
    batch.alter_column(
        column.name,
        type_=after,
        existing_type=before,
        existing_nullable=not was_required,
        nullable=not is_required,
        postgresql_using=f"{column.name}::{'text' if to_sealed else 'json'}"
        if column.is_json
        else None,
    )


def _change_rows(table: str, columns: Sequence[_Sealed], *, to_sealed: bool) -> None:
    change = _sealed if to_sealed else _plain
    rows = sa.table(table, sa.column("id", sa.Uuid()), *(sa.column(each.name) for each in columns))
    query = sa.select(rows).order_by(rows.c.id).limit(_ROWS_AT_ONCE)
    some = op.get_bind().execute(query).mappings().all()
    while some:
        for row in some:
            values = {
                each.name: changed
                for each in columns
                if (changed := change(table, each, row["id"], row[each.name])) != row[each.name]
            }
            if values:
                op.get_bind().execute(sa.update(rows).where(rows.c.id == row["id"]).values(values))
        some = op.get_bind().execute(query.where(rows.c.id > some[-1]["id"])).mappings().all()


def _sealed(table: str, column: _Sealed, row_id: UUID, stored: str | None) -> str | None:
    if stored is None or (column.is_json and stored in {"null", column.empty}):
        return None
    text = stored if column.is_json else json.dumps(stored)
    return seal_json(_ring(), f"{table}.{column.name}", row_id, text)


def _plain(table: str, column: _Sealed, row_id: UUID, stored: str | None) -> str | None:
    if stored is None:
        return column.empty or ("null" if column.was_required else None)
    text = unseal_json(_ring(), f"{table}.{column.name}", row_id, stored)
    return text if column.is_json else str(json.loads(text))


def _ring() -> Any:
    return op.get_bind().get_execution_options()[KEYRING_OPTION]


def _note_secrets() -> None:
    """Write down where secrets are in each execution's input and output."""
    functions = sa.table(
        "functions",
        sa.column("id", sa.Uuid()),
        sa.column("input_schema", sa.JSON()),
        sa.column("output_schema", sa.JSON()),
    )
    by_function = {
        row.id: (_secrets(row.input_schema), _secrets(row.output_schema))
        for row in op.get_bind().execute(sa.select(functions))
    }
    # without a function there is no schema; an agent's executions never had one
    unknown = secrets_of({"writeOnly": True})
    rows = sa.table(
        "executions",
        sa.column("id", sa.Uuid()),
        sa.column("kind", sa.String()),
        sa.column("function_id", sa.Uuid()),
        sa.column("input_data", sa.JSON()),
        sa.column("output_data", sa.JSON()),
        *(sa.column(name, sa.Text()) for name in _PATHS),
    )
    with_secrets = [each for each, both in by_function.items() if any(both)]
    query = (
        sa.select(rows)
        .where(
            rows.c.kind == "function",
            rows.c.function_id.is_(None) | rows.c.function_id.in_(with_secrets),
        )
        .order_by(rows.c.id)
        .limit(_ROWS_AT_ONCE)
    )
    some = op.get_bind().execute(query).all()
    while some:
        for row in some:
            ours = by_function.get(row.function_id, (unknown, unknown))
            values = {
                name: seal_json(_ring(), f"executions.{name}", row.id, json.dumps(paths))
                for name, secrets, value in zip(
                    _PATHS, ours, (row.input_data, row.output_data), strict=True
                )
                if secrets and (paths := merged_paths(secrets.paths_in(value)))
            }
            if values:
                op.get_bind().execute(sa.update(rows).where(rows.c.id == row.id).values(values))
        some = op.get_bind().execute(query.where(rows.c.id > some[-1].id)).all()


def _secrets(schema: Any) -> Secrets | None:
    """Return what is secret by a schema, None where nothing is."""
    secrets = secrets_of(schema)
    return secrets if secrets.may_hold_any() else None
