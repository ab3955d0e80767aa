"""Answering a repeated POST with what was answered the first time.

The record is inserted at the start of the request's own transaction. Of two at once the second
waits at the unique key until the first has committed, and then reads the first one's answer. A
request that fails leaves no record, as it leaves nothing else.

One that takes several transactions holds its key meanwhile: the record is committed with the first,
without an answer and for a short time, which each renews (HeldKey).
"""

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Self
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.exc import IntegrityError

from opensink_web import clock
from opensink_web.errors import Conflict, InvalidInput, OpenSinkError, StillProcessed
from opensink_web.models import Execution, IdempotencyRecord, db
from opensink_web.models.transaction import rows_changed, writing
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.slices import SLICE

KEY = "^[!-~]([ -~]{0,253}[!-~])?$"
LIFETIME = timedelta(hours=24)
HELD = timedelta(seconds=30)
"""How long a key is held without being renewed."""


@dataclass(frozen=True, slots=True)
class StoredResponse:
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


def begin(
    principal: Principal, once: Once, lifetime: timedelta = LIFETIME
) -> IdempotencyRecord | StoredResponse:
    """Open a record to be completed, or return the answer that is stored under this key.

    Raises: Conflict for a key used with another request; StillProcessed.
    """
    once = replace(once, key=_kept_key(principal, once.key))
    moment = clock.now()
    _forget(principal, once.key)  # one whose time is over would still be in the way
    record = IdempotencyRecord(
        workspace_id=principal.workspace.id,
        user_id=principal.user.id,
        key=once.key,
        request_hash=once.request_hash,
        expires_at=moment + lifetime,
    )
    try:
        # a savepoint, because PostgreSQL lets a transaction do nothing more after an error
        with db.session.begin_nested():
            db.session.add(record)
    except IntegrityError:
        return _stored(principal, once)
    return record


def complete(record: IdempotencyRecord, answer: StoredResponse) -> None:
    """Store the answer beside its effect."""
    record.response_status = answer.status
    record.response_body = answer.body
    record.expires_at = clock.now() + LIFETIME


def abandon(record: IdempotencyRecord) -> None:
    """Leave no record of a request that is refused, in a transaction that commits."""
    db.session.delete(record)


class AnsweredBefore(Exception):
    """The same has been done under this key: `answer` is what was answered."""

    def __init__(self, answer: StoredResponse) -> None:
        super().__init__()
        self.answer = answer


class HeldKey:
    """The key of a request that takes several transactions; without `once` it has none.

    Each method but `let_go` is called within one of them.
    """

    def __init__(self, once: Once | None) -> None:
        self._once = once
        self._record_id: UUID | None = None

    @property
    def is_held(self) -> bool:
        return self._record_id is not None

    def take(self, principal: Principal) -> None:
        """Keep others from doing the same. Raises: AnsweredBefore; StillProcessed; Conflict."""
        if self._once is None:
            return
        record = begin(principal, self._once, HELD)
        if isinstance(record, StoredResponse):
            raise AnsweredBefore(record)
        self._record_id = record.id

    def renew(self) -> None:
        """Hold it for longer. Raises: Conflict when somebody else has taken it."""
        if self._record_id is not None:
            self.record().expires_at = clock.now() + HELD

    def record(self) -> IdempotencyRecord:
        """Return the record, to be completed. Raises: Conflict when somebody else has the key."""
        query = select(IdempotencyRecord).where(IdempotencyRecord.id == self._record_id)
        locked = query.with_for_update().execution_options(populate_existing=True)
        record = db.session.scalars(locked).one_or_none()
        if record is None:
            raise Conflict("This took so long that another request took its Idempotency-Key over.")
        return record

    def let_go(self) -> None:
        """Let others have the key again, unless what it was held for has been answered."""
        if self._record_id is None:
            return
        with suppress(OpenSinkError), writing():
            rows_changed(
                delete(IdempotencyRecord).where(
                    IdempotencyRecord.id == self._record_id,
                    IdempotencyRecord.response_status.is_(None),
                )
            )


def is_any_expired() -> bool:
    """Return True if a record's time is over. Writes nothing."""
    return db.session.scalars(_expired().limit(1)).first() is not None


def forget_expired() -> int:
    """Delete a slice of the records whose time is over; return how many."""
    some = IdempotencyRecord.id.in_(_expired().limit(SLICE))
    return rows_changed(delete(IdempotencyRecord).where(some))


def _expired() -> Select[UUID]:
    return select(IdempotencyRecord.id).where(IdempotencyRecord.expires_at <= clock.now())


def _kept_key(principal: Principal, key: str) -> str:
    """Return what a key is kept under: what a function's executions use is apart from all else.

    Otherwise one that was taken over could hear what somebody else was answered, or use their keys
    up. A function that is executed again for the same user does find what it has done before.
    """
    if principal.sink_id is not None:
        return "\t" + sha256(f"sink {principal.sink_id} {key}".encode()).hexdigest()
    if principal.key is None and principal.execution_id is None:
        # a person is shown less than a key of theirs is
        return "\t" + sha256(f"person {key}".encode()).hexdigest()
    if principal.execution_id is None:
        return key
    group_id = db.session.scalar(
        select(Execution.group_id).where(Execution.id == principal.execution_id)
    )
    return "\t" + sha256(f"{group_id} {key}".encode()).hexdigest()  # no key that is sent has a tab


def _forget(principal: Principal, key: str) -> None:
    db.session.execute(
        delete(IdempotencyRecord).where(
            IdempotencyRecord.workspace_id == principal.workspace.id,
            IdempotencyRecord.user_id == principal.user.id,
            IdempotencyRecord.key == key,
            IdempotencyRecord.expires_at <= clock.now(),
        )
    )


def _stored(principal: Principal, once: Once) -> StoredResponse:
    query = select(IdempotencyRecord).where(
        IdempotencyRecord.workspace_id == principal.workspace.id,
        IdempotencyRecord.user_id == principal.user.id,
        IdempotencyRecord.key == once.key,
    )
    record = db.session.scalars(query).one_or_none()
    if record is None or record.request_hash != once.request_hash:
        raise Conflict("This Idempotency-Key was already used with another request.")
    if record.response_status is None or record.response_body is None:
        raise StillProcessed(
            "The first request with this Idempotency-Key is still being processed. Please try "
            "again later."
        )
    return StoredResponse(record.response_status, record.response_body)
