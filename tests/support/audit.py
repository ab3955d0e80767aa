"""What tests ask of the audit."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from opensink_web.models import AuditAction, AuditEntry, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.audit.chain import chain_some


def chain_all() -> None:
    """Chain what there is, as the sweeper does."""
    while True:
        with writing():
            if not chain_some():
                return


def entries_of(workspace_id: UUID, *actions: AuditAction) -> Sequence[AuditEntry]:
    """Return the entries of a workspace, of these actions if any are named, oldest first."""
    query = select(AuditEntry).where(AuditEntry.workspace_id == workspace_id)
    if actions:
        query = query.where(AuditEntry.action.in_(actions))
    with reading():
        entries = db.session.scalars(query.order_by(AuditEntry.id)).all()
        db.session.expunge_all()
    return entries
