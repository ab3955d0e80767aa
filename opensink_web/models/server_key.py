"""Keys of the whole installation that must outlive every process and be the same on every host."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, Created, Identified
from opensink_web.models.sealed import Sealed


class ServerKey(Identified, Created, Base):
    """A key by its name; it is made once, for what is outside knows its public half."""

    __tablename__ = "server_keys"

    name: Mapped[str] = mapped_column(String(32), unique=True)
    sealed_private_key: Mapped[str] = mapped_column("private_key", Text)
    private_key = Sealed[str]()
