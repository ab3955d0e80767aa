"""Reasons that a person gave when they declined, to be given again."""

from sqlalchemy import bindparam, select

from opensink_web.models import InputRequest, InputRequestStatus, User, Workspace, db

_LOOKED_AT = 50
"""Of what was declined last in the workspace: whoever gives many reasons gave one of these."""
_DECLINED = (
    select(InputRequest.id, InputRequest.sealed_decline_reason, InputRequest.resolved_by_id)
    .where(
        InputRequest.workspace_id == bindparam("of_workspace"),
        InputRequest.status == bindparam("status"),
    )
    .order_by(InputRequest.id.desc())
    .limit(_LOOKED_AT)
)


def last_reasons(workspace: Workspace, by: User, count: int) -> list[str]:
    """Return the different reasons that somebody gave last, the newest first."""
    reasons: dict[str, None] = {}
    for status in (InputRequestStatus.HELD, InputRequestStatus.DECLINED):
        values = {"of_workspace": workspace.id, "status": status}
        for request_id, sealed, by_id in db.session.execute(_DECLINED, values):
            if by_id == by.id and sealed is not None and len(reasons) < count:
                reason = InputRequest.decline_reason.unseal(request_id, sealed)
                if reason is not None:
                    reasons.setdefault(reason)
    return list(reasons)
