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
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, delete, insert, select, update

from opensink_web import clock
from opensink_web.errors import OpenSinkError, Unavailable
from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.models import (
    Batch,
    Chat,
    ChatMessage,
    Execution,
    ExecutionKind,
    ExecutionStatus,
    ExecutionStep,
    InputRequest,
    LaneWork,
    StepKind,
    db,
)
from opensink_web.models.base import Base, new_id
from opensink_web.models.execution import NOT_DUE_YET
from opensink_web.models.sealed import sealed_values
from opensink_web.models.transaction import (
    announce_lane_after_commit,
    rows_changed,
    run_prepared,
    writing,
)
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.agents.initial_messages import Message
from opensink_web.operations.executions.chat_message import NewMessage, rows_of_messages
from opensink_web.operations.executions.ending import Step, rows_of_steps
from opensink_web.operations.executions.pause import Approval, step_of_request
from opensink_web.operations.executions.queries.chat import title_of
from opensink_web.operations.executions.submission import (
    Options,
    Target,
    common_values,
    own_values,
)
from opensink_web.operations.idempotency import HeldKey
from opensink_web.operations.requests.input_request import add_rows, rows_of_requests
from opensink_web.operations.slices import SLICE
from opensink_web.schema.secrets import secrets_of

HELD = timedelta(seconds=30)
"""How long a batch that is being staged is held without being renewed."""
ROWS_AT_ONCE = 1000
"""Of a batch of no more, executions are written and made due in one transaction."""
CHARACTERS_AT_ONCE = 2 * 1024**2
"""As JSON, in one transaction; one execution may have more."""
_FIRST_SLICE = 200
_SMALLEST_SLICE = 20
_SLICE_SECONDS = 0.05
"""What a slice should take, on this machine as busy as it is now."""

_LOST = "The batch took too long to be stored and was given up. Nothing of it is kept; try again."

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
_UNQUEUED = (
    select(
        Batch.id,
        Batch.total,
        Batch.unqueued_from,
        Batch.due_at,
        Batch.cancelled_at,
        Batch.kind,
        Batch.function_id,
        Batch.agent_id,
    )
    .where(Batch.unqueued_from.is_not(None), Batch.staged_until.is_(None))
    .order_by(Batch.id)
    .limit(1)
)
_QUEUE = update(Execution).where(
    Execution.batch_id == bindparam("of_batch"),
    Execution.batch_index >= bindparam("first"),
    Execution.batch_index < bindparam("end"),
    Execution.status == ExecutionStatus.QUEUED,
    Execution.next_at == bindparam("not_due", type_=Execution.next_at.type),
)
_NOTE_QUEUED = update(Batch).where(Batch.id == bindparam("of_batch"))

# of the classes only those are found that are not being staged
_BATCHES, _EXECUTIONS, _CHATS, _REQUESTS = (
    cast("Table", each.__table__) for each in (Batch, Execution, Chat, InputRequest)
)

Rows = dict[type[Base], list[dict[str, Any]]]
"""What is inserted, by its table, in this order."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch that is checked and can be written down; its ids are given out already.

    `checked_against` is what its inputs were held against. `approval` is what people are asked
    before each call. `beginnings` are the messages that each chat with an agent begins with.
    `held_until` is when a batch that is staged is given up; of one that is not, `prepared` is what
    stage() has encrypted already.
    """

    target: Target
    inputs: Sequence[JSONObject]
    options: Options
    checked_against: JSONValue
    callback_url: str | None = None
    approval: Approval | None = None
    beginnings: Sequence[Sequence[Message]] | None = None
    rerun_of_id: UUID | None = None
    held_until: datetime | None = None
    prepared: Rows | None = None
    batch_id: UUID = field(default_factory=new_id)
    execution_ids: list[UUID] = field(default_factory=list)
    chat_ids: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.execution_ids:
            self.execution_ids.extend(new_id() for _ in self.inputs)
            self.chat_ids.extend(new_id() for _ in self.beginnings or ())

    @property
    def is_small(self) -> bool:
        """Whether it can be written in the transaction that accepts it."""
        is_short = len(self.inputs) <= ROWS_AT_ONCE
        return is_short and sum(map(self.length_of, range(len(self.inputs)))) <= CHARACTERS_AT_ONCE

    def length_of(self, index: int) -> int:
        """Return about how many characters one execution and its chat are stored in."""
        length = len(dump(self.inputs[index]))
        if self.beginnings is not None:
            length += sum(len(said.content) for said in self.beginnings[index])
        return length


@contextmanager
def stage(draft: Draft, admit: Callable[[], Principal], key: HeldKey) -> Iterator[Draft]:
    """Write a large batch, so that the block's transaction has but to accept it; encrypt a small.

    No transaction may be open. `admit` is called within one. Whatever the block raises, nothing of
    the batch is left. Raises: Unavailable; NotFound; what `admit` and `key` raise.
    """
    if draft.is_small:
        yield replace(draft, prepared=_rows(draft, range(len(draft.inputs))))
        return
    with writing():
        principal = admit()
        key.take(principal)
        common = common_values(principal, draft.target, draft.options, draft.batch_id)
        held_until = clock.now() + HELD
        run_prepared(_ADD_BATCH, _batch_row(principal, draft, staged_until=held_until))
    if draft.target.first_status is ExecutionStatus.QUEUED:
        common["next_at"] = NOT_DUE_YET
    try:
        pace = _Pace()
        for indexes in _slices(draft, pace):
            rows = _rows(draft, indexes)
            with writing():
                key.renew()
                held_until = _hold(draft.batch_id, held_until)
                begun = time.monotonic()  # whatever had to be waited for is over
                _insert(rows, common)
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
        run_prepared(_ADD_BATCH, _batch_row(principal, draft, due_at=due_at))
        _insert(draft.prepared or _rows(draft, range(len(draft.inputs))), common)
    else:
        held = {"of_batch": draft.batch_id, "held_until": draft.held_until}
        values = {"staged_until": None, "due_at": due_at}
        if run_prepared(_ACCEPT, held | values).rowcount != 1:
            raise Unavailable(_LOST)
        if draft.target.first_status is ExecutionStatus.QUEUED:
            _queue(draft.batch_id, 0, len(draft.inputs), due_at)
    if draft.options.delay_seconds == 0 and not draft.target.requires_approval:
        announce_lane_after_commit(LaneWork.EXECUTIONS, draft.target.id)


def is_any_given_up() -> bool:
    """Tell whether something is left of a batch that was never accepted. Writes nothing."""
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


def is_any_unqueued() -> bool:
    """Tell whether executions of an accepted batch are not due yet. Writes nothing."""
    return run_prepared(_UNQUEUED, {}).first() is not None


def queue_some() -> int:
    """Let a slice of such executions become due; return how many were looked at."""
    batch = run_prepared(_UNQUEUED.with_for_update(key_share=True), {}).first()
    if batch is None:
        return 0
    if batch.cancelled_at is not None:  # they are about to be cancelled, and need not be due
        run_prepared(_NOTE_QUEUED, {"of_batch": batch.id, "unqueued_from": None})
        return 1
    group_id = batch.function_id if batch.kind is ExecutionKind.FUNCTION else batch.agent_id
    if group_id is not None and batch.due_at <= clock.now():
        announce_lane_after_commit(LaneWork.EXECUTIONS, group_id)
    return _queue(batch.id, batch.unqueued_from, batch.total, batch.due_at)


def _queue(batch_id: UUID, first: int, total: int, due_at: datetime) -> int:
    """Let executions become due from number `first` on, and note how far that is."""
    end = min(first + ROWS_AT_ONCE, total)
    span = {"of_batch": batch_id, "first": first, "end": end}
    run_prepared(_QUEUE, {**span, "not_due": NOT_DUE_YET, "next_at": due_at})
    rest = end if end < total else None
    run_prepared(_NOTE_QUEUED, {"of_batch": batch_id, "unqueued_from": rest})
    return end - first


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
        """Learn from how long a slice took, and give whoever waited as much time to write."""
        if seconds > _SLICE_SECONDS * 1.5:
            self.most = max(self.most // 2, _SMALLEST_SLICE)
        elif seconds < _SLICE_SECONDS / 2:
            self.most = min(self.most * 2, ROWS_AT_ONCE)
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


def _rows(draft: Draft, indexes: range) -> Rows:
    """Encrypt what belongs to some of the executions; needs no transaction."""
    secrets = secrets_of(draft.target.input_schema)
    rows: Rows = {}
    if draft.beginnings is not None:
        rows[Chat], rows[ChatMessage] = _rows_of_chats(draft, draft.beginnings, indexes)
    rows[Execution] = [
        own_values(
            draft.execution_ids[index],
            draft.inputs[index],
            secrets,
            draft.options,
            index=index,
            chat_id=draft.chat_ids[index] if draft.chat_ids else None,
        )
        for index in indexes
    ]
    steps = [Step(draft.execution_ids[index], StepKind.QUEUED) for index in indexes]
    if draft.approval is not None:
        requests = rows_of_requests(
            [
                draft.approval.request(
                    draft.execution_ids[index],
                    draft.inputs[index],
                    index=index,
                    batch_id=draft.batch_id,
                )
                for index in indexes
            ]
        )
        rows[InputRequest] = requests
        steps += [step_of_request(row["id"], row["execution_id"], row["title"]) for row in requests]
    rows[ExecutionStep] = rows_of_steps(steps)
    return rows


def _rows_of_chats(
    draft: Draft, beginnings: Sequence[Sequence[Message]], indexes: range
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    chats = [
        sealed_values(
            Chat,
            {
                "id": draft.chat_ids[index],
                "agent_id": draft.target.id,
                "batch_id": draft.batch_id,
                "input_variables": draft.inputs[index]["input_variables"],
                "title": title_of(str(draft.inputs[index]["message"])),
            },
        )
        for index in indexes
    ]
    messages = [
        NewMessage(draft.chat_ids[index], number, said.role, said.content)
        for index in indexes
        for number, said in enumerate(beginnings[index])
    ]
    return chats, rows_of_messages(messages)


def _insert(rows: Rows, common: dict[str, Any]) -> None:
    """Insert rows; `common` is what those of executions have in common."""
    owner = {name: common[name] for name in ("workspace_id", "user_id", "created_at")}
    shared: dict[type[Base], dict[str, Any]] = {Execution: common, Chat: owner}
    for table, some in rows.items():
        if table is InputRequest:
            add_rows(some)
        elif some:
            given = shared.get(table, {})
            db.session.connection().execute(insert(table), [given | row for row in some])


def _batch_row(principal: Principal, draft: Draft, **values: Any) -> dict[str, Any]:
    target, options = draft.target, draft.options
    is_function = target.kind is ExecutionKind.FUNCTION
    return sealed_values(
        Batch,
        {
            "id": draft.batch_id,
            "created_at": clock.now(),
            "workspace_id": principal.workspace.id,
            "user_id": principal.user.id,
            "kind": target.kind,
            "function_id": target.id if is_function else None,
            "agent_id": None if is_function else target.id,
            "rerun_of_id": draft.rerun_of_id,
            "parent_id": principal.execution_id,
            "target_namespace": target.namespace,
            "target_name": target.name,
            "total": len(draft.inputs),
            "trigger_id_prefix": options.trigger_id,
            "callback_url": draft.callback_url,
            "scopes": options.scopes_of(principal),
            **values,
        },
    )
