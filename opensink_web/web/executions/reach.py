"""Whose rows somebody sees and may change: everybody's, or only what they have started."""

from uuid import UUID

from opensink_web.operations.accounts.permission import SERVICE, Principal
from opensink_web.operations.accounts.permission_pattern import Reach


def only_user(principal: Principal, resource: str, action: str) -> UUID | None:
    """Return the only user whose rows are within reach, None for everybody's.

    Raises: PermissionMissing.
    """
    reach = principal.require_reach(f"{SERVICE}.{resource}.{action}")
    return principal.user.id if reach is Reach.OWN else None


def reaches_rows_of(principal: Principal, resource: str, action: str, user_id: UUID) -> bool:
    """Return True if what this user has started is within reach."""
    reach = principal.reach(f"{SERVICE}.{resource}.{action}")
    return reach is Reach.ALL or (reach is Reach.OWN and principal.user.id == user_id)
