"""Slots that have come: the sweeper writes a run for each, and the work engine does the rest.

A slot is run once, however many sweepers there are: whoever looks at a job holds its row, and
moves it to the next slot in the same transaction. One that comes while a run has not ended is
skipped, and so is one that nobody looked for in time, because the server was down or the clock was
put forward: neither is made up for.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, bindparam, exists, select, update

from opensink_web import clock
from opensink_web.models import BackgroundJob, JobRun, RunStatus, RunTrigger, db
from opensink_web.models.transaction import Area, changed_after_commit, run_prepared
from opensink_web.operations.jobs.grid import grid_of
from opensink_web.operations.jobs.job import begin_run
from opensink_web.operations.jobs.queries import jobs_that_run

LATE_MAX = timedelta(minutes=5)
"""A slot that nobody looked for within this is missed; a restart takes less."""
AHEAD_MAX = timedelta(minutes=1)
"""So much the clocks of two machines may differ."""
AT_ONCE = 100
"""How many jobs are looked at in one transaction."""
BUSY = "The run before had not ended."
_PLAN = (
    update(BackgroundJob)
    .where(BackgroundJob.id == bindparam("of_job"))
    .values(updated_at=BackgroundJob.updated_at)
)


def is_any_run_due() -> bool:
    """Return True if a slot has come. Writes nothing."""
    is_due = BackgroundJob.next_run_at <= clock.now()
    return bool(db.session.scalar(select(exists().where(is_due))))


def begin_due_runs() -> int:
    """Write the runs of a slice of slots that have come; return how many jobs were looked at."""
    moment = clock.now()
    query = select(BackgroundJob).where(BackgroundJob.next_run_at <= moment)
    jobs = _locked(query.order_by(BackgroundJob.next_run_at, BackgroundJob.id))
    are_busy = jobs_that_run([job.id for job in jobs])
    known = _known_slots(jobs, moment)
    for job in jobs:
        _begin(job, moment, known, is_busy=job.id in are_busy)
        _plan(job, moment)
    db.session.flush()
    return len(jobs)


def is_any_plan_ahead() -> bool:
    """Return True if the clock was put back since a job was planned. Writes nothing."""
    is_ahead = BackgroundJob.planned_at > clock.now() + AHEAD_MAX
    return bool(db.session.scalar(select(exists().where(is_ahead))))


def plan_anew() -> int:
    """Work out anew when a slice of such jobs runs next; return how many.

    Each would else wait for as long as the clock was put back.
    """
    moment = clock.now()
    query = select(BackgroundJob).where(BackgroundJob.planned_at > moment + AHEAD_MAX)
    jobs = _locked(query.order_by(BackgroundJob.planned_at))
    for job in jobs:
        _plan(job, moment)
    return len(jobs)


def _locked(query: Select[BackgroundJob]) -> Sequence[BackgroundJob]:
    """Lock a slice of jobs; who holds one is about to change it, and it is looked at again."""
    query = query.limit(AT_ONCE).with_for_update(skip_locked=True, key_share=True)
    return db.session.scalars(query, execution_options={"populate_existing": True}).all()


def _plan(job: BackgroundJob, moment: datetime) -> None:
    # by a statement of its own: nobody has changed the job
    planned = {
        "of_job": job.id,
        "planned_at": moment,
        "next_run_at": grid_of(job).first_after(moment),
    }
    run_prepared(_PLAN, planned)
    changed_after_commit(job.workspace_id, Area.JOBS)


def _known_slots(jobs: Sequence[BackgroundJob], moment: datetime) -> set[tuple[UUID, datetime]]:
    """Return which slots were seen to already: after the clock was put back they come again."""
    query = select(JobRun.job_id, JobRun.scheduled_for).where(
        JobRun.job_id.in_([job.id for job in jobs]),
        JobRun.scheduled_for.in_({slot for job in jobs for slot in _slots_of(job, moment)}),
    )
    return {(job_id, slot) for job_id, slot in db.session.execute(query) if slot is not None}


def _slots_of(job: BackgroundJob, moment: datetime) -> tuple[datetime, datetime]:
    """Return the slot for which a job was planned, and the last one that has come."""
    last = grid_of(job).last_until(moment)
    planned = job.next_run_at or last
    return planned, max(planned, last)


def _begin(
    job: BackgroundJob, moment: datetime, known: set[tuple[UUID, datetime]], *, is_busy: bool
) -> None:
    """Write what becomes of the slots that have come: one run at most, and one row of what is not
    run.
    """
    planned, last = _slots_of(job, moment)
    is_late = moment - last > LATE_MAX
    missed_count = (last - planned) // grid_of(job).interval + is_late
    if missed_count and (job.id, planned) not in known:
        _skip(job, planned, _missed(missed_count))
    if not is_late and (job.id, last) not in known:
        if is_busy:
            _skip(job, last, BUSY)
        else:
            begin_run(job, RunTrigger.SCHEDULE, scheduled_for=last)


def _skip(job: BackgroundJob, slot: datetime, reason: str) -> None:
    run = JobRun(
        workspace_id=job.workspace_id,
        job_id=job.id,
        group_id=job.group_id,
        trigger=RunTrigger.SCHEDULE,
        status=RunStatus.SKIPPED,
        scheduled_for=slot,
        next_at=slot,
        finished_at=clock.now(),
        recovery_count=0,
    )
    run.error = reason
    db.session.add(run)


def _missed(count: int) -> str:
    what = "This run was" if count == 1 else f"{count:,} runs from this one on were"
    return f"{what} missed: the server was not running, or its clock was put forward."
