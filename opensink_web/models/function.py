"""A function: something that applications have executed by name, here or by an endpoint."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.base import Base, Identified, Updated, UserObject, word_type
from opensink_web.models.deletable import Deletable, deleted_index
from opensink_web.models.quorum import Quorum
from opensink_web.models.sealed import Sealed
from opensink_web.models.signed import Signed
from opensink_web.models.user import User


class FunctionKind(StrEnum):
    """What carries a function out: an endpoint, or an entry point of an installed package."""

    HTTP = "http"
    PYTHON = "python"


class Function(Identified, Updated, Signed, Deletable, Base):
    """`target` is the API's object: `{kind, url, method, headers, body}` or `{kind, entry_point}`.

    `input_schema` and `output_schema` are JSON Schema; without the latter any output will do.
    """

    __tablename__ = "functions"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    namespace: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    input_schema: Mapped[Any] = mapped_column(JSON)
    output_schema: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    timeout_seconds: Mapped[int] = mapped_column(default=30)
    requires_approval: Mapped[bool] = mapped_column(default=False)
    # of the approval: how many have to give it, by which rule, and whether whoever calls may
    required_responses: Mapped[int] = mapped_column(default=1, server_default="1")
    quorum: Mapped[Quorum | None] = mapped_column(word_type(Quorum))
    forbid_requester: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_active: Mapped[bool] = mapped_column(default=True)
    kind: Mapped[FunctionKind] = mapped_column(word_type(FunctionKind))
    sealed_target: Mapped[str] = mapped_column("target", Text)
    target = Sealed[UserObject]()

    created_by: Mapped[User | None] = relationship()

    __table_args__ = (
        UniqueConstraint("workspace_id", "namespace", "name"),
        Index(None, "workspace_id", "id"),
        deleted_index("functions"),
        Index(None, "created_by_id"),
    )

    @property
    def is_signed(self) -> bool:
        """Return True if there are calls to sign: nobody else is called for an entry point."""
        return self.kind is FunctionKind.HTTP
