"""Taking a request on, and letting it go: while somebody has it, nobody else decides on it.

Of two who claim it in the same moment one has it, and the other is told who. A claim lapses by
itself when nothing is heard of its holder for a while; the sweeper then has open pages look again,
and forgets it. Whoever claims locks the asker first, as
whoever decides does: what a decision then finds of claims is what there is.
"""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from opensink_web import clock
from opensink_web.errors import Conflict
from opensink_web.json_value import JSONObject
from opensink_web.models import AuditAction, Claim, InputRequest, User, Workspace, db
from opensink_web.models.base import UtcDateTime
from opensink_web.models.transaction import changed_after_commit, run_prepared
from opensink_web.operations.accounts.user import keep_member
from opensink_web.operations.decisions.asker import lock_asker, note
from opensink_web.operations.decisions.authority import check_is_not_forbidden, refusal_of
from opensink_web.operations.requests.answer import check_pending
from opensink_web.operations.requests.claim import claims_of_ids
from opensink_web.operations.requests.input_request import record_of
from opensink_web.operations.requests.queries import find_input_request
from opensink_web.operations.slices import SLICE

_IS_OWN = (
    Claim.request_id == bindparam("of_request"),
    Claim.user_id == bindparam("of_user"),
)
_RELEASE = delete(Claim).where(*_IS_OWN)
_RENEW = update(Claim).where(*_IS_OWN).values(lapses_at=bindparam("until"))


def _claim(insert: Callable[..., Any]) -> Any:
    """Return what takes a request on that is free, one's own, or of whom it is taken over from."""
    adding = insert(Claim)
    newer = {each: adding.excluded[each] for each in ("user_id", "claimed_at", "lapses_at")}
    moment: Any = bindparam("moment", type_=UtcDateTime())
    is_free = or_(
        Claim.user_id == adding.excluded.user_id,
        Claim.user_id == bindparam("of_holder"),
        Claim.lapses_at <= moment,
    )
    upsert = adding.on_conflict_do_update(index_elements=["request_id"], set_=newer, where=is_free)
    return upsert.returning(Claim.request_id)


_CLAIM = {"postgresql": _claim(postgresql.insert), "sqlite": _claim(sqlite.insert)}


def claim(
    workspace: Workspace,
    request_id: UUID,
    *,
    by: User,
    minutes: int,
    instead_of: UUID | None = None,
) -> InputRequest:
    """Take a request on for so many minutes; of `instead_of`, who has it, it is taken over.

    Raises: NotFound; Conflict, saying who has it; AlreadyResolved and Conflict when it does not
    wait any more; RequesterForbidden.
    """
    keep_member(workspace.id, by.id)  # whoever removes the holder has members before claims
    locked = lock_asker(workspace.id, request_id)
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, request_id, populate_existing=True)
    check_pending(request)
    check_is_not_forbidden(request, by)  # they would only keep others from it
    before = claims_of_ids([request_id]).get(request_id)
    is_own = before is not None and before.user_id == by.id
    moment = clock.now()
    statement = _CLAIM[db.session.get_bind().dialect.name]
    values = {
        "request_id": request_id,
        "workspace_id": workspace.id,
        "user_id": by.id,
        "claimed_at": before.claimed_at if before is not None and is_own else moment,
        "lapses_at": moment + timedelta(minutes=minutes),
        "of_holder": instead_of or by.id,
        "moment": moment,
    }
    if db.session.connection().execute(statement, values).first() is None:
        raise refusal_of(request_id)
    details: JSONObject = {}
    if before is not None and not is_own:
        details = {"taken_over_from": str(before.user_id)}
        note(locked, f"{by.email} took “{request.title}” over from {before.user.email}.")
    if not is_own:
        record_of(request, AuditAction.REQUEST_CLAIMED, details or None, by=by)
    changed_after_commit(workspace.id)
    return request


def release(workspace: Workspace, request_id: UUID, *, by: User) -> InputRequest:
    """Let a request go that one has; there is nothing to do where nobody has it.

    Raises: NotFound; Conflict where somebody else has it.
    """
    request = find_input_request(workspace, request_id)
    if not let_go(request, by) and request_id in claims_of_ids([request_id]):
        holder = claims_of_ids([request_id])[request_id].user.email
        raise Conflict(f"{holder} has this, so only they can let it go. You can take it over.")
    return request


def let_go(request: InputRequest, by: User) -> bool:
    """Let a request go if somebody has it; return False if they have not."""
    if not run_prepared(_RELEASE, {"of_request": request.id, "of_user": by.id}).rowcount:
        return False
    record_of(request, AuditAction.REQUEST_RELEASED, by=by)
    changed_after_commit(request.workspace_id)
    return True


def let_go_of(request_ids: Collection[UUID], user: User, *, by: User | None) -> None:
    """Take requests off somebody who has them and may do nothing any more."""
    for request_id in request_ids:
        if run_prepared(_RELEASE, {"of_request": request_id, "of_user": user.id}).rowcount:
            request = db.session.get_one(InputRequest, request_id)
            record_of(request, AuditAction.REQUEST_RELEASED, {"of": user.email}, by=by)
            changed_after_commit(request.workspace_id)


def claim_or_release(
    workspace: Workspace, request_id: UUID, *, by: User, minutes: int
) -> InputRequest:
    """Let a request go that one has, else take it on. Raises: as claim()."""
    held = claims_of_ids([request_id]).get(request_id)
    if held is not None and held.user_id == by.id:
        return release(workspace, request_id, by=by)
    return claim(workspace, request_id, by=by, minutes=minutes)


def renew(request_id: UUID, user_id: UUID, minutes: int) -> None:
    """Put off when somebody's claim lapses, because they are at it."""
    until = clock.now() + timedelta(minutes=minutes)
    run_prepared(_RENEW, {"of_request": request_id, "of_user": user_id, "until": until})


def is_any_lapsed() -> bool:
    """Return True if a claim has lapsed of which open pages were not told. Writes nothing."""
    return db.session.scalars(_lapsed().limit(1)).first() is not None


def forget_lapsed() -> int:
    """Delete a slice of the claims that have lapsed, and have open pages look; return how many."""
    # what somebody claims anew in this moment stays theirs, and is not waited for
    some = _lapsed().limit(SLICE).with_for_update(skip_locked=True)
    forgotten = delete(Claim).where(Claim.request_id.in_(some)).returning(Claim.workspace_id)
    workspace_ids = db.session.connection().execute(forgotten).scalars().all()
    for workspace_id in set(workspace_ids):
        changed_after_commit(workspace_id)
    return len(workspace_ids)


def _lapsed() -> Select[UUID]:
    return select(Claim.request_id).where(Claim.lapses_at <= clock.now())
