"""Uses of standing approvals: what is asked again is approved, in the name of who granted that.

A use is taken by one UPDATE, in the transaction that decides the request: of as many as there are
at once, no more than `uses_max` get through, and none that begins after a revocation was stored.
Locks are taken in this order: who asked, standing approvals by their ids, the granters' memberships
by their ids. No person has seen what is approved so; the audit says what the granter had seen.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from sqlalchemy import bindparam, select, update

from opensink_web import clock
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    AuditAction,
    InputRequest,
    InputRequestStatus,
    Membership,
    StandingApproval,
    SubjectKind,
    User,
    db,
)
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.audit.record import digest_of, record
from opensink_web.operations.decisions.asker import let_go_on
from opensink_web.operations.decisions.authority import is_forbidden_to
from opensink_web.operations.decisions.holding import lock_asker_of
from opensink_web.operations.requests.claim import claims_of_ids
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.operations.requests.input_request import record_of, store_response
from opensink_web.operations.requests.standing_approval import IS_ALIVE, Use
from opensink_web.operations.requests.vote import is_voted_on

# Built once, because building a statement costs more than running it.
_LOCK = (
    select(StandingApproval.id, StandingApproval.workspace_id, StandingApproval.granted_by_id)
    .where(StandingApproval.id.in_(bindparam("of_approvals", expanding=True)))
    .order_by(StandingApproval.id)
    .with_for_update()
)
_LOCK_OF_REQUEST = (
    select(StandingApproval)
    .where(StandingApproval.from_request_id == bindparam("of_request"))
    .order_by(StandingApproval.id)
    .with_for_update()
)
_TAKE = (
    update(StandingApproval)
    .where(StandingApproval.id == bindparam("of_approval"), *IS_ALIVE)
    .values(uses_count=StandingApproval.uses_count + 1)
    .returning(StandingApproval.uses_count, StandingApproval.uses_max, StandingApproval.seen_digest)
)


def lock_approvals(approval_ids: Collection[UUID]) -> Mapping[UUID, User]:
    """Lock standing approvals and whoever granted them; return who did, of those who may decide.

    Nobody who was shut out, left or lost the permission before is among them.
    """
    if not approval_ids:
        return {}
    rows = db.session.execute(_LOCK, {"of_approvals": list(approval_ids)}).all()
    members = (
        select(Membership)
        .where(
            Membership.workspace_id.in_({row.workspace_id for row in rows}),
            Membership.user_id.in_({row.granted_by_id for row in rows}),
        )
        .order_by(Membership.workspace_id, Membership.user_id)
        .with_for_update(read=True, of=Membership)
        .execution_options(populate_existing=True)
    )
    granters = {
        (each.workspace_id, each.user_id): each.user
        for each in db.session.scalars(members)
        if each.is_active and may_grant(Principal.of(each))
    }
    return {
        row.id: granters[row.workspace_id, row.granted_by_id]
        for row in rows
        if (row.workspace_id, row.granted_by_id) in granters
    }


def may_grant(member: Principal) -> bool:
    """Return True if what a member allows beforehand holds: they may decide, and allow that."""
    resources = ("standing_approvals", "agent_session_input_requests")
    return all(member.may(resource, Action.WRITE) for resource in resources)


def use_standing_approval(wanted: Use, granters: Mapping[UUID, User]) -> None:
    """Approve what is asked by the first of the standing approvals that can be used still.

    Where none can, and where a person is at the request already, it goes on waiting for people.
    They are locked, and so are `granters`, by lock_approvals().
    """
    request_id = wanted.answer.request_id
    locked = lock_asker_of(request_id)
    if locked is None:
        return
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, request_id, populate_existing=True)
    if request.status is not InputRequestStatus.PENDING or _is_for_people(request):
        return
    for approval_id in wanted.approval_ids:
        granter = granters.get(approval_id)
        if granter is None or is_forbidden_to(request, granter.id):
            continue
        if _take(approval_id, request, wanted, granter):
            store_response(request, wanted.answer, None, standing_approval_id=approval_id)
            let_go_on(replace(locked, request=request), None)
            return


def _is_for_people(request: InputRequest) -> bool:
    """Return True if several decide, or somebody has taken it on, or speaks about it."""
    if is_voted_on(request) or request.comments_count > 0:
        return True
    return bool(claims_of_ids([request.id]))


def _take(approval_id: UUID, request: InputRequest, wanted: Use, granter: User) -> bool:
    """Take a use, and note it; return False if none is left."""
    values = {"of_approval": approval_id, "moment": clock.now()}
    taken = run_prepared(_TAKE, values).one_or_none()
    if taken is None:
        return False
    said: JSONObject = {
        "request_digest": digest_of_request(request),
        "granted_by": granter.email,
        "granted_by_id": str(granter.id),
        "seen_digest": taken.seen_digest,
    }
    record_of(
        request,
        AuditAction.REQUEST_ANSWERED,
        {
            **said,
            "standing_approval": str(approval_id),
            "answer_digest": digest_of(wanted.answer.value),
        },
    )
    record(
        AuditAction.STANDING_APPROVAL_USED,
        request.workspace_id,
        SubjectKind.STANDING_APPROVAL,
        approval_id,
        {
            **said,
            "request": str(request.id),
            "use": taken.uses_count,
            "uses_max": taken.uses_max,
        },
    )
    return True
