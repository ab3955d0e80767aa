"""Whether somebody is an active member, and reading their roles along with who is calling."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from opensink_web.models import CustomRole, Membership, MembershipRole, db
from opensink_web.operations.accounts.permission import granted
from opensink_web.operations.accounts.permission_pattern import Pattern


def is_active_member(user_id: UUID, workspace_id: UUID) -> bool:
    """Tell whether somebody may do anything in a workspace."""
    member = db.session.get(Membership, (user_id, workspace_id))
    return member is not None and member.is_active


def with_own_roles(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Let a query for one member answer a row for each of their own roles, at least one."""
    return (
        query.outerjoin(
            MembershipRole,
            (MembershipRole.user_id == Membership.user_id)
            & (MembershipRole.workspace_id == Membership.workspace_id),
        )
        .outerjoin(CustomRole, CustomRole.id == MembershipRole.role_id)
        .add_columns(CustomRole.name, CustomRole.permissions)
        .order_by(CustomRole.name)
    )


def own_roles_in(
    rows: Sequence[Row[*tuple[Any, ...]]],
) -> tuple[tuple[str, ...], frozenset[Pattern]]:
    """Return the roles' names, and what they grant together."""
    roles = [(row[-2], row[-1]) for row in rows if row[-2] is not None]
    names = tuple(name for name, _ in roles)
    return names, granted(text for _, permissions in roles for text in permissions)
