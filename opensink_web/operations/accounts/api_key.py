"""API keys: making and revoking them, and telling who a key speaks for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, exists, select, update

from opensink_web import clock
from opensink_web.errors import FieldError, InvalidInput, NotAuthenticated
from opensink_web.json_value import JSONObject
from opensink_web.models import ApiKey, AuditAction, Membership, SubjectKind, User, Workspace, db
from opensink_web.operations.accounts.caller import CallerQuery
from opensink_web.operations.accounts.credential import hash_token, new_token
from opensink_web.operations.accounts.membership import IS_ACTIVE
from opensink_web.operations.accounts.permission import Principal, check_scopes
from opensink_web.operations.accounts.queries import find_key
from opensink_web.operations.audit.record import record
from opensink_web.operations.name import checked_name
from opensink_web.operations.slices import slices

KEY_PREFIX = "osk_"
SHOWN_LENGTH = len(KEY_PREFIX) + 6


def create_key(
    workspace: Workspace,
    user: User,
    *,
    name: str,
    scopes: tuple[str, ...],
    expires_at: datetime | None = None,
    parent: ApiKey | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and return its row and the key itself, which cannot be had again.

    `parent` is the key with which a program asks for this one. It is not outlived: where it
    expires this one does, at the latest, and revoking it revokes this one too.
    Raises: InvalidInput for an unknown scope, a bad name, an expiry that has passed or is later
    than the parent's; NotAuthenticated for a parent that was revoked meanwhile.
    """
    name = checked_name(name)
    if expires_at is not None and expires_at <= clock.now():
        message = "The expiry must be in the future."
        raise InvalidInput(message, errors=(FieldError("/expires_at", message),))
    if parent is not None:
        expires_at = _expiry_within(parent, expires_at)
    secret = new_token(KEY_PREFIX)
    key = ApiKey(
        workspace_id=workspace.id,
        user_id=user.id,
        parent_id=parent.id if parent else None,
        name=name,
        prefix=secret[:SHOWN_LENGTH],
        key_hash=hash_token(secret),
        scopes=list(check_scopes(scopes)),
        expires_at=expires_at,
    )
    db.session.add(key)
    db.session.flush()
    details: JSONObject = {
        "key": key.name,
        "prefix": key.prefix,
        "scopes": [*key.scopes],
        "expires_at": expires_at.isoformat() if expires_at else None,
    }
    owner = (AuditAction.KEY_CREATED, workspace.id, SubjectKind.API_KEY, key.id)
    record(*owner, details, by=user)
    return key, secret


def revoke_key(workspace: Workspace, key_id: UUID) -> ApiKey:
    """Make a key useless from now on, and those made with it. Raises: NotFound."""
    key = find_key(workspace, key_id)
    what = (AuditAction.KEY_REVOKED, workspace.id, SubjectKind.API_KEY, key.id)
    record(*what, {"key": key.name, "prefix": key.prefix})
    generation = [key.id]
    while generation:
        _revoke(generation)
        generation = [child for some in slices(generation) for child in _children_of(some)]
    return key


def revoke_keys_of(workspace: Workspace, user: User) -> None:
    """Make all keys useless that somebody has for a workspace."""
    theirs = select(ApiKey.id).where(
        ApiKey.workspace_id == workspace.id, ApiKey.user_id == user.id, ApiKey.revoked_at.is_(None)
    )
    _revoke(db.session.scalars(theirs).all())


def _revoke(key_ids: Sequence[UUID]) -> None:
    """Revoke keys, locked in the order in which they were made: none is older than its parent."""
    for some in slices(sorted(key_ids)):
        is_open = ApiKey.id.in_(some), ApiKey.revoked_at.is_(None)
        locked = select(ApiKey.id).where(*is_open).order_by(ApiKey.id).with_for_update()
        db.session.scalars(locked).all()
        db.session.execute(update(ApiKey).where(*is_open).values(revoked_at=clock.now()))


def _children_of(key_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Return the keys made with these, which are revoked by now: no more are made with them."""
    query = select(ApiKey.id).where(ApiKey.parent_id.in_(key_ids), ApiKey.revoked_at.is_(None))
    return db.session.scalars(query).all()


def _expiry_within(parent: ApiKey, expires_at: datetime | None) -> datetime | None:
    """Return when a key made with `parent` expires; the parent stays unrevoked until the commit."""
    query = select(ApiKey.id).where(ApiKey.id == parent.id, ApiKey.revoked_at.is_(None))
    if db.session.scalars(query.with_for_update(read=True)).one_or_none() is None:
        raise NotAuthenticated("This API key was revoked.")
    if parent.expires_at is None:
        return expires_at
    if expires_at is not None and expires_at > parent.expires_at:
        message = "A key cannot expire later than the key it is made with."
        raise InvalidInput(message, errors=(FieldError("/expires_at", message),))
    return expires_at or parent.expires_at


def principal_of_key(secret: str) -> Principal | None:
    """Return who a key speaks for; None when it opens nothing (any more)."""
    caller = _OWNER.find({"key_hash": hash_token(secret)})
    if caller is None:
        return None
    key, user, workspace, role = caller.rows
    if not key.is_usable(clock.now()):
        return None
    return Principal(workspace, user, role, caller.own_role_names, caller.own_patterns, key=key)


def key_exists(secret: str) -> bool:
    """Return True if this key was ever made, also one that opens nothing any more."""
    was_made = select(exists().where(ApiKey.key_hash == hash_token(secret)))
    return bool(db.session.scalar(was_made))


_OWNER = CallerQuery(
    select(ApiKey)
    .join(
        Membership,
        (Membership.user_id == ApiKey.user_id) & (Membership.workspace_id == ApiKey.workspace_id),
    )
    .join(User, User.id == ApiKey.user_id)
    .join(Workspace, Workspace.id == ApiKey.workspace_id)
    .where(ApiKey.key_hash == bindparam("key_hash"), ApiKey.revoked_at.is_(None), *IS_ACTIVE),
    *(ApiKey, User, Workspace, Membership.role),
)


def note_uses(used: Mapping[UUID, datetime]) -> None:
    """Write down when keys were used last."""
    if used:
        moments = [{"of_key": each, "moment": used[each]} for each in sorted(used)]
        db.session.connection().execute(_NOTE_USE, moments)


_NOTE_USE = (
    update(ApiKey).where(ApiKey.id == bindparam("of_key")).values(last_used_at=bindparam("moment"))
)
