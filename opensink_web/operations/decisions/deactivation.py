"""Deactivating a member, with all that somebody has begun who may do nothing any more.

What they promised or keep others from ends for good: what they claimed is free again, and what they
allowed beforehand is asked of people again. What is theirs rests, and is theirs again when they are
back: keys, channels, what is assigned to them (it counts as unassigned meanwhile), and for whom
they stand in.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select

from opensink_web import clock
from opensink_web.models import (
    Absence,
    ApiKey,
    Assignment,
    Claim,
    InputRequest,
    InputRequestStatus,
    Invitation,
    Membership,
    NotificationChannel,
    StandingApproval,
    User,
    UserSession,
    Workspace,
    db,
)
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.queries import is_live
from opensink_web.operations.accounts.user import deactivate_member, lock_account
from opensink_web.operations.decisions.claim import let_go_of
from opensink_web.operations.decisions.standing_approval import revoke_all
from opensink_web.operations.requests.standing_approval import IS_ALIVE


@dataclass(frozen=True, slots=True)
class Ending:
    """How much of somebody's ends when they are deactivated, and from `api_keys` on, rests."""

    sign_ins: int
    invitations: int
    claims: int
    standing_approvals: int
    api_keys: int
    assignments: int
    deputyships: int
    channels: int


def what_ends(member: Membership) -> Ending:
    """Count what would end, or rest, if a member were deactivated now."""
    user_id, workspace_id, moment = member.user_id, member.workspace_id, clock.now()

    def count(what: type[Any], *conditions: Any) -> int:
        query = select(func.count()).select_from(what).where(*conditions)
        return db.session.scalar(query, {"moment": moment}) or 0

    def own(what: type[Any], *conditions: Any) -> int:
        return count(what, what.user_id == user_id, what.workspace_id == workspace_id, *conditions)

    return Ending(
        sign_ins=count(UserSession, UserSession.user_id == user_id, is_live(), _ends(member)),
        invitations=count(
            Invitation,
            Invitation.workspace_id == workspace_id,
            Invitation.invited_by_id == user_id,
            Invitation.used_at.is_(None),
            Invitation.expires_at > moment,
        ),
        claims=db.session.scalar(
            select(func.count()).select_from(_claimed(workspace_id, user_id).subquery())
        )
        or 0,
        standing_approvals=count(StandingApproval, *_granted(workspace_id, user_id)),
        api_keys=own(
            ApiKey,
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > moment),
        ),
        assignments=own(Assignment, Assignment.is_open.is_(True)),
        deputyships=count(
            Absence,
            Absence.deputy_id == user_id,
            Absence.workspace_id == workspace_id,
            Absence.ends_at > moment,
        ),
        channels=own(NotificationChannel, NotificationChannel.is_active.is_(True)),
    )


def deactivate(by: Principal, member: Membership) -> Membership:
    """Shut somebody out of the workspace until they are activated again, and end what ends then.

    Raises: as deactivate_member().
    """
    workspace, user = by.workspace, member.user
    lock_account(user.id)
    # those who use a standing approval lock it before the member who granted it
    revoked = revoke_all(_lock_granted(workspace, user), by=by.user)
    ending = asdict(what_ends(member)) | {"standing_approvals": revoked}
    membership = deactivate_member(by, user.id, ending)
    let_go_of(_lock_claimed(workspace, user), user, by=by.user)
    return membership


def _ends(member: Membership) -> Any:
    """Say which sign-ins end: those of programs, and all of whoever is in no other workspace."""
    of_programs = UserSession.workspace_id == member.workspace_id
    is_elsewhere = any(each is not member for each in member.user.active_memberships)
    return of_programs if is_elsewhere else or_(of_programs, UserSession.workspace_id.is_(None))


def _claimed(workspace_id: UUID, user_id: UUID) -> Select[Any]:
    """Find what somebody has taken on of what waits."""
    return (
        select(InputRequest.id)
        .join(Claim, Claim.request_id == InputRequest.id)
        .where(
            Claim.user_id == user_id,
            Claim.workspace_id == workspace_id,
            Claim.lapses_at > clock.now(),
            InputRequest.status == InputRequestStatus.PENDING,
        )
    )


def _granted(workspace_id: UUID, user_id: UUID) -> tuple[Any, ...]:
    is_theirs = StandingApproval.granted_by_id == user_id
    return (StandingApproval.workspace_id == workspace_id, is_theirs, *IS_ALIVE)


def _lock_granted(workspace: Workspace, user: User) -> Sequence[StandingApproval]:
    query = (
        select(StandingApproval)
        .where(*_granted(workspace.id, user.id))
        .order_by(StandingApproval.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(query, {"moment": clock.now()}).all()


def _lock_claimed(workspace: Workspace, user: User) -> Sequence[UUID]:
    query = _claimed(workspace.id, user.id).order_by(InputRequest.id)
    return db.session.scalars(query.with_for_update(of=Claim)).all()
