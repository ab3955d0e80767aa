"""Columns whose values are encrypted at rest: sealed with the keyring, for their row alone.

For a new one: `sealed_x: Mapped[str | None] = mapped_column("x", Text)` and `x = Sealed[str]()`,
in a table with an `id`; `row.x` then reads and sets the value, and rotate-key knows the column.
The keyring is an execution option of the engine, so each application has its own. A value is any
JSON; row and column stand inside the plaintext, so a ciphertext moved elsewhere is refused.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, Generic, TypeVar, cast, overload
from uuid import UUID

from sqlalchemy import Table

from opensink_web.errors import UnreadableSecret
from opensink_web.keyring import Keyring
from opensink_web.models.base import Base, RowT, columns_of, db, detached

KEYRING_OPTION = "opensink_keyring"
"""The engine's execution option that holds the keyring."""

ATTRIBUTE_PREFIX = "sealed_"
Value = TypeVar("Value")
_SEALED_OF: dict[type[Any], dict[str, "Sealed[Any]"]] = {}


def keyring() -> Keyring:
    """Return the keyring of the current application."""
    return cast("Keyring", db.engine.get_execution_options()[KEYRING_OPTION])


def seal_json(ring: Keyring, column: str, row_id: UUID, text: str) -> str:
    """Encrypt JSON for one place; `column` is `table.column`."""
    return ring.encrypt(f"{column} {row_id}\n{text}".encode())


def unseal_json(ring: Keyring, column: str, row_id: UUID, ciphertext: str) -> str:
    """Return the JSON that was sealed for this place. Raises: UnreadableSecret."""
    place, _, text = ring.decrypt(ciphertext).decode().partition("\n")
    if place != f"{column} {row_id}":
        raise UnreadableSecret(
            "This secret was sealed for another row or column of the database and was moved here,"
            " so it is not used. Enter the value anew."
        )
    return text


class Sealed(Generic[Value]):
    """The value of the column mapped as `sealed_<name>`. None is kept as NULL.

    With `empty`, what that makes is kept as NULL: many rows have nothing to seal. Reading raises:
    UnreadableSecret.
    """

    def __init__(self, *, empty: Callable[[], Value] | None = None) -> None:
        self._empty = empty

    def __set_name__(self, owner: type[Any], name: str) -> None:
        _SEALED_OF.setdefault(owner, {})[name] = self
        self.name = name.rstrip("_")  # SQLAlchemy keeps some names for itself
        self.attribute = ATTRIBUTE_PREFIX + self.name
        self.column = f"{owner.__tablename__}.{self.name}"

    # a class has the descriptor itself, a row its value; whether that may be None its Mapped says
    @overload
    def __get__(self, row: None, owner: type[Any]) -> "Sealed[Value]": ...
    @overload
    def __get__(self, row: Any, owner: type[Any]) -> Value: ...
    def __get__(self, row: Any, owner: type[Any]) -> "Sealed[Value] | Value":
        if row is None:
            return self
        stored = getattr(row, self.attribute)
        known, value = vars(row).get(self.column, (None, None))
        if stored is None or known != stored:
            value = self.unseal(row.id, stored)
            vars(row)[self.column] = (stored, value)  # it is read more than once
        return cast("Value", value)

    def remember(self, row: Any, value: Value) -> None:
        """Know what was sealed for a row and is stored by now: it need not be decrypted again."""
        vars(row)[self.column] = (getattr(row, self.attribute), value)

    def __set__(self, row: Any, value: Value) -> None:
        setattr(row, self.attribute, self.seal(row.id, value))

    def seal(self, row_id: UUID, value: Value, ring: Keyring | None = None) -> str | None:
        """Return what a statement stores in the column; with a `ring` also where no application is
        at hand.
        """
        if value is None or (self._empty is not None and value == self._empty()):
            return None
        return seal_json(ring or keyring(), self.column, row_id, json.dumps(value))

    def seal_text(self, row_id: UUID, text: str) -> str:
        """Return the same of a value that is written as JSON already, with ASCII alone."""
        return seal_json(keyring(), self.column, row_id, text)

    def unseal(self, row_id: UUID, stored: str | None, ring: Keyring | None = None) -> Value:
        """Return the value of what the column stores; with a `ring` also where no application is at
        hand. Raises: UnreadableSecret.
        """
        if stored is None:
            return cast("Value", None) if self._empty is None else self._empty()
        return cast(
            "Value", json.loads(unseal_json(ring or keyring(), self.column, row_id, stored))
        )


def sealed_columns() -> Iterator[tuple[Table, str]]:
    """Return every sealed column there is: its table and its name."""
    for mapper in sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__tablename__):
        for attribute in vars(mapper.class_).values():
            if isinstance(attribute, Sealed):
                yield cast("Table", mapper.local_table), attribute.name


def sealed_values(table: type[Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a row for a statement, those of sealed columns sealed for its `id`."""
    row_id, sealed = values["id"], _SEALED_OF.get(table, {})
    return {
        name: sealed[name].seal(row_id, value) if name in sealed else value
        for name, value in values.items()
    }


def row_as_written(table: type[RowT], values: dict[str, Any], written: dict[str, Any]) -> RowT:
    """Return the row that a statement has stored; `values` are what sealed_values() was given.

    What is not among them is null. It belongs to no session: what is set in it is stored nowhere.
    """
    sealed = _SEALED_OF.get(table, {})
    row = detached(
        table,
        dict.fromkeys(_attributes_of(table))
        | {
            sealed[name].attribute if name in sealed else name: _as_read(value)
            for name, value in written.items()
        },
    )
    for name in sealed.keys() & values.keys():
        sealed[name].remember(row, values[name])
    return row


@cache
def _attributes_of(table: type[Base]) -> tuple[str, ...]:
    return tuple(column.key for column in columns_of(table))


def _as_read(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
