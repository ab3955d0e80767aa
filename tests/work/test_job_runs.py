"""Runs of jobs in a real worker: the request as it arrives, and what is kept of how it went."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from opensink_client.signature import is_signed
from opensink_web import clock
from opensink_web.json_value import JSONObject
from opensink_web.models import BackgroundJob, RunStatus, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.signing_secret import signing_secret_of
from opensink_web.operations.jobs.job import JobFields, create_job
from opensink_web.outbound.endpoint_call import EndpointSpec
from tests.conftest import Cast
from tests.support.jobs import begin_due, begin_now, job_of, make_job, runs_of, statuses_of
from tests.support.real_servers import AgentEndpoint
from tests.support.scenarios import POLICY

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]
BODY: JSONObject = {"report": "daily"}


def make_signed_job(cast: Cast, url: str) -> tuple[BackgroundJob, str]:
    """Make a job with a body and a credential; return it with its signing secret."""
    headers = (("X-Api-Key", "a-credential-of-some-length"), ("X-Plain", "seen"))
    endpoint = EndpointSpec(url, "PUT", headers, BODY, 30)
    with writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        job = create_job(workspace, POLICY, JobFields("Report", 60, 0, endpoint))
        job_id, secret = job.id, signing_secret_of(workspace, job)
    return job_of(job_id), secret


def test_the_request_is_as_it_was_configured_and_signed(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        endpoint.body = b"a-credential-of-some-length is not good" + b"!" * 5000
        endpoint.status = 403
        job, secret = make_signed_job(cast, endpoint.url)
        begin_now(cast.alice, job.id)
        work()
        (call,), (run,) = endpoint.calls, runs_of(job.id)
        with reading():
            execution_secret = db.session.get_one(
                Workspace, cast.alice.workspace_id
            ).execution_secret
    assert (call.method, call.body) == ("PUT", BODY)
    assert (call.headers["x-api-key"], call.headers["x-plain"]) == (
        "a-credential-of-some-length",
        "seen",
    )
    assert call.headers["x-opensink-job-id"] == str(job.id)
    assert call.headers["x-opensink-run-id"] == call.headers["webhook-id"] == str(run.id)
    assert is_signed(call.headers, call.raw, secret)
    assert execution_secret not in str(call.headers), "it may be anybody's address"
    assert (run.status, run.response_status) == (RunStatus.FAILED, 403)
    assert run.error == "The address answered 403 Forbidden."
    assert run.response is not None
    assert run.response.startswith("•••• is not good!")
    assert run.response_truncated
    assert run.duration_ms is not None


def test_the_sweeper_begins_a_slot_and_the_worker_ends_it(
    app: Flask, cast: Cast, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        job_id = make_job(cast.alice, endpoint.url, interval_minutes=60)
        slot = job_of(job_id).next_run_at
        assert slot is not None
        with monkeypatch.context() as later:
            later.setattr(clock, "now", lambda: slot + timedelta(seconds=1))
            begin_due()
            work()
        (call,) = endpoint.calls
        assert call.headers["x-opensink-scheduled-for"] == f"{slot:%Y-%m-%dT%H:%M:%SZ}"
        assert call.raw == b""
        assert statuses_of(job_id) == ["succeeded"]


def test_an_address_that_may_not_be_called_is_not(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    """The policy may have changed since it was entered."""
    with app.app_context():
        job_id = make_job(cast.alice, "http://127.0.0.1:9/job")
        with writing():
            job = db.session.get_one(BackgroundJob, job_id)
            job.endpoint = {**job.endpoint, "url": "http://169.254.169.254/latest"}
        begin_now(cast.alice, job_id)
        work()
        (run,) = runs_of(job_id)
        assert (run.status, run.response_status) == (RunStatus.FAILED, None)
        assert "169.254" in (run.error or "")
