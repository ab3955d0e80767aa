"""Answering a repeated POST with what was answered the first time.

The record is inserted at the start of the request's own transaction. Of two at once the second
waits at the unique key until the first has committed, and then reads the first one's answer. A
request that fails leaves no record, as it leaves nothing else.
"""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Self

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from opensink_web import clock
from opensink_web.errors import Conflict, InvalidInput
from opensink_web.models import Execution, IdempotencyRecord, db
from opensink_web.models.transaction import rows_changed
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.slices import SLICE

KEY = "^[!-~]([ -~]{0,253}[!-~])?$"
LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What was answered the first time."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Once:
    """A key, and the hash of the request that is made with it."""

    key: str
    request_hash: str

    @classmethod
    def of(cls, key: str, request: bytes) -> Self:
        """Read a key; `request` is whatever makes two requests the same one.

        Raises: InvalidInput for a key that is none.
        """
        if not re.fullmatch(KEY, key):
            raise InvalidInput("An Idempotency-Key has 1 to 255 printable ASCII characters.")
        return cls(key, sha256(request).hexdigest())


def begin(principal: Principal, once: Once) -> IdempotencyRecord | StoredAnswer:
    """Open a record to be completed, or return the answer that is stored under this key.

    Raises: Conflict for a key used with another request.
    """
    once = replace(once, key=_kept_key(principal, once.key))
    moment = clock.now()
    _forget(principal, once.key)
    record = IdempotencyRecord(
        workspace_id=principal.workspace.id,
        user_id=principal.user.id,
        key=once.key,
        request_hash=once.request_hash,
        expires_at=moment + LIFETIME,
    )
    try:
        with db.session.begin_nested():
            db.session.add(record)
    except IntegrityError:
        return _stored(principal, once)
    return record


def complete(record: IdempotencyRecord, answer: StoredAnswer) -> None:
    """Store the answer beside its effect."""
    record.response_status = answer.status
    record.response_body = answer.body


def abandon(record: IdempotencyRecord) -> None:
    """Leave no record of a request that is refused, in a transaction that commits."""
    db.session.delete(record)


def forget_expired() -> int:
    """Delete a slice of the records whose time is over; return how many."""
    expired = select(IdempotencyRecord.id).where(IdempotencyRecord.expires_at <= clock.now())
    some = delete(IdempotencyRecord).where(IdempotencyRecord.id.in_(expired.limit(SLICE)))
    return rows_changed(some)


def _kept_key(principal: Principal, key: str) -> str:
    """Return what a key is kept under: what a function's executions use is apart from all else.

    Otherwise one that was taken over could hear what somebody else was answered, or use their keys
    up. A function that is executed again for the same user does find what it has done before.
    """
    if principal.key is None and principal.execution_id is None:
        # a person is shown less than a key of theirs is
        return "\t" + sha256(f"person {key}".encode()).hexdigest()
    if principal.execution_id is None:
        return key
    lane_id = db.session.scalar(
        select(Execution.lane_id).where(Execution.id == principal.execution_id)
    )
    return "\t" + sha256(f"{lane_id} {key}".encode()).hexdigest()  # no key that is sent has a tab


def _forget(principal: Principal, key: str) -> None:
    db.session.execute(
        delete(IdempotencyRecord).where(
            IdempotencyRecord.workspace_id == principal.workspace.id,
            IdempotencyRecord.user_id == principal.user.id,
            IdempotencyRecord.key == key,
            IdempotencyRecord.expires_at <= clock.now(),
        )
    )


def _stored(principal: Principal, once: Once) -> StoredAnswer:
    query = select(IdempotencyRecord).where(
        IdempotencyRecord.workspace_id == principal.workspace.id,
        IdempotencyRecord.user_id == principal.user.id,
        IdempotencyRecord.key == once.key,
    )
    record = db.session.scalars(query).one_or_none()
    if record is None or record.request_hash != once.request_hash:
        raise Conflict("This Idempotency-Key was already used with another request.")
    if record.response_status is None or record.response_body is None:
        raise Conflict("The first request with this Idempotency-Key is still being processed.")
    return StoredAnswer(record.response_status, record.response_body)
