"""Reasons that a person gave when they declined, to be given again."""

from uuid import UUID

from sqlalchemy import Select, bindparam, select, union_all

from opensink_web.models import InputRequest, InputRequestStatus, User, Workspace, db

_LOOKED_AT = 50
"""Of what was declined last in the workspace: whoever gives many reasons gave one of these."""


def _declined(status: InputRequestStatus) -> Select[UUID, str | None, UUID | None]:
    return (
        select(InputRequest.id, InputRequest.sealed_decline_reason, InputRequest.resolved_by_id)
        .where(
            InputRequest.workspace_id == bindparam("of_workspace"), InputRequest.status == status
        )
        .order_by(InputRequest.id.desc())
        .limit(_LOOKED_AT)
    )


# each by itself, so that an index has them in their order
_DECLINED = union_all(
    *(
        select(_declined(status).subquery())
        for status in (InputRequestStatus.HELD, InputRequestStatus.DECLINED)
    )
)


def last_reasons(workspace: Workspace, by: User, count: int) -> list[str]:
    """Return the different reasons that somebody gave last, the newest first."""
    reasons: dict[str, None] = {}
    rows = db.session.execute(_DECLINED, {"of_workspace": workspace.id})
    for request_id, sealed, by_id in rows:
        if by_id == by.id and sealed is not None and len(reasons) < count:
            reason = InputRequest.decline_reason.unseal(request_id, sealed)
            if reason is not None:
                reasons.setdefault(reason)
    return list(reasons)
