"""What the audit says when a request comes to wait for people, and when it waits no longer.

Whoever reads the chain can follow from these words alone what waits. An entry is of one request,
but for the calls of a batch, of which one entry of the batch says that they all wait, or do not.
"""

from opensink_web.models import AuditAction

WAITS_FROM_NOW_ON = frozenset(
    {
        AuditAction.REQUEST_CREATED,
        AuditAction.DECISION_UNDONE,
        AuditAction.DECISION_GIVEN_BACK,
        # if its details say that it requires approval: one request for each of its calls
        AuditAction.BATCH_SUBMITTED,
    }
)
WAITS_NO_LONGER = frozenset(
    {
        AuditAction.REQUEST_ANSWERED,
        AuditAction.REQUEST_DECLINED,
        AuditAction.REQUEST_EXPIRED,
        AuditAction.REQUEST_WITHDRAWN,
        AuditAction.REQUEST_SUPERSEDED,
        AuditAction.REQUEST_CANCELLED,
        AuditAction.REQUEST_DELETED,
        # all requests of the batch, those that are cancelled a moment later too
        AuditAction.BATCH_CANCELLED,
    }
)
"""An answer or a refusal may be held for a moment, and undone."""
