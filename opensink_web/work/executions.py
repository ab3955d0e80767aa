"""Executions as a kind of work: carried out by an endpoint that is called, or by Python code.

The group of an execution is its function, or the agent whose chat it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.functions import Context, Resume
from opensink_web.json_value import JSONObject
from opensink_web.models import Delivery, Execution, ExecutionStatus
from opensink_web.models.transaction import Area, changed_after_commit
from opensink_web.operations.accounts.bearer import mint_execution_token
from opensink_web.operations.agents.queries import HealthStatus
from opensink_web.operations.executions.claim import (
    COLUMNS,
    ExecutionClaim,
    claims_of,
    joined,
    target_of,
)
from opensink_web.operations.executions.ending import SealedEnding
from opensink_web.operations.executions.outcome import (
    Settled,
    checked,
    finish_executions,
    sealed,
)
from opensink_web.operations.executions.target import (
    AgentTarget,
    HttpTarget,
    PythonTarget,
    Target,
)
from opensink_web.outbound.agent_call import build_agent_call, read_agent_answer
from opensink_web.outbound.execution_call import Sender, without_token
from opensink_web.outbound.function_call import (
    build_function_call,
    parameter_conflict,
    read_function_answer,
)
from opensink_web.outbound.outcome import Failure, Outcome
from opensink_web.trace_context import tracing
from opensink_web.work.agent_group import limit_of_agent
from opensink_web.work.queue import MOMENT, Claims, Limits, Look, Source, oldest_due, taking
from opensink_web.work.tools import Tools

_IS_OPEN = Execution.status.in_([literal_column("'queued'"), literal_column("'running'")])
_DUE = joined(oldest_due(Execution, _IS_OPEN, *COLUMNS))
_TAKE = taking(
    Execution,
    status=ExecutionStatus.RUNNING,
    started_at=func.coalesce(Execution.started_at, MOMENT),
    updated_at=MOMENT,
)


class Executions:
    """Each runs when its function's limit allows, or its agent's."""

    model = Execution
    is_urgent = False

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.sources = (Source(_IS_OPEN, self._limit_of),)

    def shared_with(self, claim: ExecutionClaim) -> Sequence[str]:
        """An agent is called for answers too."""
        return (Delivery.__tablename__,) if isinstance(claim.target, AgentTarget) else ()

    def claim(self, look: Look) -> Claims[ExecutionClaim]:
        """Take what is due in a group."""
        rows = look.due(_DUE)
        if not rows:
            return Claims()
        target = target_of(rows[0])
        needs_process = isinstance(target, PythonTarget)
        limit = self._limit_now(target)
        rows, has_more = look.cut(rows, limit, needs_process=needs_process)
        if not rows:
            return Claims((), has_more, needs_process)
        token = look.take(_TAKE, rows)
        for workspace_id in {row.workspace_id for row in rows}:
            changed_after_commit(workspace_id, Area.EXECUTIONS)
        return Claims(claims_of(rows, token, target), has_more, needs_process)

    def carry_out(self, claim: ExecutionClaim, tools: Tools) -> Outcome | SealedEnding:
        """Have it done, and hold what came of it against what the function promises."""
        if isinstance(claim.target, Failure):
            return claim.target
        try:
            given = claim.read_input()
        except UnreadableSecret as error:
            return Failure(f"The input cannot be read. {error.message}", error.code)
        with tracing(claim.trace):
            match claim.target:
                case HttpTarget() as target:
                    return sealed(claim, checked(claim, _call(claim, target, given, tools)))
                case AgentTarget() as target:
                    return _call_agent(claim, target, given, tools)
                case PythonTarget() as target:
                    return sealed(claim, checked(claim, _run(claim, target, given, tools)))
                case unknown:
                    assert_never(unknown)

    def finish(self, settled: Sequence[Settled]) -> None:
        """Write down how they went."""
        finish_executions(settled)

    def ended(self, row_id: UUID, reason: str) -> dict[str, object]:
        """Return what the row of one says that failed for an error of ours."""
        moment = clock.now()
        return {
            "status": ExecutionStatus.FAILED,
            "error": Execution.error.seal(row_id, reason),
            "error_code": "server_error",
            "finished_at": moment,
            "updated_at": moment,
        }

    def give_up(self, claim: ExecutionClaim, reason: str) -> None:
        """Fail it."""
        finish_executions([(claim, Failure(reason, "bad_output"))])

    def _limit_of(self, group_id: ColumnElement[UUID]) -> ColumnElement[int]:
        of_agent = limit_of_agent(group_id, self._limits.calls_per_agent)
        return func.coalesce(of_agent, self._limits.calls_per_function)

    def _limit_now(self, target: Target | Failure) -> int:
        """An agent that does not answer is called once in a while only, one call at a time."""
        if not isinstance(target, AgentTarget):
            return self._limits.calls_per_function
        if target.health is None or target.health.status is HealthStatus.HEALTHY:
            return self._limits.calls_per_agent
        return 0 if target.health.is_paused else 1


def _call(claim: ExecutionClaim, target: HttpTarget, given: JSONObject, tools: Tools) -> Outcome:
    conflict = parameter_conflict(target.endpoint, given)
    if conflict is not None:
        return conflict
    call = build_function_call(
        replace(target.endpoint, timeout_seconds=claim.timeout_seconds),
        input_data=given,
        context=_context(claim, tools),
        sender=Sender(target.secrets, claim.message_id, clock.now(), claim.trace_headers),
    )
    return read_function_answer(call, tools.client.send(call))


def _call_agent(
    claim: ExecutionClaim, target: AgentTarget, given: JSONObject, tools: Tools
) -> Outcome:
    variables = given.get("input_variables")
    call = build_agent_call(
        replace(target.endpoint, timeout_seconds=claim.timeout_seconds),
        messages=claim.messages,
        input_variables=variables if isinstance(variables, dict) else {},
        context=_context(claim, tools),
        sender=Sender(target.secrets, claim.message_id, clock.now(), claim.trace_headers),
    )
    return read_agent_answer(call, tools.client.send(call))


def _run(claim: ExecutionClaim, target: PythonTarget, given: JSONObject, tools: Tools) -> Outcome:
    context = _context(claim, tools)
    outcome = tools.runner.run(target.entry_point, given, context, claim.timeout_seconds)
    return without_token(outcome, context.access_token)


def _context(claim: ExecutionClaim, tools: Tools) -> Context:
    answer, resume = claim.answer, None
    if answer is not None:
        resume = Resume(str(answer.input_request_id), answer.response, answer.edited)
    return Context(
        execution_id=str(claim.id),
        user_id=str(claim.user_id),
        user_email=claim.user_email,
        trigger_type=claim.trigger_type,
        trigger_id=claim.trigger_id,
        chat_id=None if claim.chat_id is None else str(claim.chat_id),
        access_token=mint_execution_token(tools.signer, claim),
        resume=resume,
        trace=dict(claim.trace_headers),
    )
