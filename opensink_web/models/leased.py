"""What every row has that is work to be done: when it is due, in which lane, who is doing it.

Rows of one lane share its slots: so many of them are worked on at once, over all workers. A worker
takes a row for a time; one that died leaves a lease behind that runs out.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column


class LaneWork(StrEnum):
    """What is done in a lane: the table whose rows it holds."""

    EXECUTIONS = "executions"
    CALLBACKS = "callbacks"


class Leased:
    """`next_at` says when the row is due; only who holds `lease_token` may say how it went.

    `recovery_count` is how often a worker was lost while it held the lease.
    """

    lane_id: Mapped[UUID]
    next_at: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    recovery_count: Mapped[int] = mapped_column(default=0)


def lane_indexes(table: str, is_open: str) -> tuple[Index, Index]:
    """Index a table's lanes: what is due in each, among rows where `is_open`; what is leased.

    What is due has its id there too: all of a batch is due at the same moment, and would be sorted.
    """
    return (
        _partial_index(f"ix_{table}_due", ("next_at", "id"), is_open),
        _partial_index(f"ix_{table}_leased", ("lease_until",), "lease_until IS NOT NULL"),
    )


def _partial_index(name: str, columns: Sequence[str], condition: str) -> Index:
    where = text(condition)
    return Index(name, "lane_id", *columns, sqlite_where=where, postgresql_where=where)
