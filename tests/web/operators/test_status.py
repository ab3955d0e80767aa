"""The status page: who may see it, what it says first, and what it never says."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web import clock
from opensink_web.factory import create_app
from opensink_web.models import Agent, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.status import figures
from opensink_web.operations.status.checks import findings_of
from opensink_web.operations.status.condition import read_condition
from opensink_web.operations.status.parts import Readiness
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.headers import is_own_name
from opensink_web.outbound.job_call import build_job_call
from opensink_web.outbound.signing import new_secret
from opensink_web.settings import Settings
from tests.architecture.query_plans import findings
from tests.conftest import Cast
from tests.support.scenarios import ENDPOINT, ask_in
from tests.support.statements import statements, writes_in

ELSEWHERE = {"REMOTE_ADDR": "192.0.2.1"}
# indexes that hold nothing but what is due, leased, deleted or of one kind
NARROW = re.compile(r"SCAN \w+ USING (COVERING )?INDEX ix_\w+_(due|leased|deleted)$")


@pytest.fixture
def environment(environment: dict[str, str], redis_url: str) -> dict[str, str]:
    return environment | {"REDIS_URL": redis_url}


@pytest.fixture
def guarded(settings: Settings, app: Flask) -> Flask:
    """The same server, with a token; it has the tables of the other."""
    return create_app(replace(settings, metrics_token="sesame"))


def entered(client: FlaskClient, token: str) -> int:
    form = client.get("/status", environ_base=ELSEWHERE).text
    (csrf,) = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    data = {"csrf_token": csrf, "token": token}
    return client.post("/status", data=data, environ_base=ELSEWHERE).status_code


def test_it_is_seen_here_or_with_the_token_and_by_no_sign_in(
    app: Flask, guarded: Flask, alice: FlaskClient
) -> None:
    assert app.test_client().get("/status").status_code == 200, "from this machine"
    for path in ("/status", "/status.json"):
        assert alice.get(path, environ_base=ELSEWHERE).status_code == 404, "an admin elsewhere"
    browser = guarded.test_client()
    assert "enter its METRICS_TOKEN" in browser.get("/status").text, "also here, where there is one"
    assert entered(browser, "Sesame") == 422
    assert "Workers" not in browser.get("/status").text
    assert browser.get("/status.json").status_code == 404
    assert entered(browser, "sesame") == 303
    assert "Work after a commit" in browser.get("/status", environ_base=ELSEWHERE).text
    program = guarded.test_client()
    headers = {"Authorization": "Bearer sesame"}
    report = program.get("/status.json", headers=headers, environ_base=ELSEWHERE).get_json()
    assert report["status"] == "fail", "no worker runs"
    assert program.get("/status.json", headers={"Authorization": "Bearer x"}).status_code == 404


@pytest.mark.parametrize("path", ["/status", "/status.json", "/metrics"])
def test_no_page_of_another_site_and_no_worker_is_on_this_machine(app: Flask, path: str) -> None:
    client = app.test_client()
    for host in ("localhost:7465", "127.0.0.1:7465", "[::1]:7465"):
        assert client.get(path, headers={"Host": host}).status_code == 200, host
    for host in ("evil.example:7465", "evil.example", "localhost.evil.example", "a@localhost", ""):
        assert client.get(path, headers={"Host": host}).status_code == 404, host
    url = f"http://127.0.0.1:7465{path}"
    headers = (("User-Agent", "Prometheus"),)
    job = build_job_call(
        EndpointSpec(url, "GET", headers, None, 30),
        job_id="a",
        run_id="b",
        scheduled_for=None,
        signing_secrets=(new_secret(),),
        now=clock.now(),
    )
    assert client.get(path, headers=list(job.headers)).status_code == 404
    for name, value in job.headers:  # one is enough: who has these is called for a member
        if is_own_name(name):
            assert client.get(path, headers={name: value}).status_code == 404, name


def test_guessing_as_a_program_is_slow_too(guarded: Flask) -> None:
    program = guarded.test_client()

    def status_with(token: str) -> int:
        return program.get(
            "/status.json", headers={"Authorization": f"Bearer {token}"}, environ_base=ELSEWHERE
        ).status_code

    assert {status_with("sesame") for _ in range(12)} == {200}, "who has it may ask as often"
    statuses = [status_with("guess") for _ in range(11)]
    assert (statuses[0], statuses[-1]) == (404, 429)
    assert status_with("sesame") == 429, "or guessing would go on"


def test_another_token_ends_it_and_guessing_is_slow(settings: Settings, guarded: Flask) -> None:
    browser = guarded.test_client()
    assert entered(browser, "sesame") == 303
    cookie = browser.get_cookie("opensink_operator", path="/status")
    assert cookie is not None
    changed = create_app(replace(settings, metrics_token="another")).test_client()
    changed.set_cookie("opensink_operator", cookie.value, path="/status")
    assert "enter its METRICS_TOKEN" in changed.get("/status").text
    statuses = [entered(changed, "guess") for _ in range(11)]
    assert (statuses[0], statuses[-1]) == (422, 429)


@pytest.mark.usefixtures("on_each_database")
def test_it_says_what_is_wrong_first_names_nobody_and_costs_little(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        with writing():
            db.session.get_one(Agent, waiting.agent_id).endpoint_unhealthy_since = (
                clock.now() - timedelta(days=1)
            )
            db.session.get_one(Workspace, cast.alice.workspace_id).name = "Secret Plans"
    client = app.test_client()
    with statements(app) as said:
        page = client.get("/status").text
    assert writes_in(said) == []
    with app.app_context(), reading():
        assert [each for each in findings(said) if not NARROW.match(each.problem)] == []
    assert page.index("start <code>opensink worker</code>") < page.index(
        "1 agent cannot be reached"
    )
    assert page.index("1 agent cannot be reached") < page.index("Work after a commit")
    assert str(cast.alice.workspace_id) in page
    for word in ("Secret Plans", cast.alice.email, "Approve"):
        assert word not in page
    part = client.get("/status", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div class="stack" id="status" hx-get="/status"')
    report = client.get("/status.json").get_json()
    assert report["database"]["waiting"][0].keys() == {"workspace_id", "count", "oldest_at"}
    assert report["database"]["failing_endpoints"][0]["count"] == 1


def test_a_database_that_is_away_is_said(settings: Settings) -> None:
    away = create_app(replace(settings, database_url="postgresql://u:hunter2@127.0.0.1:1/x"))
    page = away.test_client().get("/status")
    assert page.status_code == 200
    assert "so nothing can be stored" in page.text
    assert "hunter2" not in page.text


def test_a_database_without_tables_and_a_folder_that_is_not_there_are_said(
    settings: Settings, app: Flask, tmp_path: Path
) -> None:
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    changed = create_app(replace(settings, database_url=empty))
    with changed.app_context():
        condition = read_condition(
            replace(settings, data_dir=tmp_path / "none"), Readiness(False, 0), lambda: ()
        )
    assert condition.disk is None
    assert "It has no tables yet" in {
        each.sentence.partition(";")[0] for each in findings_of(condition)
    }
    page = changed.test_client().get("/status").text
    assert "It has no tables yet" in page
    assert "Work after a commit" not in page


def test_no_more_is_counted_than_somebody_reads(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "COUNTED_MAX", 2)
    with app.app_context():
        for _ in range(3):
            ask_in(cast.alice, None)
        ask_in(cast.charlie, None)
        with reading():
            counts = {each.workspace_id: each.count for each in figures.waiting_now()}
    assert counts[cast.alice.workspace_id] == 2
    assert counts[cast.charlie.workspace_id] == 1
