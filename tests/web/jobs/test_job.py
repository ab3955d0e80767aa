"""Jobs: the list, making, changing, pausing, running and deleting one, and its runs."""

import html
import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from opensink_web import clock
from opensink_web.models import BackgroundJob, JobRun, RunStatus, RunTrigger, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.jobs.queries import endpoint_of
from opensink_web.operations.jobs.run import RunResult, result_of
from opensink_web.outbound.client import Response
from tests.conftest import Cast
from tests.support.agent_cases import SECRET
from tests.support.jobs import begin_now, claim_runs, finish, job_of, make_job, statuses_of

LIST = "/w/main/jobs"
FORM = {
    "name": "Poll",
    "every": "15",
    "interval_minutes": "",
    "start_minute": "5",
    "method": "PUT",
    "url": "http://127.0.0.1:9/poll",
    "body": '{"z": 1, "a": 2}',
    "timeout_seconds": "45",
    "enabled": "y",
}


def make(app: Flask, cast: Cast, **more: Any) -> UUID:
    with app.app_context():
        return make_job(cast.alice, **more)


def ran(app: Flask, cast: Cast, job_id: UUID, result: RunResult) -> None:
    with app.app_context():
        begin_now(cast.alice, job_id)
        finish(claim_runs(job_id), result)


def count(app: Flask) -> int:
    with app.app_context(), reading():
        return db.session.scalar(select(func.count()).select_from(BackgroundJob)) or 0


def add_runs(cast: Cast, job_id: UUID, count: int) -> None:
    with writing():
        job = db.session.get_one(BackgroundJob, job_id)
        for number in range(count):
            run = JobRun(
                workspace_id=cast.alice.workspace_id,
                group_id=job.group_id,
                job_id=job_id,
                trigger=RunTrigger.MANUAL,
                status=(RunStatus.FAILED, RunStatus.SUCCEEDED)[number % 2],
                next_at=clock.now(),
            )
            db.session.add(run)


class TestMaking:
    def test_the_first_one_is_offered_and_made(self, alice: FlaskClient, app: Flask) -> None:
        assert "No jobs yet" in alice.get(LIST).text
        made = alice.post(f"{LIST}/new", data=FORM | SECRET)
        assert made.status_code == 303, made.text
        job_id = UUID(made.location.rpartition("/")[2])
        with app.app_context():
            job = job_of(job_id)
            endpoint = endpoint_of(job)
        assert (job.interval_minutes, job.start_minute, job.is_enabled) == (15, 5, True)
        assert (endpoint.method, endpoint.timeout_seconds) == ("PUT", 45)
        assert endpoint.headers == (("Authorization", "Bearer of news"),)
        assert "Poll" in alice.get(LIST).text
        page = alice.get(made.location).text
        assert "Every 15 minutes" in page
        assert "of news" not in page

    def test_another_number_of_minutes_is_typed(self, alice: FlaskClient, app: Flask) -> None:
        made = alice.post(f"{LIST}/new", data=FORM | {"every": "own", "interval_minutes": "25"})
        with app.app_context():
            assert job_of(UUID(made.location.rpartition("/")[2])).interval_minutes == 25
        edit = alice.get(made.location + "/edit").text
        assert re.search(r'<option selected value="own">', edit)
        assert 'value="25"' in edit

    def test_what_is_wrong_is_said_and_kept_and_nothing_is_stored(
        self, alice: FlaskClient, app: Flask
    ) -> None:
        for wrong, message in (
            ({"name": ""}, "Enter a name."),
            ({"every": "own"}, "Enter how many whole minutes"),
            ({"every": "own", "interval_minutes": "99999"}, "The interval is 1 to 10,080 minutes."),
            ({"start_minute": "60"}, "With this interval the start minute is 0 to 59."),
            ({"url": "ftp://example.com"}, "http"),
            ({"url": "http://169.254.169.254/"}, "169.254.169.254"),
            ({"headers-0-name": "webhook-id", "headers-0-value": "x"}, "set by OpenSink itself"),
            ({"body": "[1]"}, "The body must be a JSON object"),
            ({"timeout_seconds": "301"}, "Enter 1 to 300 seconds."),
        ):
            refused = alice.post(f"{LIST}/new", data=FORM | wrong)
            assert refused.status_code == 422, wrong
            assert message in html.unescape(refused.text), wrong
            assert "Poll" in refused.text or wrong == {"name": ""}
        assert count(app) == 0

    def test_the_next_runs_are_shown_while_typing_and_by_a_button(self, alice: FlaskClient) -> None:
        times = {"every": "30", "interval_minutes": "", "start_minute": "5"}
        part = alice.post(f"{LIST}/preview", data=times).text
        moments = re.findall(r'datetime="[^"]+T\d\d:(\d\d):00Z"', part)
        assert len(moments) == 5
        assert set(moments) == {"05", "35"}
        assert "whole numbers" in alice.post(f"{LIST}/preview", data={"every": "own"}).text
        assert alice.post(f"{LIST}/preview", data={"every": "own"}).status_code == 200
        drawn = alice.post(f"{LIST}/new", data=FORM | {"name": "", "preview": "1"})
        assert drawn.status_code == 200
        assert 'value="5"' in drawn.text

    @pytest.mark.parametrize("every", ["abc", "", "7", "²", "9" * 5000])
    @pytest.mark.parametrize("form", [FORM, FORM | {"preview": "1"}])
    def test_an_interval_that_is_not_offered_is_refused(
        self, alice: FlaskClient, app: Flask, every: str, form: dict[str, str]
    ) -> None:
        part = alice.post(f"{LIST}/preview", data=form | {"every": every})
        assert part.status_code == 422
        assert "Choose how often it runs" in part.text
        page = alice.post(f"{LIST}/new", data=form | {"every": every})
        assert page.status_code == (200 if "preview" in form else 422)
        assert "Choose how often it runs" in page.text
        assert count(app) == 0

    def test_a_header_more_and_less(self, alice: FlaskClient) -> None:
        more = alice.post(f"{LIST}/new", data=FORM | {"add_header": "1"}).text
        assert 'name="headers-0-name"' in more
        less = alice.post(f"{LIST}/new", data=FORM | SECRET | {"remove_header": "headers-0"}).text
        assert 'name="headers-0-name"' not in less


class TestChanging:
    def test_credentials_stay_where_they_are_masked(self, alice: FlaskClient, app: Flask) -> None:
        place = alice.post(f"{LIST}/new", data=FORM | SECRET).location
        edit = alice.get(f"{place}/edit").text
        assert "••••" in edit
        assert "of news" not in edit
        masked = SECRET | {"headers-0-value": "••••", "every": "60", "start_minute": "7"}
        assert alice.post(f"{place}/edit", data=FORM | masked).status_code == 303
        with app.app_context():
            job = job_of(UUID(place.rpartition("/")[2]))
            assert endpoint_of(job).headers == (("Authorization", "Bearer of news"),)
        assert (job.interval_minutes, job.start_minute) == (60, 7)

    def test_it_is_paused_resumed_and_deleted(
        self, alice: FlaskClient, app: Flask, cast: Cast
    ) -> None:
        job_id = make(app, cast)
        place = f"{LIST}/{job_id}"
        assert alice.post(f"{place}/pause").location == place
        assert "Paused" in alice.get(place).text
        assert "Paused" in alice.get(LIST).text
        assert alice.post(f"{place}/resume").location == place
        assert "Active" in alice.get(place).text
        assert alice.post(f"{place}/delete").location == LIST
        assert alice.get(place).status_code == 404

    def test_one_that_cannot_be_decrypted_is_entered_anew(
        self, alice: FlaskClient, app: Flask, cast: Cast
    ) -> None:
        job_id = make(app, cast)
        with app.app_context(), writing():
            db.session.get_one(BackgroundJob, job_id).sealed_endpoint = "00000000.lost"
        for page in (f"{LIST}/{job_id}", f"{LIST}/{job_id}/edit", LIST):
            assert alice.get(page).status_code == 200
        assert alice.post(f"{LIST}/{job_id}/edit", data=FORM).status_code == 303
        assert "127.0.0.1:9/poll" in alice.get(f"{LIST}/{job_id}").text


class TestRunning:
    def test_the_result_appears_by_itself(self, alice: FlaskClient, app: Flask, cast: Cast) -> None:
        job_id = make(app, cast)
        place = alice.post(f"{LIST}/{job_id}/run").location
        waiting = alice.get(place).text
        assert "about to be sent" in waiting
        again = alice.post(f"{LIST}/{job_id}/run", follow_redirects=True).text
        assert "This job is running." in again
        (asked,) = re.findall(r'hx-get="([^"]+)" data-live="jobs"', waiting)
        by_itself = {"HX-Request": "true"}
        assert alice.get(html.unescape(asked), headers=by_itself).status_code == 204
        with app.app_context():
            finish(claim_runs(job_id), RunResult(None, 200, "<b>Done</b>\n{{ 7 * 7 }}", False, 12))
        part = alice.get(html.unescape(asked), headers=by_itself).text
        assert "<html" not in part
        assert "The address answered 200." in part
        assert "&lt;b&gt;Done&lt;/b&gt;" in part
        assert "data-live" not in part

    def test_a_response_tells_nobody_what_the_address_hides(
        self, bob: FlaskClient, app: Flask, cast: Cast
    ) -> None:
        job_id = make(app, cast, url="http://127.0.0.1:9/api/poll?code=a-function-key")
        echo = "No POST /api/poll?code=a-function-key"
        with app.app_context():
            run_id = begin_now(cast.alice, job_id)
            claims = claim_runs(job_id)
            call = claims[0].call
            assert call is not None
            body = echo.encode()
            answer = Response(404, echo, (), body, False, 1.5, "127.0.0.1", None)
            finish(claims, result_of(claims[0], call, answer))
        page = bob.get(f"{LIST}/{job_id}/runs/{run_id}").text
        assert page.count("No POST /api/poll?code=••••") == 2
        assert "function-key" not in page + bob.get(f"{LIST}/{job_id}").text

    def test_the_list_is_light_and_each_strip_is_one_stop(
        self, alice: FlaskClient, app: Flask, cast: Cast
    ) -> None:
        for number in range(20):
            job_id = make(app, cast, name=f"Job {number}")
            with app.app_context():
                add_runs(cast, job_id, 50)
        text = alice.get(LIST).text
        (table,) = re.findall(r"<tbody>.*</tbody>", text, re.DOTALL)
        assert table.count("M49 ") == 20, "all runs are drawn"
        assert table.count("<a ") == 20 * 2, "the job, and its newest run"
        assert len(table) < 20 * 2000

    def test_the_strip_says_how_the_last_runs_went(
        self, alice: FlaskClient, app: Flask, cast: Cast
    ) -> None:
        job_id = make(app, cast)
        for result in (RunResult(None, 200), RunResult("The address answered 500.", 500)):
            ran(app, cast, job_id, result)
        text = alice.get(LIST).text
        assert "Last 2 runs: 1 succeeded, 1 failed. Newest: Failed, " in text
        drawn = re.findall(r'<path class="tick-(\w+)" d="([^"]+)"', text)
        assert drawn == [("succeeded", "M0 2V12"), ("failed", "M1 0V12")]
        (newest,) = re.findall(r'<span class="ticks" hx-disable><a href="([^"]+)"', text)
        assert "500" in alice.get(newest).text
        text = alice.get(f"{LIST}/{job_id}").text
        assert 'role="group" aria-label="Last 2 runs: 1 succeeded, 1 failed. Arrow' in text
        ticks = re.findall(r'<a class="tick-(\w+)" id="tick-[^"]+" (tabindex="-1" )?href=', text)
        assert ticks == [("succeeded", 'tabindex="-1" '), ("failed", "")], "one stop for keys"
        failed = alice.get(f"{LIST}/{job_id}?status=failed").text
        assert failed.count('id="row-') == 1
        assert "No such runs" in alice.get(f"{LIST}/{job_id}?status=skipped").text

    def test_its_signing_secret_is_shown_and_replaced(
        self, alice: FlaskClient, app: Flask, cast: Cast
    ) -> None:
        place = f"{LIST}/{make(app, cast)}"
        assert "whsec_" not in alice.get(place).text
        shown = alice.post(f"{place}/signing-secret").text
        assert alice.post(f"{place}/signing-secret/rotate").location == place
        assert alice.post(f"{place}/signing-secret").text != shown
        assert "Two secrets sign." in alice.get(place).text
        assert alice.post(f"{place}/signing-secret/end-overlap").location == place
        assert "Two secrets sign." not in alice.get(place).text


def test_a_reviewer_sees_and_changes_nothing(
    alice: FlaskClient, bob: FlaskClient, app: Flask, cast: Cast
) -> None:
    place = alice.post(f"{LIST}/new", data=FORM | SECRET).location
    page = bob.get(place)
    assert page.status_code == 200
    assert "Run now" not in page.text
    assert "New job" not in bob.get(LIST).text
    for action in ("run", "pause", "resume", "delete", "edit", "signing-secret"):
        assert bob.post(f"{place}/{action}", data=FORM).status_code == 403
    assert bob.post(f"{LIST}/new", data=FORM).status_code == 403
    with app.app_context():
        assert statuses_of(UUID(place.rpartition("/")[2])) == []


@pytest.mark.parametrize("action", ["", "/edit", "/run", "/pause", "/resume", "/delete"])
def test_nobody_elsewhere_finds_it(
    charlie: FlaskClient, app: Flask, cast: Cast, action: str
) -> None:
    place = f"/w/elsewhere/jobs/{make(app, cast)}{action}"
    assert charlie.open(place, method="POST" if action else "GET", data=FORM).status_code == 404
