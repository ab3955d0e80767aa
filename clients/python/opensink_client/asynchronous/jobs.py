"""Made of jobs.py, by `python -m tests.asynchronous_client`: change that one."""

from collections.abc import AsyncIterator
from typing import Any

from ..resources import BackgroundJob, JobRun
from .threads import Threaded


class AsyncJobs(Threaded):
    """Background jobs and their runs."""

    async def create_background_job(
        self, name: str, interval_minutes: int, url: str, **settings: Any
    ) -> BackgroundJob:
        """Make a job.

        Settings are start_minute, method, headers, body, timeout_seconds and enabled.
        """
        return await self._call(
            self._client.create_background_job, name, interval_minutes, url, **settings
        )

    def list_background_jobs(self, **filters: Any) -> AsyncIterator[BackgroundJob]:
        """Yield jobs, newest first; the filter is enabled."""
        return self._each(self._client.list_background_jobs(**filters))

    async def get_background_job(self, job_id: str) -> BackgroundJob:
        """Read a job."""
        return await self._call(self._client.get_background_job, job_id)

    async def update_background_job(self, job_id: str, **changes: Any) -> BackgroundJob:
        """Change a job; changes are the fields of create_background_job."""
        return await self._call(self._client.update_background_job, job_id, **changes)

    async def delete_background_job(self, job_id: str) -> None:
        """Delete a job and its runs."""
        await self._call(self._client.delete_background_job, job_id)

    def list_job_runs(self, job_id: str, **filters: Any) -> AsyncIterator[JobRun]:
        """Yield runs, newest first; the filter is status."""
        return self._each(self._client.list_job_runs(job_id, **filters))

    async def get_job_run(self, job_id: str, run_id: str) -> JobRun:
        """Read a run."""
        return await self._call(self._client.get_job_run, job_id, run_id)

    async def run_background_job(self, job_id: str) -> JobRun:
        """Run a job now."""
        return await self._call(self._client.run_background_job, job_id)

    async def rotate_job_signing_secret(self, job_id: str) -> BackgroundJob:
        """Make a new secret; calls are signed with both until the overlap ends."""
        return await self._call(self._client.rotate_job_signing_secret, job_id)

    async def end_job_signing_overlap(self, job_id: str) -> BackgroundJob:
        """Sign calls with the new secret alone from now on."""
        return await self._call(self._client.end_job_signing_overlap, job_id)
