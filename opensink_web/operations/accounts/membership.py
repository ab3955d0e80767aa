"""Whether somebody is an active member."""

from uuid import UUID

from opensink_web.models import Membership, User, db

IS_ACTIVE = (Membership.deactivated_at.is_(None), User.is_active)
"""What a query says of a membership and its user, for somebody who may do anything."""


def is_active_member(user_id: UUID, workspace_id: UUID) -> bool:
    """Return True if somebody may do anything in a workspace."""
    member = db.session.get(Membership, (user_id, workspace_id))
    return member is not None and member.is_active
