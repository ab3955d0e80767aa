"""What the insights are counted from: a fact of each request and call that has ended, and rollups.

A fact is a few numbers, so that nothing has to be decrypted to count it. Facts of a whole day (UTC)
are rolled up into cells: of one day, of 8 and of 64, and of each group that is asked for. What is
deleted goes with its row; triggers of the facts' tables (made by migrations) then note a change,
which the rollups do not have yet. operations/insights/ counts, rolls up and reads.
"""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, word_type


class InsightKind(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    DELIVERIES = "deliveries"


class InsightGroup(Base):
    """Whose facts stand in a cell: who asked, under which key, who decided.

    `dimensions` says by which of the three it is made: 1, 2 and 4, added up. The others are "", as
    is what there is none of.
    """

    __tablename__ = "insight_groups"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    kind: Mapped[InsightKind] = mapped_column(word_type(InsightKind))
    dimensions: Mapped[int]
    asker: Mapped[str] = mapped_column(String(600), default="")
    key: Mapped[str] = mapped_column(String(255), default="")
    reviewer: Mapped[str] = mapped_column(String(36), default="")

    __table_args__ = (
        UniqueConstraint(
            *("workspace_id", "kind", "dimensions", "asker", "key", "reviewer"),
            name="uq_insight_groups_of",  # that of all columns is too long for PostgreSQL
        ),
    )


class _Fact:
    """`at` is when it ended, in milliseconds since 1970; `code` how (operations/insights/)."""

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    group_id: Mapped[int]
    at: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[int]
    duration_ms: Mapped[int] = mapped_column(BigInteger)


class RequestFact(_Fact, Base):
    """How a request ended, and how long after it was asked."""

    __tablename__ = "request_facts"

    request_id: Mapped[UUID] = mapped_column(
        ForeignKey("input_requests.id", ondelete="CASCADE"), primary_key=True
    )

    __table_args__ = (
        Index(None, "workspace_id", "at"),
        Index(None, "workspace_id", "code", "at"),  # a list of those that ended so
    )


class DeliveryFact(_Fact, Base):
    """How a call to an agent ended, and how long after it was due."""

    __tablename__ = "delivery_facts"

    delivery_id: Mapped[UUID] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True
    )

    __table_args__ = (Index(None, "workspace_id", "at"),)


class InsightChange(Base):
    """A fact that came (`sign` 1) or went (-1) after its day was rolled up; no foreign keys."""

    __tablename__ = "insight_changes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    workspace_id: Mapped[UUID]
    kind: Mapped[InsightKind] = mapped_column(word_type(InsightKind))
    group_id: Mapped[int]
    at: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[int]
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    sign: Mapped[int]

    __table_args__ = (Index(None, "workspace_id", "kind", "at"),)


class InsightCell(Base):
    """The facts of a group in `size` days, of which it is the `block`th since 1970, packed.

    `codes` and `quarters` are there where it is asked when on the day something ended.
    """

    __tablename__ = "insight_cells"

    group_id: Mapped[int] = mapped_column(
        ForeignKey("insight_groups.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    counts: Mapped[bytes] = mapped_column(LargeBinary)
    codes: Mapped[bytes | None] = mapped_column(LargeBinary)
    quarters: Mapped[bytes | None] = mapped_column(LargeBinary)
    durations: Mapped[bytes] = mapped_column(LargeBinary)


class InsightProgress(Base):
    """How far a workspace's rows have their facts, and to which day they are rolled up.

    All that ended before `counted_until` (milliseconds) is counted, and all days before
    `built_until` are in cells of a day; of that day itself what ended before `building_at` is. All
    blocks of 8 and of 64 days that end before `folded_until` (a day) are put together; of the one
    after that those of the groups up to `folded_group` are. `version` goes up with every change.
    """

    __tablename__ = "insight_progress"

    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[InsightKind] = mapped_column(word_type(InsightKind), primary_key=True)
    counted_until: Mapped[int] = mapped_column(BigInteger, default=0)
    built_until: Mapped[int] = mapped_column(default=0)
    building_at: Mapped[int] = mapped_column(BigInteger, default=0)
    folded_until: Mapped[int] = mapped_column(default=0)
    folded_group: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)
