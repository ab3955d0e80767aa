"""What every row has that is work to be done: when it is due, in which group, who is doing it.

Rows of one concurrency group share a limit: so many of them are worked on at once, over all
workers. A worker leases a row for a time; one that died leaves a lease behind that runs out.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

RECOVERIES_MAX = 3
"""How often what a lost worker held is carried out again."""


class Leased:
    """`next_at` says when the row is due; only who holds `lease_token` may say how it went.

    `recovery_count` is how often a worker was lost while it held the lease.
    """

    __tablename__: str

    id: Mapped[UUID]
    group_id: Mapped[UUID]
    next_at: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    recovery_count: Mapped[int] = mapped_column(default=0)


def group_indexes(table: str, is_open: str, group_column: str = "group_id") -> tuple[Index, Index]:
    """Index a table's groups: what is due in each, among rows where `is_open`; what is leased.

    What is due has its id there too: all of a batch is due at the same moment, and would be sorted.
    """
    return (
        partial_index(f"ix_{table}_due", (group_column, "next_at", "id"), is_open),
        partial_index(
            f"ix_{table}_leased", (group_column, "lease_until"), "lease_until IS NOT NULL"
        ),
    )


def partial_index(name: str, columns: Sequence[str], condition: str) -> Index:
    """Index the rows alone that fulfil a condition."""
    where = text(condition)
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)
