"""What every table shares: the declarative base, ids, moments in time."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Enum, ForeignKeyConstraint, MetaData, Uuid, event, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, QueryableAttribute, mapped_column, registry
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7

from opensink_web import clock

UserObject: TypeAlias = dict[str, Any]
"""A user's own JSON object. Stored as JSON, never JSONB: that forgets the order of keys and how a
number was written. (`JSONObject` says it better, but SQLAlchemy cannot resolve a recursive type.)
"""

new_id: Callable[[], UUID] = uuid7
"""A UUIDv7: ordered by the time it was made, so lists page by id (RFC 9562, section 5.7)."""


def first_id_at(moment: datetime) -> UUID:
    """Return the least id that new_id() makes at a moment: older rows have smaller ones."""
    milliseconds = max(int(moment.timestamp() * 1000), 0)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. SQLite keeps no zone, so it is written as UTC and read back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Declares the types by annotation and names every constraint, so that migrations can."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={
            datetime: UtcDateTime,
            UUID: Uuid(),
        },
    )


RowT = TypeVar("RowT", bound=Base)


def word_type(words: type[StrEnum]) -> Enum:
    """Return the column type for a closed set of words, stored as they appear in the API."""

    def values(members: Any) -> list[str]:
        return [member.value for member in members]

    return Enum(words, native_enum=False, length=32, values_callable=values)


def goes_with_membership() -> ForeignKeyConstraint:
    """Return the key by which a row is its user's for as long as they are in its workspace."""
    return ForeignKeyConstraint(
        ["user_id", "workspace_id"],
        ["memberships.user_id", "memberships.workspace_id"],
        ondelete="CASCADE",
    )


class Identified:
    """A row that the outside knows by its id."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class Created:
    """A row that says when it was made."""

    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Updated(Created):
    """A row that also says when it last changed."""

    updated_at: Mapped[datetime] = mapped_column(onupdate=clock.now)


@event.listens_for(Identified, "init", propagate=True)
def _know_the_id_at_once(row: Identified, _args: object, values: dict[str, Any]) -> None:
    """What is sealed for a row has the row's id in it, whatever is set first."""
    row.id = values.pop("id", None) or new_id()


@event.listens_for(Updated, "init", propagate=True)
def _begin_both_at_once(_row: object, _args: object, values: dict[str, object]) -> None:
    """A row that never changed was last updated when it was made, not a moment before or after."""
    moment = clock.now()
    values.setdefault("created_at", moment)
    values.setdefault("updated_at", values["created_at"])


def columns_of(table: type[Base]) -> tuple[QueryableAttribute[Any], ...]:
    """Return the columns of a table, as attributes of its rows."""
    return tuple(getattr(table, each.key) for each in inspect(table).column_attrs)


def detached(table: type[RowT], values: Mapping[str, Any]) -> RowT:
    """Make a row of what a statement past the session has read; the names are those of attributes.

    It belongs to no session: what is set in it is stored nowhere, and nothing is loaded for it.
    """
    row: RowT = inspect(table).class_manager.new_instance()  # type: ignore[assignment]  # of this table
    vars(row).update(values)
    return row


db = SQLAlchemy(model_class=Base, disable_autonaming=True)
