"""Who has power over whose account: whoever looks after members wherever the account belongs.

An account reaches into all workspaces of its owner, so an admin of one of them alone neither lets
anybody into it nor shuts anybody out of it.
"""

from collections import defaultdict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from opensink_web.models import Membership, User, Workspace, db
from opensink_web.operations.accounts.permission import Action, Principal


def has_power_over(user: User, *, by: User) -> bool:
    """Return True if `by` may look after members wherever the user is one."""
    mine = _acting(by)
    return all(_covers(mine.get(each.workspace_id), each) for each in user.memberships)


def ids_within_power(workspace: Workspace, *, by: User) -> set[UUID]:
    """Return over which members of a workspace `by` has power."""
    here = select(Membership.user_id).where(Membership.workspace_id == workspace.id)
    query = (
        select(Membership)
        .where(Membership.user_id.in_(here))
        .options(joinedload(Membership.workspace), joinedload(Membership.user))
        .options(selectinload(Membership.custom_roles))
    )
    mine = _acting(by)
    covered: dict[UUID, bool] = defaultdict(lambda: True)
    for each in db.session.scalars(query):
        covered[each.user_id] &= _covers(mine.get(each.workspace_id), each)
    return {user_id for user_id, is_covered in covered.items() if is_covered}


def _acting(user: User) -> dict[UUID, Principal]:
    """Return the user as they act in each of their workspaces in which they look after members."""
    acting = (Principal.of(each) for each in user.active_memberships)
    return {each.workspace.id: each for each in acting if each.may("members", Action.WRITE)}


def _covers(acting: Principal | None, membership: Membership) -> bool:
    patterns = Principal.of(membership).patterns
    return acting is not None and all(acting.may_give(each) for each in patterns)
