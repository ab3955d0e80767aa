"""Writing a batch down, however large it is, all of it or nothing, while others go on writing.

A small one is written in the transaction that accepts it. A large one would keep all other writers
of a SQLite database waiting for a minute, so it is staged before: its row first, and its executions
with all that belongs to them in slices, each in a transaction of its own. Nobody finds any of that
(models/hidden.py) and no worker takes it, for it is never due. The transaction that accepts the
batch then changes one row, and it is there. From there on its executions become due in slices, the
rest of them by the sweeper.

Whoever stages holds the batch for a time, by the moment in its row, and renews that with each
slice. What a process that died has left, or one that was refused, is deleted by the sweeper after
that moment; it takes the row first, so one that was only slow cannot accept what is being deleted.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, delete, insert, select, update

from opensink_web import clock
from opensink_web.errors import OpenSinkError, Unavailable
from opensink_web.models import (
    AuditAction,
    Batch,
    Chat,
    Deadline,
    DeadlineKind,
    Execution,
    ExecutionStatus,
    InputRequest,
    SubjectKind,
    db,
)
from opensink_web.models.base import Base
from opensink_web.models.bulk_insert import Insertion
from opensink_web.models.execution import NOT_DUE_YET
from opensink_web.models.transaction import (
    Area,
    changed_after_commit,
    notify_after_commit,
    rows_changed,
    run_prepared,
    writing,
)
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.audit.record import record
from opensink_web.operations.executions.draft import Draft, Rows, batch_row, rows_of
from opensink_web.operations.executions.queueing import queue
from opensink_web.operations.executions.submission import common_values
from opensink_web.operations.idempotency import HeldKey
from opensink_web.operations.slices import SLICE

HELD = timedelta(seconds=30)
"""How long a batch that is being staged is held without being renewed."""
ROWS_AT_ONCE = 1000
"""Of a batch of no more, all is written in one transaction."""
CHARACTERS_AT_ONCE = 2 * 1024**2
"""As JSON, in one transaction; one execution may have more."""
_FIRST_SLICE = 200
_SMALLEST_SLICE = 100
_SLICE_SECONDS = 0.07
"""What a slice should take, on this machine as busy as it is now."""

_LOST = "The batch took too long to be stored and was given up. Nothing of it is kept; try again."

# of the classes only those are found that are not being staged
_BATCHES, _EXECUTIONS, _CHATS, _REQUESTS = (
    cast("Table", each.__table__) for each in (Batch, Execution, Chat, InputRequest)
)

# Built once, because building a statement costs more than running it.
_ADD_BATCH = insert(Batch)
_HOLD = (
    update(Batch)
    .where(Batch.id == bindparam("of_batch"), Batch.staged_until == bindparam("held_until"))
    .values(staged_until=bindparam("until"))
)
_GIVE_UP = (
    update(Batch)
    .where(Batch.id == bindparam("of_batch"), Batch.staged_until.is_not(None))
    .values(staged_until=bindparam("until"))
)
_ACCEPT = update(Batch).where(
    Batch.id == bindparam("of_batch"), Batch.staged_until == bindparam("held_until")
)
# standing approvals that may answer what a staged batch asks
_HOLD_AGAINST = (
    update(Deadline)
    .where(
        Deadline.workspace_id == bindparam("of_workspace"),
        Deadline.kind == DeadlineKind.STANDING,
        Deadline.next_at == NOT_DUE_YET,
        Deadline.request_id.in_(
            select(_REQUESTS.c.id).where(_REQUESTS.c.batch_id == bindparam("of_batch"))
        ),
    )
    .values(next_at=bindparam("due"))
)
_GIVEN_UP = (
    select(Batch.id)
    .where(Batch.staged_until.is_not(None), Batch.staged_until <= bindparam("moment"))
    .order_by(Batch.id)
    .limit(1)
)
_CHILDREN = (
    select(Execution.id, Execution.chat_id)
    .where(Execution.batch_id == bindparam("of_batch"))
    .limit(bindparam("most"))
)


@contextmanager
def stage(draft: Draft, authenticate: Callable[[], Principal], key: HeldKey) -> Iterator[Draft]:
    """Write a large batch, so that the block's transaction has but to accept it; encrypt a small.

    No transaction may be open. `authenticate` is called within one. Whatever the block raises,
    nothing of the batch is left. Raises: Unavailable; NotFound; as `authenticate` and `key`.
    """
    if _is_small(draft):
        yield replace(draft, prepared=rows_of(draft, range(len(draft.inputs))))
        return
    with writing():
        principal = authenticate()
        key.take(principal)
        common = common_values(principal, draft.target, draft.options, draft.batch_id)
        held_until = clock.now() + HELD
        run_prepared(_ADD_BATCH, batch_row(principal, draft, staged_until=held_until))
    if draft.target.first_status is ExecutionStatus.QUEUED:
        common["next_at"] = NOT_DUE_YET
    try:
        pace = _Pace()
        for indexes in _slices(draft, pace):
            insertions = _insertions(rows_of(draft, indexes), common, NOT_DUE_YET)
            with writing():
                key.renew()
                held_until = _hold(draft.batch_id, held_until)
                begun = time.monotonic()  # whatever had to be waited for is over
                _insert(insertions)
            pace.keep(time.monotonic() - begun)
        yield replace(draft, held_until=held_until)
    except BaseException:
        # without a database it is given up when its time is over
        with suppress(OpenSinkError), writing():
            run_prepared(_GIVE_UP, {"of_batch": draft.batch_id, "until": clock.now()})
        raise


def accept(principal: Principal, draft: Draft) -> None:
    """Make the batch be there, staged or not; its executions are due from now on.

    Raises: Unavailable for one that was given up meanwhile; Conflict; InvalidInput.
    """
    common = common_values(principal, draft.target, draft.options, draft.batch_id)
    due_at = common["next_at"]
    if draft.held_until is None:
        run_prepared(_ADD_BATCH, batch_row(principal, draft, due_at=due_at))
        rows = draft.prepared or rows_of(draft, range(len(draft.inputs)))
        _insert(_insertions(rows, common, clock.now()))
    else:
        held = {"of_batch": draft.batch_id, "held_until": draft.held_until}
        values = {"staged_until": None, "due_at": due_at}
        if run_prepared(_ACCEPT, held | values).rowcount != 1:
            raise Unavailable(_LOST)
        if draft.target.first_status is ExecutionStatus.QUEUED:
            queue(draft.batch_id, 0, len(draft.inputs), due_at)
        if draft.standing:
            meant = {"of_batch": draft.batch_id, "of_workspace": principal.workspace.id}
            run_prepared(_HOLD_AGAINST, {**meant, "due": clock.now()})
    record(
        AuditAction.BATCH_SUBMITTED,
        principal.workspace.id,
        SubjectKind.BATCH,
        draft.batch_id,
        {"count": len(draft.inputs), "requires_approval": draft.target.requires_approval},
        by=principal.user,
    )
    if draft.options.delay_seconds == 0 and not draft.target.requires_approval:
        notify_after_commit(Execution, draft.target.id)
    if draft.standing:
        notify_after_commit(Deadline, principal.workspace.id)
    changed_after_commit(principal.workspace.id, Area.EXECUTIONS)
    if draft.target.requires_approval:
        changed_after_commit(principal.workspace.id)


def is_any_given_up() -> bool:
    """Return True if something is left of a batch that was never accepted. Writes nothing."""
    return run_prepared(_GIVEN_UP, {"moment": clock.now()}).first() is not None


def delete_some_given_up() -> int:
    """Delete a slice of such a batch, or the rest of it; return how many rows, 0 for none."""
    moment = clock.now()
    batch_id = run_prepared(_GIVEN_UP, {"moment": moment}).scalar()
    # first, so that whoever staged it and was only slow cannot accept it any more
    if (
        batch_id is None
        or not run_prepared(_GIVE_UP, {"of_batch": batch_id, "until": moment}).rowcount
    ):
        return 0
    some = run_prepared(_CHILDREN, {"of_batch": batch_id, "most": SLICE}).all()
    if not some:
        return rows_changed(delete(_BATCHES).where(_BATCHES.c.id == batch_id))
    ids = [row.id for row in some]
    rows_changed(delete(_REQUESTS).where(_REQUESTS.c.execution_id.in_(ids)))
    rows_changed(delete(_EXECUTIONS).where(_EXECUTIONS.c.id.in_(ids)))
    rows_changed(delete(_CHATS).where(_CHATS.c.id.in_([row.chat_id for row in some])))
    return len(ids)


def _is_small(draft: Draft) -> bool:
    """Return True if it can be written in the transaction that accepts it."""
    if len(draft.inputs) > ROWS_AT_ONCE:
        return False
    return sum(map(draft.length_of, range(len(draft.inputs)))) <= CHARACTERS_AT_ONCE


def _hold(batch_id: UUID, held_until: datetime) -> datetime:
    """Go on holding a batch that is staged. Raises: Unavailable when it was given up."""
    until = clock.now() + HELD
    values = {"of_batch": batch_id, "held_until": held_until, "until": until}
    if run_prepared(_HOLD, values).rowcount != 1:
        raise Unavailable(_LOST)
    return until


class _Pace:
    """How many executions a slice has: as many as are written in about _SLICE_SECONDS."""

    def __init__(self) -> None:
        self.most = _FIRST_SLICE

    def keep(self, seconds: float) -> None:
        """Learn from how long a slice took, and give whoever waited as much time to write; on
        PostgreSQL nobody has waited.
        """
        if seconds > _SLICE_SECONDS * 1.5:
            self.most = max(self.most // 2, _SMALLEST_SLICE)
        elif seconds < _SLICE_SECONDS / 2:
            self.most = min(self.most * 2, ROWS_AT_ONCE)
        if db.engine.dialect.name == "sqlite":
            time.sleep(seconds)


def _slices(draft: Draft, pace: _Pace) -> Iterator[range]:
    """Yield the numbers of executions that are written at once, in order."""
    start = end = length = 0
    while end < len(draft.inputs):
        length += draft.length_of(end)
        if end > start and (end - start >= pace.most or length > CHARACTERS_AT_ONCE):
            yield range(start, end)
            start, length = end, draft.length_of(end)
        end += 1
    yield range(start, end)


def _insertions(rows: Rows, common: dict[str, Any], held_against_at: datetime) -> list[Insertion]:
    """Make rows ready to be inserted; `common` is what those of executions have in common.

    `held_against_at` is when standing approvals are held against what is asked.
    """
    owner = {name: common[name] for name in ("workspace_id", "user_id", "created_at")}
    deadline = {
        "workspace_id": common["workspace_id"],
        "kind": DeadlineKind.STANDING,
        "next_at": held_against_at,
        "recovery_count": 0,
    }
    shared: dict[type[Base], dict[str, Any]] = {
        Execution: common,
        Chat: owner,
        Deadline: deadline,
    }
    return [Insertion(table, some, shared.get(table)) for table, some in rows.items() if some]


def _insert(insertions: Sequence[Insertion]) -> None:
    for each in insertions:
        each.run()
