"""Slots that have come: one run each, whoever looks, and none that is made up for."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.errors import Conflict
from opensink_web.models import RunStatus, RunTrigger, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.deletion import delete_some_left
from opensink_web.operations.jobs.job import delete_job, update_job
from opensink_web.operations.jobs.run import INTERRUPTED, RunResult
from opensink_web.operations.jobs.schedule import BUSY
from opensink_web.work.chores import EACH_MINUTE
from tests.conftest import Cast
from tests.operations.conftest import Moment
from tests.support.jobs import (
    NOON,
    begin_due,
    begin_now,
    claim_runs,
    finish,
    job_of,
    make_job,
    runs_of,
    statuses_of,
)
from tests.support.scenarios import POLICY

pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def noon(moment: Moment) -> Moment:
    moment.now = NOON + timedelta(seconds=30)
    return moment


def change(cast: Cast, job_id: UUID, **changes: Any) -> None:
    with writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        update_job(workspace, job_id, POLICY, **changes)


def run_to_its_end(job_id: UUID, result: RunResult | None = RunResult(None, 200)) -> None:  # noqa: B008 - frozen
    finish(claim_runs(job_id), result)


def test_a_slot_is_run_once_and_the_next_one_is_planned(
    app: Flask, cast: Cast, noon: Moment
) -> None:
    with app.app_context():
        job_id = make_job(cast.alice)
        made = job_of(job_id)
        assert made.next_run_at == NOON + timedelta(minutes=15)
        begin_due()
        assert runs_of(job_id) == [], "none has come yet"
        noon.now = NOON + timedelta(minutes=15, seconds=1)
        begin_due()
        begin_due()
        (run,) = runs_of(job_id)
        assert (run.status, run.trigger) == (RunStatus.DUE, RunTrigger.SCHEDULE)
        assert run.scheduled_for == NOON + timedelta(minutes=15)
        run_to_its_end(job_id)
        job = job_of(job_id)
        assert (job.runs_total, job.runs_succeeded, job.runs_failed) == (1, 1, 0)
        assert (job.last_run_at, job.next_run_at) == (noon.now, NOON + timedelta(minutes=30))
        assert job.updated_at == made.updated_at, "nobody changed it"


def test_many_sweepers_write_one_run(app: Flask, cast: Cast, noon: Moment) -> None:
    with app.app_context():
        job_ids = [make_job(cast.alice) for _ in range(3)]
    noon.now = NOON + timedelta(minutes=15)
    together(app, *[begin_due] * 6)
    with app.app_context():
        assert [len(runs_of(each)) for each in job_ids] == [1, 1, 1]


def together(app: Flask, *each: Callable[[], object]) -> list[BaseException]:
    """Do these at the same moment; return what they raised."""
    start, errors = threading.Barrier(len(each)), list[BaseException]()

    def do(what: Callable[[], object]) -> None:
        with app.app_context():
            start.wait()
            try:
                what()
            except BaseException as error:
                errors.append(error)
            db.session.remove()

    threads = [threading.Thread(target=do, args=(what,)) for what in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_of_many_who_run_it_now_one_does(app: Flask, cast: Cast) -> None:
    with app.app_context():
        job_id = make_job(cast.alice)
    errors = together(app, *[lambda: begin_now(cast.alice, job_id)] * 5)
    assert [type(each) for each in errors] == [Conflict] * 4
    with app.app_context():
        assert statuses_of(job_id) == ["due"]


def test_what_was_missed_is_not_made_up_for(app: Flask, cast: Cast, noon: Moment) -> None:
    with app.app_context():
        job_id = make_job(cast.alice)
        noon.now = NOON + timedelta(hours=3, minutes=7)
        begin_due()
        (run,) = runs_of(job_id)
        assert (run.status, run.scheduled_for) == (RunStatus.SKIPPED, NOON + timedelta(minutes=15))
        assert run.error is not None
        assert run.error.startswith("12 runs from this one on were missed")
        assert job_of(job_id).next_run_at == NOON + timedelta(hours=3, minutes=15)
        assert job_of(job_id).runs_total == 0


def test_a_restart_loses_no_slot(app: Flask, cast: Cast, noon: Moment) -> None:
    with app.app_context():
        daily = make_job(cast.alice, interval_minutes=1440)
        often = make_job(cast.alice, interval_minutes=1)
        noon.now = NOON + timedelta(days=1) - timedelta(hours=12) + timedelta(minutes=4)
        begin_due()
        assert statuses_of(daily) == ["due"]
        assert statuses_of(often) == ["skipped", "due"], "the last one alone"


def test_one_that_comes_while_the_job_runs_is_skipped(app: Flask, cast: Cast, noon: Moment) -> None:
    with app.app_context():
        job_id = make_job(cast.alice)
        begin_now(cast.alice, job_id)
        claims = claim_runs(job_id)
        noon.now = NOON + timedelta(minutes=15)
        begin_due()
        assert [(run.status, run.error) for run in runs_of(job_id)] == [
            (RunStatus.RUNNING, None),
            (RunStatus.SKIPPED, BUSY),
        ]
        finish(claims, RunResult("The address answered 500.", 500))
        assert (job_of(job_id).runs_total, job_of(job_id).runs_failed) == (1, 1)


def test_a_run_whose_worker_died_failed_and_is_not_made_again(
    app: Flask, cast: Cast, noon: Moment
) -> None:
    with app.app_context():
        job_id = make_job(cast.alice)
        begin_now(cast.alice, job_id)
        (dead,) = claim_runs(job_id)
        assert claim_runs(job_id) == [], "it is held"
        noon.pass_seconds(60)
        (claim,) = claim_runs(job_id)
        assert claim.call is None
        finish([claim], None)
        finish([dead])
        (run,) = runs_of(job_id)
        assert (run.status, run.error) == (RunStatus.FAILED, INTERRUPTED)
        assert (job_of(job_id).runs_succeeded, job_of(job_id).runs_failed) == (0, 1)


def test_what_is_changed_while_it_runs(app: Flask, cast: Cast, noon: Moment) -> None:
    with app.app_context():
        job_id = make_job(cast.alice)
        begin_now(cast.alice, job_id)
        claims = claim_runs(job_id)
        change(
            cast, job_id, interval_minutes=60, start_minute=20, call={"url": "http://127.0.0.1:1/"}
        )
        assert job_of(job_id).next_run_at == NOON + timedelta(minutes=20)
        call = claims[0].call
        assert call is not None
        assert call.url == "http://127.0.0.1:9/job", "it ends as it began"
        finish(claims)
        assert statuses_of(job_id) == ["succeeded"]


def test_pausing_takes_back_what_has_not_begun(app: Flask, cast: Cast, noon: Moment) -> None:
    with app.app_context():
        waiting, running = make_job(cast.alice), make_job(cast.alice, "http://127.0.0.1:8/")
        noon.now = NOON + timedelta(minutes=15)
        begin_due()
        claims = claim_runs(running)
        for job_id in (waiting, running):
            change(cast, job_id, is_enabled=False)
        assert claim_runs(waiting) == []
        finish(claims)
        assert (statuses_of(waiting), statuses_of(running)) == (["skipped"], ["succeeded"])
        assert job_of(waiting).next_run_at is None
        noon.now += timedelta(hours=1)
        begin_due()
        assert statuses_of(waiting) == ["skipped"]
        begin_now(cast.alice, waiting)
        assert statuses_of(waiting) == ["skipped", "due"], "a person may run it still"
        change(cast, waiting, is_enabled=True)
        assert job_of(waiting).next_run_at == NOON + timedelta(minutes=90)
        assert statuses_of(waiting) == ["skipped", "due"]


def test_one_that_is_deleted_while_it_runs(app: Flask, cast: Cast, noon: Moment) -> None:
    with app.app_context():
        job_id = make_job(cast.alice)
        begin_now(cast.alice, job_id)
        claims = claim_runs(job_id)
        with writing():
            delete_job(db.session.get_one(Workspace, cast.alice.workspace_id), job_id)
        finish(claims)
        noon.now += timedelta(days=1)
        begin_due()
        is_left = True
        while is_left:
            with writing():
                is_left = delete_some_left() > 0
        assert runs_of(job_id) == []
        finish(claims)


def test_a_clock_that_is_put_back_repeats_no_slot_and_plans_anew(
    app: Flask, cast: Cast, noon: Moment
) -> None:
    with app.app_context():
        job_id = make_job(cast.alice)
        noon.now = NOON + timedelta(minutes=15)
        begin_due()
        run_to_its_end(job_id)
        noon.now = NOON + timedelta(minutes=5)
        while EACH_MINUTE[1].go_on():
            pass
        assert job_of(job_id).next_run_at == NOON + timedelta(minutes=15)
        noon.now = NOON + timedelta(minutes=15)
        begin_due()
        assert statuses_of(job_id) == ["succeeded"]
        assert job_of(job_id).next_run_at == NOON + timedelta(minutes=30)


def test_a_clock_that_is_put_forward_runs_nothing_in_a_burst(
    app: Flask, cast: Cast, noon: Moment
) -> None:
    with app.app_context():
        job_id = make_job(cast.alice, interval_minutes=1)
        noon.now += timedelta(days=365)
        begin_due()
        assert statuses_of(job_id) == ["skipped", "due"]


def test_one_whose_key_is_gone_fails_and_says_so(app: Flask, cast: Cast) -> None:
    with app.app_context():
        job_id = make_job(cast.alice)
        with writing():
            job = db.session.get_one(type(job_of(job_id)), job_id)
            job.sealed_endpoint = "00000000.lost"
        begin_now(cast.alice, job_id)
        finish(claim_runs(job_id), None)
        (run,) = runs_of(job_id)
        assert run.status is RunStatus.FAILED
        assert "cannot be made" in (run.error or "")
