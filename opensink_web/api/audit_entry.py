"""/audit-entries: who did what, read by programs as the page Audit shows it."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import Field

from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    JsonObject,
    MomentInQuery,
    PageQuery,
    PageResponse,
    ResponseModel,
    page_response,
)
from opensink_web.models import ActorKind, AuditAction, AuditEntry, SubjectKind
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.audit.queries import (
    AuditFilter,
    Said,
    details_of,
    list_entries,
    origin_of,
)

routes = Routes(
    "audit",
    title="Audit",
    about="Who did what, when, by what and from where; what is chained cannot be changed unseen.",
)


class Missing(StrEnum):
    """Why a part of an entry is not there."""

    ERASED = "erased"
    UNREADABLE = "unreadable"

    @classmethod
    def of(cls, said: Said) -> Self | None:
        """Say why, of a part that is to be there."""
        if said.is_unreadable:
            return cls("unreadable")
        return cls("erased") if said.is_erased else None


class AuditEntryResponse(ResponseModel):
    """One thing that happened, as it was written down then."""

    id: UUID
    seq: int = Field(description="Its number in the chain of its workspace.")
    at: datetime
    action: AuditAction
    actor: ActorKind
    user_id: UUID | None = Field(description="Whose account acted; null for nobody's.")
    via_id: UUID | None = Field(description="The session, key or execution by which.")
    email: str | None = Field(description="How the account was called then.")
    key: str | None = Field(description="What the API key was called, where it was one.")
    address: str | None = Field(description="Where it came from.")
    user_agent: str | None
    origin_missing: Missing | None = Field(description="Why nothing says where it came from.")
    subject: SubjectKind
    subject_id: UUID
    details: JsonObject | None = Field(
        description="What changed: of each field what it was and is, and digests of what was shown"
        " and answered."
    )
    details_missing: Missing | None
    origin_digest: str | None
    details_digest: str | None
    hash: str = Field(description="Over the entry, and the hash of the one before.")

    @classmethod
    def written(cls, entry: AuditEntry) -> Self:
        """Write an entry that is chained."""
        origin, details = origin_of(entry), details_of(entry)
        came_from = {
            name: origin.values.get(name) for name in ("email", "key", "address", "user_agent")
        }
        return cls.model_validate(
            {
                **{name: getattr(entry, name) for name in _AS_WRITTEN},
                **came_from,
                "at": entry.at.astimezone(UTC),
                "origin_missing": Missing.of(origin),
                "details": details.values or None,
                "details_missing": Missing.of(details),
            }
        )


_AS_WRITTEN = (
    *("id", "seq", "action", "actor", "user_id", "via_id", "subject", "subject_id"),
    *("origin_digest", "details_digest", "hash"),
)


class AuditQuery(PageQuery):
    user_id: UUID | None = None
    action: AuditAction | None = None
    subject_id: UUID | None = Field(
        default=None,
        description="What it happened to; to a request belong its batch and the calls that tell of"
        " it.",
    )
    since: MomentInQuery | None = Field(default=None, description="From this moment on.")
    before: MomentInQuery | None = Field(default=None, description="Before this moment.")


AuditEntryPage = PageResponse[AuditEntryResponse]


@routes.get(
    "/audit-entries",
    summary="List what happened, newest first.",
    about="An entry is here as soon as it is chained, a second or so after what it tells of.",
    example=Example(query={"action": "agent_created"}),
)
def list_audit_entries(principal: Principal, query: AuditQuery) -> AuditEntryPage:
    filters = AuditFilter(
        user_id=query.user_id,
        action=query.action,
        subject_id=query.subject_id,
        since=query.since,
        before=query.before,
    )
    return page_response(
        list_entries(principal.workspace, filters, query.page), AuditEntryResponse.written
    )
