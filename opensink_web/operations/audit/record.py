"""Writing down what happens: an entry of the audit, in the transaction of what it tells of.

What concerns accounts and what admins set up is a line of the log as well, after the commit, by the
logger `opensink.audit`: a word for what happened and `name="value"` pairs, the values written as
JSON strings, so that nobody can forge a second line.

Neither holds a secret, nor what was typed; of what is asked and answered there are digests.
"""

import hashlib
import json
import logging
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from opensink_web import clock
from opensink_web.json_value import JSONObject
from opensink_web.models import ActorKind, AuditAction, AuditEntry, SubjectKind, User
from opensink_web.models.base import new_id
from opensink_web.models.sealed import Sealed
from opensink_web.models.transaction import run_prepared, tell_after_commit
from opensink_web.operations.audit.actor import Actor, acting

SALT_BYTES = 16
_ADD = insert(AuditEntry)
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_EVERYDAY = frozenset(
    {SubjectKind.REQUEST, SubjectKind.BATCH, SubjectKind.EXECUTION, SubjectKind.DELIVERY}
)
"""What happens to these is in no log: there is too much of it."""
_log = logging.getLogger("opensink.audit")


def record(
    action: AuditAction,
    workspace_id: UUID,
    subject: SubjectKind,
    subject_id: UUID,
    details: JSONObject | None = None,
    *,
    by: User | None = None,
    entry_id: UUID | None = None,
) -> None:
    """Write an entry in the transaction that is open; who acts and from where is known already.

    `details` say what changed, in texts, whole numbers, yes and no; never a secret. `by` is whose
    account acts, where there may be no request to ask.
    """
    actor = acting(by)
    _add(action, actor, workspace_id, subject, subject_id, details, entry_id)
    if subject not in _EVERYDAY:
        _tell(action, actor, subject, subject_id, {"workspace": workspace_id, **(details or {})})


def record_of_account(
    action: AuditAction,
    user: User,
    details: JSONObject | None = None,
    *,
    by: User | None = None,
    is_proven: bool = True,
) -> None:
    """Write what happened to somebody's account into the audit of each workspace they are in.

    Unless `by` says or a request shows who acts, it is they themselves; it is not where nothing
    has proven that.
    """
    actor = acting(by or user) if is_proven else acting()
    for membership in user.memberships:
        _add(action, actor, membership.workspace_id, SubjectKind.PERSON, user.id, details)
    _tell(action, actor, SubjectKind.PERSON, user.id, details or {})


def changes_between(before: JSONObject, after: JSONObject) -> JSONObject:
    """Return what changed, field by field: what it was, and what it is."""
    return {
        name: [before.get(name), after.get(name)]
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }


def texts_of(said: JSONObject) -> JSONObject:
    """Return the same with whatever is no text written as JSON: the audit has no fractions."""
    return {
        name: value if isinstance(value, str | None) else json.dumps(value, sort_keys=True)
        for name, value in said.items()
    }


def note_stranger(action: AuditAction) -> None:
    """Log what somebody did who has no account, so that no workspace has it in its audit."""
    actor = acting()
    _log.info('%s person="unknown" address=%s', action.value, json.dumps(str(actor.address)))


def _tell(
    action: AuditAction,
    actor: Actor,
    subject: SubjectKind,
    subject_id: UUID,
    details: Mapping[str, object],
) -> None:
    """Log it, once it is stored; at the command line there is no log that anybody keeps."""
    if actor.kind is ActorKind.OPERATOR:
        return
    facts = {subject.value: subject_id, "by": actor.user_id or actor.kind, **details}
    facts["address"] = actor.address
    pairs = (
        f"{name}={json.dumps(fact if isinstance(fact, list | dict) else str(fact))}"
        for name, fact in facts.items()
        if fact is not None
    )
    line = " ".join((action.value, *pairs))
    tell_after_commit(lambda: _log.info("%s", line))


def _add(
    action: AuditAction,
    actor: Actor,
    workspace_id: UUID,
    subject: SubjectKind,
    subject_id: UUID,
    details: JSONObject | None,
    entry_id: UUID | None = None,
) -> None:
    entry_id = entry_id or new_id()
    values: dict[str, Any] = {
        "id": entry_id,
        "workspace_id": workspace_id,
        "at": clock.now(),
        "action": action,
        "actor": actor.kind,
        "user_id": actor.user_id,
        "via_id": actor.via_id,
        "subject": subject,
        "subject_id": subject_id,
    }
    origin = _origin_of(actor)
    values["origin"], values["origin_digest"] = _sealed(AuditEntry.origin, entry_id, origin)
    values["details"], values["details_digest"] = _sealed(AuditEntry.details, entry_id, details)
    run_prepared(_ADD, values)


def _sealed(
    part: Sealed[Any], entry_id: UUID, said: Mapping[str, Any] | None
) -> tuple[str | None, str | None]:
    """Return what is stored of a part, salted, and its digest."""
    if not said:
        return None, None
    salted = [secrets.token_hex(SALT_BYTES), said]
    written = canonical(salted)
    # what is hashed is written once, and is what is sealed too, unless it would read otherwise
    sealed = (
        part.seal_text(entry_id, written.decode())
        if written.isascii()
        else part.seal(entry_id, salted)
    )
    return sealed, hashlib.sha256(written).hexdigest()


def digest_of(value: object) -> str:
    """Return the SHA-256 of JSON in its canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def canonical(value: object) -> bytes:
    """Write JSON as RFC 8785 has it, which for texts, whole numbers, lists and objects with names
    in ASCII is this; the audit has nothing else in it.
    """
    return _CANONICAL.encode(value).encode("utf-8", "surrogatepass")


def _origin_of(actor: Actor) -> Mapping[str, str]:
    said = {
        "email": actor.email,
        "key": actor.key_name,
        "address": actor.address,
        "user_agent": actor.user_agent,
    }
    return {name: text for name, text in said.items() if text}
