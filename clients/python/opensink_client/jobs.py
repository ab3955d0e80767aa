"""The client's calls about HTTP requests on a fixed interval."""

from collections.abc import Iterator
from typing import Any

from .resources import BackgroundJob, JobRun, read
from .transport import Transport, part


class Jobs:
    """Background jobs and their runs."""

    _http: Transport

    def create_background_job(
        self, name: str, interval_minutes: int, url: str, **settings: Any
    ) -> BackgroundJob:
        """Make a job.

        Settings are start_minute, method, headers, body, timeout_seconds and enabled.
        """
        return read(
            BackgroundJob,
            self._http.api(
                "POST",
                "/background-jobs",
                {"url": url, "name": name, "interval_minutes": interval_minutes, **settings},
            ),
        )

    def list_background_jobs(self, **filters: Any) -> Iterator[BackgroundJob]:
        """Yield jobs, newest first; the filter is enabled."""
        for item in self._http.each("/background-jobs", filters):
            yield read(BackgroundJob, item)

    def get_background_job(self, job_id: str) -> BackgroundJob:
        """Read a job."""
        return read(BackgroundJob, self._http.api("GET", f"/background-jobs/{part(job_id)}"))

    def update_background_job(self, job_id: str, **changes: Any) -> BackgroundJob:
        """Change a job; changes are the fields of create_background_job."""
        return read(
            BackgroundJob, self._http.api("PATCH", f"/background-jobs/{part(job_id)}", changes)
        )

    def delete_background_job(self, job_id: str) -> None:
        """Delete a job and its runs."""
        self._http.api("DELETE", f"/background-jobs/{part(job_id)}")

    def list_job_runs(self, job_id: str, **filters: Any) -> Iterator[JobRun]:
        """Yield runs, newest first; the filter is status."""
        for item in self._http.each(f"/background-jobs/{part(job_id)}/runs", filters):
            yield read(JobRun, item)

    def get_job_run(self, job_id: str, run_id: str) -> JobRun:
        """Read a run."""
        return read(
            JobRun, self._http.api("GET", f"/background-jobs/{part(job_id)}/runs/{part(run_id)}")
        )

    def run_background_job(self, job_id: str) -> JobRun:
        """Run a job now."""
        return read(JobRun, self._http.api("POST", f"/background-jobs/{part(job_id)}/run"))

    def rotate_job_signing_secret(self, job_id: str) -> BackgroundJob:
        """Make a new secret; calls are signed with both until the overlap ends."""
        return read(
            BackgroundJob,
            self._http.api("POST", f"/background-jobs/{part(job_id)}/rotate-signing-secret"),
        )

    def end_job_signing_overlap(self, job_id: str) -> BackgroundJob:
        """Sign calls with the new secret alone from now on."""
        return read(
            BackgroundJob,
            self._http.api("POST", f"/background-jobs/{part(job_id)}/end-signing-overlap"),
        )
