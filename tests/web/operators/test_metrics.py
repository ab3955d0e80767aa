"""GET /metrics: the text format, who may read it, and numbers that go on after a deletion."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web import clock
from opensink_web.factory import create_app
from opensink_web.models import Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import delete_agent
from opensink_web.operations.counter import MESSAGES, count
from opensink_web.operations.requests.options import RequestOptions
from opensink_web.services import EXTENSION, Services
from opensink_web.settings import Settings
from opensink_web.web.operators.exposition import Family, MetricType, Sample, written
from opensink_web.work.chores import CHAINING, DELETING, Counting
from opensink_web.work.connection import announcing_connection
from opensink_web.work.kinds import KINDS
from opensink_web.work.sweeper import Sweeper
from opensink_web.work.worker import run_worker
from tests.architecture.query_plans import findings
from tests.conftest import Cast
from tests.support.large_batches import do_all
from tests.support.real_servers import AgentEndpoint
from tests.support.scenarios import answer, ask_in, endpoint_at
from tests.support.statements import statements, writes_in

LABEL = r'[a-z_]+="(?:[^"\\\n]|\\["\\n])*"'
LINE = re.compile(rf"(\w+)((?:\{{{LABEL}(?:,{LABEL})*\}})?) (-?[0-9.e+-]+)")


@pytest.fixture
def environment(environment: dict[str, str], redis_url: str) -> dict[str, str]:
    return environment | {"REDIS_URL": redis_url}


def samples_of(page: str) -> dict[str, float]:
    """Read the format; every line must be one of it, and each family is said once, before its
    samples.
    """
    samples: dict[str, float] = {}
    family = ""
    for line in page.splitlines():
        comment = re.fullmatch(r"# (HELP|TYPE) (\w+) (.+)", line)
        if comment:
            if comment[1] == "HELP":
                assert not any(name.startswith(f"{comment[2]} ") for name in samples)
                family = comment[2]
            assert comment[2] == family
            continue
        sample = LINE.fullmatch(line)
        assert sample, line
        assert re.sub("_(bucket|sum|count)$", "", sample[1]) == family
        samples[sample[1] + sample[2]] = float(sample[3])
    return samples


def looked_at(app: Flask, query: str = "") -> dict[str, float]:
    answer = app.test_client().get(f"/metrics{query}")
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    return samples_of(answer.text)


@pytest.mark.server
@pytest.mark.usefixtures("on_each_database")
def test_what_waits_is_due_and_was_done_is_said_and_goes_on_after_a_deletion(
    app: Flask, cast: Cast, settings: Settings
) -> None:
    with AgentEndpoint() as endpoint:
        with app.app_context():
            ask_in(cast.charlie, endpoint_at(endpoint.url))
            answered = ask_in(
                cast.alice, endpoint_at(endpoint.url), RequestOptions(tags=("secret",))
            )
            waiting = ask_in(cast.alice, endpoint_at(endpoint.url))
            answer(cast.bob, answered)
            Sweeper(announcing_connection(settings.redis_url), settings).sweep()
        before = looked_at(app)
        assert before['opensink_queue_due{kind="deliveries"}'] == 1
        assert before['opensink_queue_due_oldest_seconds{kind="deliveries"}'] >= 0
        assert {f'opensink_queue_leased{{kind="{kind}"}}' for kind in KINDS} <= before.keys()
        assert before["opensink_redis_up"] == before["opensink_database_up"] == 1
        swept_at = before["opensink_sweeper_last_round_seconds"]
        assert abs(swept_at - clock.now().timestamp()) < timedelta(hours=1).total_seconds()
        services: Services = app.extensions[EXTENSION]
        run_worker(settings, app.app_context, services.signer, burst=True)
    with app.app_context():
        do_all([*CHAINING, Counting()])
        with writing():
            count(MESSAGES, {"email sent": 2})
    after = looked_at(app)
    expected = {
        "opensink_requests_waiting": 2,
        "opensink_requests_created_total": 3,
        'opensink_notifications_total{channel="email",outcome="sent"}': 2,
        'opensink_requests_ended_total{outcome="answered"}': 1,
        'opensink_requests_ended_total{outcome="declined"}': 0,
        'opensink_queue_due{kind="deliveries"}': 0,
        'opensink_delivery_seconds_count{outcome="at_once"}': 1,
        'opensink_delivery_seconds_bucket{outcome="at_once",le="+Inf"}': 1,
        'opensink_delivery_seconds_count{outcome="failed"}': 0,
    }
    assert {name: after[name] for name in expected} == expected
    assert after["opensink_requests_waiting_oldest_seconds"] > 0
    # no word that somebody entered, and no id unless it is asked for
    assert "secret" not in str(after)
    named = looked_at(app, "?workspaces=1")
    of_alice = f'opensink_requests_waiting{{workspace="{cast.alice.workspace_id}"}}'
    assert named[of_alice] == 1
    assert str(cast.alice.workspace_id) not in str(after)
    with app.app_context():
        with writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            delete_agent(workspace, answered.agent_id)
            delete_agent(workspace, waiting.agent_id)
        do_all([*DELETING, *CHAINING, Counting()])
    gone = looked_at(app)
    assert gone["opensink_requests_waiting"] == 1
    for name in expected:
        if name.endswith("_total") or "_delivery_" in name:
            assert gone[name] >= after[name], name


@pytest.mark.usefixtures("on_each_database")
def test_it_scans_no_table_that_grows_and_writes_nothing(app: Flask, cast: Cast) -> None:
    with app.app_context():
        ask_in(cast.alice, None)
    with statements(app) as said:
        looked_at(app)
    assert writes_in(said) == []
    with app.app_context(), reading():
        # indexes that hold nothing but what is due, leased or deleted
        narrow = re.compile(r"SCAN \w+ USING (COVERING )?INDEX ix_\w+_(due|leased|deleted)$")
        assert [each for each in findings(said) if not narrow.match(each.problem)] == []


def test_only_who_has_the_token_or_is_on_this_machine_may_read_it(
    app: Flask, settings: Settings
) -> None:
    here = app.test_client()
    assert here.get("/metrics").status_code == 200
    assert here.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    assert here.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 404
    public = reader_of(replace(settings, public_url="https://opensink.example"))
    assert public.get("/metrics").status_code == 404
    guarded = reader_of(replace(settings, metrics_token="sesame"))
    for said, status in (("Bearer sesame", 200), ("Bearer Sesame", 404), ("", 404)):
        headers = {"Authorization": said, "X-Forwarded-For": "192.0.2.1"}
        assert guarded.get("/metrics", headers=headers).status_code == status
    assert "sesame" not in repr(replace(settings, metrics_token="sesame"))


def reader_of(settings: Settings) -> FlaskClient:
    return create_app(settings).test_client()


def test_labels_are_escaped_as_the_format_says() -> None:
    family = Family("n", MetricType.GAUGE, "About.", [Sample(0.5, {"label": 'a"b\\c\nd'})])
    page = "".join(written([family]))
    assert page == '# HELP n About.\n# TYPE n gauge\nn{label="a\\"b\\\\c\\nd"} 0.5\n'
    assert samples_of(page)
