"""Carrying out executions: by an endpoint that is called, or by Python code that is installed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from opensink_web import clock
from opensink_web.access_token import TokenSigner
from opensink_web.function_host.runner import PythonRunner
from opensink_web.functions import Context, Resume
from opensink_web.models import LaneWork
from opensink_web.operations.accounts.bearer import mint_execution_token
from opensink_web.operations.executions.claim import ExecutionClaim, claim_executions
from opensink_web.operations.executions.outcome import checked, finish_executions
from opensink_web.operations.executions.target import AgentCallee, HttpCallee, PythonCallee
from opensink_web.operations.lane import renew
from opensink_web.outbound.agent_call import build_agent_call, read_agent_answer
from opensink_web.outbound.client import Client
from opensink_web.outbound.execution_call import Sender, without_token
from opensink_web.outbound.function_call import (
    build_function_call,
    parameter_conflict,
    read_function_answer,
)
from opensink_web.outbound.outcome import Failure, Outcome


@dataclass(frozen=True, slots=True)
class ExecutionWork:
    """What a pump does in a lane of executions; `limit` of a lane run at once, over all workers."""

    client: Client
    runner: PythonRunner
    signer: TokenSigner
    limit: int

    def claim(self, lane_id: UUID, most: int) -> list[ExecutionClaim]:
        """Take what is due."""
        return claim_executions(lane_id, self.limit, most)

    def carry_out(self, claim: ExecutionClaim) -> Outcome:
        """Have it done, and hold what came of it against what the function promises."""
        callee = claim.callee
        if isinstance(callee, Failure):
            return callee
        if isinstance(callee, HttpCallee):
            return checked(claim, self._call(claim, callee))
        if isinstance(callee, AgentCallee):
            return self._call_agent(claim, callee)
        return checked(claim, self._run(claim, callee))

    def finish(self, settled: Sequence[tuple[ExecutionClaim, Outcome]]) -> None:
        """Write down how they went."""
        finish_executions(settled)

    def give_up(self, claim: ExecutionClaim) -> None:
        """Fail it alone."""
        message = "What came of it cannot be stored."
        finish_executions([(claim, Failure(message, "bad_output"))])

    def renew(self, row_ids: Sequence[UUID], lease_token: str) -> None:
        """Keep the leases of what goes on."""
        renew(LaneWork.EXECUTIONS, row_ids, lease_token)

    def _call(self, claim: ExecutionClaim, callee: HttpCallee) -> Outcome:
        conflict = parameter_conflict(callee.endpoint, claim.input_data)
        if conflict is not None:
            return conflict
        call = build_function_call(
            replace(callee.endpoint, timeout_seconds=claim.timeout_seconds),
            input_data=claim.input_data,
            context=self._context(claim),
            sender=Sender(callee.secrets, claim.message_id, clock.now()),
        )
        return read_function_answer(call, self.client.send(call))

    def _call_agent(self, claim: ExecutionClaim, callee: AgentCallee) -> Outcome:
        variables = claim.input_data.get("input_variables")
        call = build_agent_call(
            replace(callee.endpoint, timeout_seconds=claim.timeout_seconds),
            messages=claim.messages,
            input_variables=variables if isinstance(variables, dict) else {},
            context=self._context(claim),
            sender=Sender(callee.secrets, claim.message_id, clock.now()),
        )
        return read_agent_answer(call, self.client.send(call))

    def _run(self, claim: ExecutionClaim, callee: PythonCallee) -> Outcome:
        context = self._context(claim)
        outcome = self.runner.run(
            callee.entry_point, claim.input_data, context, claim.timeout_seconds
        )
        return without_token(outcome, context.access_token)

    def _context(self, claim: ExecutionClaim) -> Context:
        answer = claim.answer
        return Context(
            execution_id=str(claim.id),
            user_id=str(claim.user_id),
            user_email=claim.user_email,
            trigger_type=claim.trigger_type,
            trigger_id=claim.trigger_id,
            chat_id=None if claim.chat_id is None else str(claim.chat_id),
            access_token=mint_execution_token(self.signer, claim),
            resume=None
            if answer is None
            else Resume(str(answer.input_request_id), answer.response),
        )
