"""Memberships that end, or rest, with all that somebody has begun who may do nothing any more.

Whoever is deactivated, removed, leaves or is shut out of the server goes through here, and whoever
gets other roles. What they promised or keep others from ends for good: what they claimed is free
again, and what they allowed beforehand is asked of people again. What is theirs rests while they
are deactivated, and is theirs again when they are back: keys, channels, what is assigned to them
(it counts as unassigned meanwhile), and for whom they stand in. It ends with the membership.

Locks are taken in this order: the account, standing approvals, members; then requests, and claims.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select

from opensink_web import clock
from opensink_web.models import (
    Absence,
    ApiKey,
    Assignment,
    AuditAction,
    Claim,
    InputRequest,
    InputRequestStatus,
    Invitation,
    Membership,
    NotificationChannel,
    StandingApproval,
    User,
    UserSession,
    db,
)
from opensink_web.operations.accounts.assigned import note_leaving
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.queries import is_live
from opensink_web.operations.accounts.user import (
    close_account,
    deactivate_member,
    end_membership,
    lock_account,
    lock_leaver,
)
from opensink_web.operations.decisions.claim import let_go_of
from opensink_web.operations.decisions.standing_approval import RevokedBecause, revoke_all
from opensink_web.operations.decisions.standing_use import may_grant
from opensink_web.operations.requests.standing_approval import IS_ALIVE


@dataclass(frozen=True, slots=True)
class Ending:
    """How much of somebody's ends when they are deactivated, and from `api_keys` on, rests; all of
    it ends with a membership.
    """

    sign_ins: int
    invitations: int
    claims: int
    standing_approvals: int
    api_keys: int
    assignments: int
    deputyships: int
    channels: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Whose membership ended, and what with it."""

    email: str
    ending: Ending


@dataclass(frozen=True, slots=True)
class Revoked:
    """What ended for good with an account that was shut out, in all workspaces."""

    standing_approvals: int
    claims: int


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
        standing_approvals=count(
            StandingApproval,
            StandingApproval.workspace_id == workspace_id,
            StandingApproval.granted_by_id == user_id,
            *IS_ALIVE,
        ),
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
    """Shut somebody out of the workspace until they are activated again.

    Raises: as deactivate_member().
    """
    workspace, user = by.workspace, member.user
    revoked = _revoke_granted(user.id, workspace.id, by=by.user)
    ending = asdict(what_ends(member)) | {"standing_approvals": revoked}
    membership = deactivate_member(by, user.id, ending)
    let_go_of(_lock_claimed(workspace.id, user), user, by=by.user)
    return membership


def remove_member(by: Principal, user_id: UUID) -> Ended:
    """Take somebody out of the workspace, with all that they have in it: nothing comes back by
    itself when they are invited again.

    Raises: NotFound; PermissionMissing for somebody who has more than `by`; Conflict for the last
    admin.
    """
    return _end(by, user_id, AuditAction.MEMBER_REMOVED)


def leave_workspace(by: Principal) -> Ended:
    """Leave a workspace of one's own will, with all that ends with a membership.

    Raises: Conflict for the last admin.
    """
    return _end(by, by.user.id, AuditAction.MEMBER_LEFT)


def deactivate_user(user: User) -> Revoked:
    """Shut somebody out of the server, as only whoever runs it may.

    Raises: as close_account().
    """
    revoked = _revoke_granted(user.id, by=None)
    close_account(user)
    claimed = [each for one in user.memberships for each in _lock_claimed(one.workspace_id, user)]
    let_go_of(claimed, user, by=None)
    return Revoked(standing_approvals=revoked, claims=len(claimed))


@contextmanager
def revoking_of(by: Principal, user_ids: Collection[UUID]) -> Iterator[list[StandingApproval]]:
    """Give members other roles in the block; revoke what they allowed who may not any more.

    It gives a list that has what was revoked once the block is over. A promotion brings nothing
    back, as little as an invitation does. Begin with it: it locks their accounts.
    """
    revoked: list[StandingApproval] = []
    granted = _lock_granted(user_ids, by.workspace.id)
    yield revoked
    if not granted:
        return
    db.session.flush()
    members = select(Membership).where(
        Membership.workspace_id == by.workspace.id,
        Membership.user_id.in_({each.granted_by_id for each in granted}),
    )
    for member in db.session.scalars(members):
        db.session.refresh(member)
        if not may_grant(Principal.of(member)):
            revoked += [each for each in granted if each.granted_by_id == member.user_id]
    revoke_all(revoked, by=by.user, because=RevokedBecause.ROLE)


def _end(by: Principal, user_id: UUID, action: AuditAction) -> Ended:
    revoked = _revoke_granted(user_id, by.workspace.id, by=by.user)
    membership = lock_leaver(by, user_id)
    user = membership.user
    ending = replace(what_ends(membership), standing_approvals=revoked)
    note_leaving(membership)  # whoever decides has the request before its claim
    let_go_of(_lock_claimed(by.workspace.id, user), user, by=by.user)
    end_membership(membership, action, asdict(ending))
    return Ended(user.email, ending)


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


def _revoke_granted(user_id: UUID, workspace_id: UUID | None = None, *, by: User | None) -> int:
    """Revoke what somebody allowed in a workspace, or in all; return how much. Call it first: it
    locks the account, so that they allow nothing in this moment either.
    """
    return revoke_all(_lock_granted([user_id], workspace_id), by=by, because=RevokedBecause.LEAVING)


def _lock_granted(
    user_ids: Collection[UUID], workspace_id: UUID | None
) -> Sequence[StandingApproval]:
    """Lock accounts, and then what they allowed beforehand in a workspace, or in all."""
    for user_id in sorted(user_ids):
        lock_account(user_id)
    # those who use a standing approval lock it before the member who granted it
    is_here = [] if workspace_id is None else [StandingApproval.workspace_id == workspace_id]
    query = (
        select(StandingApproval)
        .where(StandingApproval.granted_by_id.in_(user_ids), *is_here, *IS_ALIVE)
        .order_by(StandingApproval.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(query, {"moment": clock.now()}).all()


def _lock_claimed(workspace_id: UUID, user: User) -> Sequence[UUID]:
    query = _claimed(workspace_id, user.id).order_by(InputRequest.id)
    return db.session.scalars(query.with_for_update(of=Claim)).all()
