"""Who asks, found in one query that makes no objects: for what open pages ask all the time.

It says who is let in by the same facts as everywhere else (web/access.py), and nothing of why
somebody is not: whoever is not found here is looked for there.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select

from opensink_web import clock
from opensink_web.models import (
    CustomRole,
    Membership,
    MembershipRole,
    SecondFactor,
    User,
    UserSession,
    Workspace,
)
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.accounts.credential import hash_token
from opensink_web.operations.accounts.permission import ROLE_PATTERNS, granted
from opensink_web.operations.accounts.permission_pattern import Pattern
from opensink_web.operations.accounts.queries import IDLE_LIFETIME, is_live_at


@dataclass(frozen=True, slots=True)
class Recognized:
    """A member who is signed in and may see the workspace, and what their roles grant."""

    workspace_id: UUID
    user_id: UUID
    patterns: frozenset[Pattern]


_BY_TOKEN = (
    select(Workspace.id, Membership.user_id, Membership.role, CustomRole.permissions)
    .select_from(UserSession)
    .join(User, User.id == UserSession.user_id)
    .join(Membership, Membership.user_id == User.id)
    .join(Workspace, Workspace.id == Membership.workspace_id)
    .outerjoin(
        SecondFactor,
        and_(SecondFactor.user_id == User.id, SecondFactor.confirmed_at.is_not(None)),
    )
    .outerjoin(
        MembershipRole,
        and_(
            MembershipRole.user_id == Membership.user_id,
            MembershipRole.workspace_id == Membership.workspace_id,
        ),
    )
    .outerjoin(CustomRole, CustomRole.id == MembershipRole.role_id)
    .where(
        UserSession.token_hash == bindparam("of_token"),
        is_live_at(
            bindparam("moment", type_=UserSession.expires_at.type),
            bindparam("used_since", type_=UserSession.last_seen_at.type),
        ),
        User.is_active,
        Workspace.slug == bindparam("of_slug"),
        Membership.deactivated_at.is_(None),
        or_(
            ~Workspace.requires_second_factor,
            User.password_hash.is_(None),
            SecondFactor.id.is_not(None),
        ),
    )
)


def recognize(token: str, slug: str) -> Recognized | None:
    """Return whose session's token it is, in a workspace; None for whoever is not let in as is."""
    moment = clock.now()
    values = {
        "of_token": hash_token(token),
        "of_slug": slug,
        "moment": moment,
        "used_since": moment - IDLE_LIFETIME,
    }
    rows = [tuple(row) for row in run_prepared(_BY_TOKEN, values)]
    if not rows:
        return None
    workspace_id, user_id, role, _ = rows[0]
    own = granted(text for *_, permissions in rows for text in permissions or ())
    return Recognized(workspace_id, user_id, ROLE_PATTERNS[role] | own)
