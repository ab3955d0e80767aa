"""A row that can be deleted before what belongs to it is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

_IS_DELETED = text("deleted_at IS NOT NULL")


class Deletable:
    """Since `deleted_at` nobody finds it (models/hidden.py); the row goes last."""

    id: Mapped[UUID]
    deleted_at: Mapped[datetime | None]


def deleted_index(table_name: str) -> Index:
    """Index those alone that are deleted, which are few and soon none: each query looks there."""
    name = f"ix_{table_name}_deleted"
    return Index(name, "id", sqlite_where=_IS_DELETED, postgresql_where=_IS_DELETED)
