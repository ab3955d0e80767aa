"""What a person has besides a password: an app that makes codes, and recovery codes on paper."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, Created, Identified
from opensink_web.models.sealed import Sealed


class SecondFactor(Identified, Created, Base):
    """The `secret` that a person's app shares with us (base32), in use once it is confirmed.

    `last_step` is the time step (RFC 6238, section 4.2) of the newest code that was accepted.
    """

    __tablename__ = "second_factors"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    sealed_secret: Mapped[str] = mapped_column("secret", Text)
    secret = Sealed[str]()
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None]


class RecoveryCode(Identified, Base):
    """Lets in once in the place of the app; only hashed."""

    __tablename__ = "recovery_codes"

    second_factor_id: Mapped[UUID] = mapped_column(
        ForeignKey("second_factors.id", ondelete="CASCADE")
    )
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("second_factor_id", "code_hash"),)
