"""Runs of background jobs as a kind of work: one request each, not made again.

The group of a run is the host that it calls, in its workspace: one that hangs holds up nobody but
jobs that call it too. When a job runs is not decided here (operations/jobs/schedule.py).
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, literal, literal_column

from opensink_web import clock
from opensink_web.models import JobRun, RunStatus
from opensink_web.operations.jobs.run import (
    COLUMNS,
    RunClaim,
    RunResult,
    claims_of,
    finish_runs,
    result_of,
)
from opensink_web.trace_context import tracing
from opensink_web.work.queue import MOMENT, Claims, Limits, Look, Source, oldest_due, taking
from opensink_web.work.tools import Tools

# written as the partial index has it
_IS_OPEN = JobRun.status.in_([literal_column("'due'"), literal_column("'running'")])
_DUE = oldest_due(JobRun, _IS_OPEN, *COLUMNS)
_TAKE = taking(
    JobRun, status=RunStatus.RUNNING, started_at=func.coalesce(JobRun.started_at, MOMENT)
)


class JobRuns:
    """Each is made when the limit of its host allows."""

    model = JobRun
    is_urgent = False

    def __init__(self, limits: Limits) -> None:
        limit = self._limit = limits.calls_per_function
        self.sources = (Source(_IS_OPEN, lambda _: literal(limit)),)

    def shared_with(self, claim: RunClaim) -> Sequence[str]:
        """A group is of runs alone."""
        return ()

    def claim(self, look: Look) -> Claims[RunClaim]:
        """Take what is due for a host."""
        rows, has_more = look.cut(look.due(_DUE), self._limit)
        if not rows:
            return Claims(has_more=has_more)
        return Claims(claims_of(rows, look.take(_TAKE, rows), look.moment), has_more)

    def carry_out(self, claim: RunClaim, tools: Tools) -> RunResult | None:
        """Make the request, unless there is none to be made."""
        call = claim.call
        if call is None:
            return None
        with tracing(claim.trace):
            return result_of(claim, call, tools.client.send(call))

    def finish(self, settled: Sequence[tuple[RunClaim, RunResult | None]]) -> None:
        """Write down how they went."""
        finish_runs(settled)

    def ended(self, row_id: UUID, reason: str) -> dict[str, object]:
        """Return what the row of one says that failed for an error of ours."""
        return {
            "status": RunStatus.FAILED,
            "error": JobRun.error.seal(row_id, reason),
            "finished_at": clock.now(),
        }

    def give_up(self, claim: RunClaim, reason: str) -> None:
        """Fail it."""
        finish_runs([(claim, RunResult(reason))])
