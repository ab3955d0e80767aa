"""Writing down what happens: an entry of the audit, in the transaction of what it tells of.

An entry holds no secret, and nothing of what is asked and answered but digests.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from opensink_web import clock
from opensink_web.json_value import JSONObject
from opensink_web.models import AuditAction, AuditEntry, SubjectKind, User
from opensink_web.models.base import new_id
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.audit.actor import Actor, acting

SALT_BYTES = 16
_ADD = insert(AuditEntry)


def record(
    action: AuditAction,
    workspace_id: UUID,
    subject: SubjectKind,
    subject_id: UUID,
    details: JSONObject | None = None,
    *,
    by: User | None = None,
) -> None:
    """Write an entry in the transaction that is open; who acts and from where is known already.

    `details` say what changed, in texts, whole numbers, yes and no; never a secret. `by` is whose
    account acts, where there may be no request to ask.
    """
    actor = acting(by)
    entry_id = new_id()
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
    for name, said in (("origin", _origin_of(actor)), ("details", details)):
        salted = [secrets.token_hex(SALT_BYTES), said] if said else None
        values[name] = salted and getattr(AuditEntry, name).seal(entry_id, salted)
        values[f"{name}_digest"] = salted and digest_of(salted)
    run_prepared(_ADD, values)


def digest_of(value: object) -> str:
    """Return the SHA-256 of JSON in its canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def canonical(value: object) -> bytes:
    """Write JSON as RFC 8785 has it, which for texts, whole numbers, lists and objects with names
    in ASCII is this; the audit has nothing else in it.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _origin_of(actor: Actor) -> Mapping[str, str]:
    said = {
        "email": actor.email,
        "key": actor.key_name,
        "address": actor.address,
        "user_agent": actor.user_agent,
    }
    return {name: text for name, text in said.items() if text}
