"""Functions and executions that many tests begin with, and how their work is done step by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from opensink_web.json_value import JSONObject
from opensink_web.models import Batch, Execution, Function, Role, User, Workspace, db
from opensink_web.models.sealed import Sealed
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.executions.batch_submission import draft_batch, submit_batch
from opensink_web.operations.executions.callback import CallbackClaim
from opensink_web.operations.executions.claim import ExecutionClaim
from opensink_web.operations.executions.function import (
    FunctionFields,
    check_fields,
    create_function,
)
from opensink_web.operations.executions.function_target import EntryPointSpec, FunctionTarget
from opensink_web.operations.executions.outcome import finish_executions
from opensink_web.operations.executions.staging import stage
from opensink_web.operations.executions.submission import (
    Options,
    check_input,
    check_inputs,
    submit,
)
from opensink_web.operations.idempotency import HeldKey
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.outcome import Outcome
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Kind, Limits, Queue
from tests.conftest import Person
from tests.support.scenarios import POLICY

INPUT_SCHEMA: JSONObject = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
}


@dataclass(frozen=True)
class Submitted:
    """A batch that was taken on."""

    id: UUID
    execution_ids: tuple[UUID, ...]


def principal_of(person: Person) -> Principal:
    """Return the person acting in a browser, as admin."""
    workspace = db.session.get_one(Workspace, person.workspace_id)
    return Principal(workspace, db.session.get_one(User, person.id), Role.ADMIN)


def make_function(
    person: Person,
    url: str | None = None,
    entry_point: str = "nothing",
    method: str = "POST",
    **fields: Any,
) -> UUID:
    """Make a function, on an endpoint if one is named."""
    target: FunctionTarget = EntryPointSpec(entry_point)
    if url is not None:
        target = EndpointSpec(url, method, (), None, 5)
    given: Any = {"namespace": "tests", "name": "work", "input_schema": INPUT_SCHEMA, **fields}
    checked = check_fields(POLICY, FunctionFields(target=target, **given))
    with writing():
        principal = principal_of(person)
        return create_function(principal.workspace, principal.user, POLICY, checked).id


def submit_one(person: Person, function_id: UUID, n: Any = 1, **options: Any) -> UUID:
    checked = check_input(db.session.get_one(Function, function_id), {"n": n})
    with writing():
        function = db.session.get_one(Function, function_id)
        return submit(principal_of(person), function, checked, Options(**options))


def submit_many(
    person: Person,
    function_id: UUID,
    count: int,
    *,
    batch_callback_url: str | None = None,
    **options: Any,
) -> Submitted:
    function = db.session.get_one(Function, function_id)
    checked = check_inputs(function, [{"n": n} for n in range(count)])
    draft = draft_batch(
        principal_of(person),
        function,
        checked,
        Options(trigger_type="batch", **options),
        batch_callback_url=batch_callback_url,
    )
    key = HeldKey(None)
    with stage(draft, lambda: principal_of(person), key) as staged, writing():
        submit_batch(principal_of(person), db.session.get_one(Function, function_id), staged)
    return Submitted(draft.batch_id, tuple(draft.execution_ids))


@lru_cache
def _queue(limit: int) -> tuple[dict[str, Kind[Any, Any]], Queue]:
    kinds = kinds_within(Limits(calls_per_agent=limit, calls_per_function=limit))
    return kinds, Queue(kinds)


def claim_executions(group_id: UUID, limit: int, most: int) -> list[ExecutionClaim]:
    """Take what is due in a group, in the transaction that is open."""
    kinds, queue = _queue(limit)
    return list(queue.claim(kinds["executions"], group_id, most).taken)


def claim_callbacks(group_id: UUID, limit: int, most: int) -> list[CallbackClaim]:
    """Take what is owed to a host, in the transaction that is open."""
    kinds, queue = _queue(limit)
    return list(queue.claim(kinds["callbacks"], group_id, most).taken)


def claim_some(group_id: UUID, most: int = 100, limit: int = 1000) -> list[ExecutionClaim]:
    with writing():
        return claim_executions(group_id, limit, most)


def finish_all(claims: Sequence[ExecutionClaim], outcome: Outcome) -> None:
    with writing():
        finish_executions([(claim, outcome) for claim in claims])


def execution(execution_id: UUID) -> Execution:
    """Return how an execution stands now, detached."""
    with reading():
        found = db.session.get_one(Execution, execution_id, populate_existing=True)
        open_sealed(found, *found.steps, *filter(None, [found.callback]))
        db.session.expunge_all()
    return found


def open_sealed(*rows: Any) -> None:
    """Decrypt whatever is sealed in rows, while there is an application to do it with."""
    for row in rows:
        for name, attribute in vars(type(row)).items():
            if isinstance(attribute, Sealed):
                getattr(row, name)


def batch(batch_id: UUID) -> Batch:
    """Return how a batch stands now, detached."""
    with reading():
        found = db.session.get_one(Batch, batch_id, populate_existing=True)
        db.session.expunge_all()
    return found
