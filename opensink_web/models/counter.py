"""What is counted for operators for good: a number never goes down, whatever is deleted later."""

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base


class Counter(Base):
    """How often something happened, in all workspaces; the sweeper's chores add to it."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    label: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger, default=0)
