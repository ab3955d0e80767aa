"""Taking due executions of a lane, as many as it has slots free, in one transaction.

The calls themselves are made outside any transaction; how they went is outcome.py's. A
worker that died leaves expired leases behind, which the next claim takes over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, case, func, or_, update

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Batch,
    Execution,
    ExecutionKind,
    ExecutionStatus,
    LaneWork,
    Membership,
    StepKind,
    User,
)
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.agents.queries import HealthStatus
from opensink_web.operations.executions.chat_message import messages_of
from opensink_web.operations.executions.ending import Step, add_steps
from opensink_web.operations.executions.pause import PersonsAnswer, answers_of
from opensink_web.operations.executions.target import (
    AgentCallee,
    Callee,
    callee_of_agent,
    callee_of_function,
)
from opensink_web.operations.lane import (
    RECOVERIES_MAX,
    Lease,
    free_slots,
    lock_lane,
    new_lease,
    oldest_due,
)
from opensink_web.outbound.outcome import Failure

TIMEOUT = "timeout"
"""The `error_code` of what took too long."""

NO_MEMBER = "not_a_member"
"""The `error_code` of what somebody started who has left, or was shut out, since then."""
_NO_MEMBER = "The person who started it is no longer an active member of the workspace."

# Built once, because building a statement costs more than running it.
_DUE = oldest_due(
    LaneWork.EXECUTIONS,
    Execution.id,
    Execution.workspace_id,
    Execution.user_id,
    User.email,
    Execution.kind,
    Execution.function_id,
    Execution.agent_id,
    Execution.chat_id,
    Execution.trigger_type,
    Execution.trigger_id,
    Execution.scopes,
    Execution.status,
    Execution.sealed_input_data,
    Execution.timeout_seconds,
    Execution.pause_count,
    Execution.lease_token,
    Execution.recovery_count,
    and_(
        User.is_active, Membership.user_id.is_not(None), Membership.deactivated_at.is_(None)
    ).label("user_is_member"),
).join(User, User.id == Execution.user_id)
# may be missing, and what is due has to end even then
_DUE = _DUE.outerjoin(
    Membership,
    and_(
        Membership.user_id == Execution.user_id,
        Membership.workspace_id == Execution.workspace_id,
    ),
)
# a batch that was cancelled is cancelled in slices; nothing of it begins meanwhile
_DUE = _DUE.outerjoin(Batch, Batch.id == Execution.batch_id).where(
    or_(Batch.cancelled_at.is_(None), Execution.status == ExecutionStatus.RUNNING)
)
_TAKE = (
    update(Execution)
    .where(Execution.id.in_(bindparam("of_executions", expanding=True)))
    .values(
        status=ExecutionStatus.RUNNING,
        started_at=func.coalesce(
            Execution.started_at, bindparam("moment", type_=Execution.next_at.type)
        ),
        # here, because PostgreSQL checks every reference of a row that is updated twice
        recovery_count=Execution.recovery_count
        + case((Execution.lease_token.is_not(None), 1), else_=0),
    )
)


@dataclass(frozen=True, slots=True)
class ExecutionClaim:
    """The right to carry one execution out and to say how it went, and what it takes.

    `callee` is a Failure where there is nothing left to do but to end it so. `scopes` is what the
    key that started it was limited to. `answer` is what a person answered at its last pause,
    `messages` what was said in the chat that an agent is to answer.
    """

    id: UUID
    lease_token: str
    callee: Callee | Failure
    workspace_id: UUID
    user_id: UUID
    user_email: str
    scopes: tuple[str, ...] | None
    chat_id: UUID | None
    trigger_type: str
    trigger_id: str
    input_data: JSONObject
    answer: PersonsAnswer | None
    timeout_seconds: int
    pause_count: int
    messages: Sequence[JSONObject] = ()

    @property
    def message_id(self) -> str:
        """The `webhook-id`: the same for the same call made again, another after each pause."""
        return f"{self.id}-{self.pause_count}" if self.pause_count else str(self.id)


def claim_executions(lane_id: UUID, limit: int, most: int) -> list[ExecutionClaim]:
    """Take up to `most` due executions of a lane of which `limit` may run at once."""
    lock_lane(lane_id)
    room = min(free_slots(LaneWork.EXECUTIONS, lane_id, limit), most)
    if room <= 0:
        return []
    values = {"of_lane": lane_id, "moment": clock.now(), "most": room}
    rows = run_prepared(_DUE, values).all()
    if not rows:
        return []
    callee = _callee_of(rows[0])  # all of a lane call the same
    rows = rows[: _calls_allowed(lane_id, callee, len(rows))]
    if not rows:
        return []
    lease = new_lease()
    _take(rows, lease)
    claims = _claims(rows, lease, callee)
    return _with_messages(claims) if isinstance(callee, AgentCallee) else claims


def _callee_of(row: Row[Any]) -> Callee | Failure:
    if row.kind is ExecutionKind.AGENT:
        return callee_of_agent(row.agent_id)
    return callee_of_function(row.function_id)


def _calls_allowed(lane_id: UUID, callee: Callee | Failure, most: int) -> int:
    """Let an agent that does not answer be called once in a while only, one call at a time."""
    health = callee.health if isinstance(callee, AgentCallee) else None
    if health is None or health.status is HealthStatus.HEALTHY:
        return most
    return 0 if health.is_paused else free_slots(LaneWork.EXECUTIONS, lane_id, 1)


def _claims(
    rows: Sequence[Row[Any]], lease: Lease, callee: Callee | Failure
) -> list[ExecutionClaim]:
    answers = answers_of([row.id for row in rows if row.pause_count])
    return [_claim(row, lease, callee, answers.get(row.id)) for row in rows]


def _with_messages(claims: Sequence[ExecutionClaim]) -> list[ExecutionClaim]:
    said = messages_of([each.chat_id for each in claims if each.chat_id is not None])
    with_messages = []
    for each in claims:
        messages = said.get(each.chat_id) if each.chat_id is not None else None
        if messages is not None:
            with_messages.append(replace(each, messages=messages))
        else:
            why = "no longer exists" if each.chat_id is None else "cannot be decrypted"
            with_messages.append(replace(each, callee=Failure(f"The chat {why}.")))
    return with_messages


def _take(rows: Sequence[Row[Any]], lease: Lease) -> None:
    """Write the lease into rows that are locked."""
    moment = clock.now()
    given = {"lease_token": lease.token, "lease_until": lease.until, "updated_at": moment}
    run_prepared(_TAKE, {"of_executions": [row.id for row in rows], "moment": moment, **given})
    add_steps([Step(row.id, _step_of(row)) for row in rows if not _has_not_reported(row)])


def _has_not_reported(row: Row[Any]) -> bool:
    """Tell whether it is due because the time to report by itself is over."""
    return row.status is ExecutionStatus.RUNNING and row.lease_token is None


def _step_of(row: Row[Any]) -> StepKind:
    return StepKind.STARTED if row.lease_token is None else StepKind.RECOVERED


def _claim(
    row: Row[Any],
    lease: Lease,
    callee: Callee | Failure,
    answer: PersonsAnswer | Failure | None,
) -> ExecutionClaim:
    if isinstance(answer, Failure):
        callee, answer = answer, None
    try:
        input_data: JSONObject = Execution.input_data.unseal(row.id, row.input_data)
    except UnreadableSecret as error:
        callee, input_data = Failure(f"The input cannot be read. {error.message}", error.code), {}
    return ExecutionClaim(
        id=row.id,
        lease_token=lease.token,
        callee=_reason_to_end(row) or callee,
        workspace_id=row.workspace_id,
        user_id=row.user_id,
        user_email=row.email,
        scopes=None if row.scopes is None else tuple(row.scopes),
        chat_id=row.chat_id,
        trigger_type=row.trigger_type,
        trigger_id=row.trigger_id,
        input_data=input_data,
        answer=answer,
        timeout_seconds=row.timeout_seconds,
        pause_count=row.pause_count,
    )


def _reason_to_end(row: Row[Any]) -> Failure | None:
    """Say why an execution that is due is not carried out any more."""
    if _has_not_reported(row):
        return Failure(f"It did not report within {row.timeout_seconds} seconds.", TIMEOUT)
    if not row.user_is_member:
        return Failure(_NO_MEMBER, NO_MEMBER)
    lost_count = row.recovery_count + (row.lease_token is not None)
    if lost_count > RECOVERIES_MAX:
        message = f"Outcome unknown: the worker stopped during {lost_count} attempts."
        return Failure(message, "outcome_unknown")
    return None
