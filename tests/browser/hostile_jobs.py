"""Background jobs with hostile names and requests, and runs answered with hostile text."""

from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

from opensink_web import clock
from opensink_web.json_value import JSONObject
from opensink_web.models import BackgroundJob, JobRun, RunStatus, RunTrigger, Workspace, db
from opensink_web.models.base import new_id
from opensink_web.operations.jobs.job import JobFields, create_job
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.policy import EndpointPolicy
from tests.browser.hostile_texts import Texts

_POLICY = EndpointPolicy.from_entries(("127.0.0.0/8",))
_TO_COME = timedelta(days=1)
"""Whatever is planned comes when nobody looks any more."""


def add_jobs(
    workspace: Workspace, texts: Texts
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Make a job of each line, the first with many runs.

    Returns the pages that show them, and the parts of them that update themselves.
    """
    jobs = [
        _job(workspace, line, texts, is_enabled=number % 2 == 0)
        for number, line in enumerate(texts.lines)
    ]
    first = jobs[0]
    for number, line in enumerate(texts.lines):
        _run(first, (RunStatus.FAILED, RunStatus.SKIPPED)[number % 2], line)
    ended = [_run(first, RunStatus.FAILED, each, each) for each in texts.paragraphs]
    waiting = JobRun(
        workspace_id=workspace.id,
        job_id=first.id,
        group_id=first.group_id,
        trigger=RunTrigger.MANUAL,
        next_at=clock.now() + _TO_COME,
    )
    db.session.add(waiting)
    db.session.flush()
    at = f"/w/{workspace.slug}/jobs"
    job = f"{at}/{first.id}"
    paths = (
        *(at, f"{at}/new", job, f"{job}?status=failed", f"{job}/edit", f"{at}/{jobs[1].id}"),
        *(f"{job}/runs/{run_id}" for run_id in ended),
    )
    live = ((at, "#job-list"), (job, "#job-runs"), (f"{job}/runs/{waiting.id}", "#job-run"))
    return paths, live


def _job(workspace: Workspace, line: str, texts: Texts, *, is_enabled: bool) -> BackgroundJob:
    url = f"http://127.0.0.1:9/{quote(line)}"
    body: JSONObject = {each: each for each in texts.lines}
    endpoint = EndpointSpec(url, "POST", (("X-A", "<b>"),), body, 5)
    job = create_job(workspace, _POLICY, JobFields("job", 60, 0, endpoint, is_enabled))
    job.name = line  # as one that was made when names could be anything
    if is_enabled:
        job.next_run_at = clock.now() + _TO_COME
    return job


def _run(job: BackgroundJob, status: RunStatus, error: str, response: str | None = None) -> UUID:
    """Write down a run that has ended; return its id."""
    moment = clock.now()
    run = JobRun(
        id=new_id(),
        workspace_id=job.workspace_id,
        job_id=job.id,
        group_id=job.group_id,
        trigger=RunTrigger.MANUAL,
        status=status,
        started_at=moment,
        finished_at=moment,
        duration_ms=1,
        next_at=moment,
        response_status=500 if response is not None else None,
        response_truncated=response is not None,
    )
    run.error, run.response = error, response
    db.session.add(run)
    return run.id
