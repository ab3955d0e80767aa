"""Executions: the list with its filters, one with all that happened to it, and cancelling it."""

import json
import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from opensink_web import clock
from opensink_web.models import (
    Callback,
    CallbackStatus,
    Execution,
    ExecutionStatus,
    Function,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.outbound.outcome import Failure, Outcome, Output, Pending
from tests.conftest import Cast, Person
from tests.support.executions import (
    claim_some,
    execution,
    finish_all,
    make_function,
    submit_many,
    submit_one,
)
from tests.support.pause_scenarios import approval_in, paused_in
from tests.support.polling import asked_by_itself
from tests.support.review_cases import news, refresh_href

PAGE = "/w/main/executions"


@pytest.fixture
def function_id(app: Flask, cast: Cast) -> UUID:
    with app.app_context():
        return make_function(cast.alice, namespace="billing", name="charge")


@pytest.fixture
def queued(app: Flask, cast: Cast, function_id: UUID) -> UUID:
    with app.app_context():
        return submit_one(cast.alice, function_id, trigger_id="order-7")


def page_of(execution_id: UUID) -> str:
    return f"{PAGE}/{execution_id}"


def ended(app: Flask, person: Person, function_id: UUID, outcome: Outcome, **options: str) -> UUID:
    with app.app_context():
        execution_id = submit_one(person, function_id, **options)
        finish_all(claim_some(function_id), outcome)
        return execution_id


def test_lists_executions_of_everybody(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID, queued: UUID
) -> None:
    failed = ended(app, cast.bob, function_id, Failure("The card was declined."))

    html = bob.get(PAGE).text

    assert f'href="{page_of(queued)}"' in html
    assert html.index(page_of(failed)) < html.index(page_of(queued))
    assert "The card was declined." in html
    assert "order-7" in html
    assert "alice@example.com" in html


def test_filters_in_the_address(bob: FlaskClient, cast: Cast, queued: UUID) -> None:
    fitting = (
        "status=queued",
        "target=billing/charge",
        f"user={cast.alice.id}",
        "search=ORDER-7",
        "status=queued&target=billing/charge&search=rder",
    )
    others = ("status=failed", f"user={cast.bob.id}", "search=order-8", f"batch={uuid4()}")
    for query in fitting:
        assert page_of(queued) in bob.get(f"{PAGE}?{query}").text, query
    for query in (*others, "target=billing/refund", f"target={uuid4()}"):
        assert "No executions match" in bob.get(f"{PAGE}?{query}").text, query
    for query in ("status=asleep", "target=nonsense", "user=me", "batch=1"):
        assert bob.get(f"{PAGE}?{query}").status_code == 400, query


def test_finds_those_of_a_function_that_was_deleted(
    app: Flask, bob: FlaskClient, function_id: UUID, queued: UUID
) -> None:
    with app.app_context(), writing():
        db.session.delete(db.session.get_one(Function, function_id))

    html = bob.get(f"{PAGE}?target=billing/charge").text

    assert page_of(queued) in html
    assert '<option value="billing/charge" selected>' in html


def test_an_id_pasted_whole_leads_there(bob: FlaskClient, queued: UUID) -> None:
    answer = bob.get(f"{PAGE}?search= {queued} ")
    assert (answer.status_code, answer.location) == (303, page_of(queued))
    assert "No executions match" in bob.get(f"{PAGE}?search={uuid4()}").text


def test_counts_what_is_not_done_on_its_tabs(bob: FlaskClient, queued: UUID) -> None:
    tabs = re.compile(r">Queued\s*<span class=\"nav-count\">1</span>")
    assert tabs.search(bob.get(PAGE).text)
    assert not tabs.search(bob.get(f"{PAGE}?search=order").text)


def test_leads_to_older_ones(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID, queued: UUID
) -> None:
    with app.app_context():
        submit_many(cast.alice, function_id, 50)
    first = bob.get(PAGE).text
    assert page_of(queued) not in first
    older = first.partition('href="/w/main/executions?trail=')[2].partition('"')[0]

    second = bob.get(f"{PAGE}?trail={older}").text

    assert page_of(queued) in second
    assert asked_by_itself(second) == []
    assert bob.get(f"{PAGE}?trail=nonsense").status_code == 400


def test_the_list_updates_itself(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID, queued: UUID
) -> None:
    href = refresh_href(bob.get(f"{PAGE}?status=queued").text)
    assert news(bob, href) == (204, "")
    with app.app_context():
        another = submit_one(cast.alice, function_id)

    status, part = news(bob, href)

    assert status == 200
    assert part.lstrip().startswith('<div id="execution-list"')
    assert page_of(another) in part
    assert 'id="execution-tabs" hx-swap-oob="true"' in part
    assert "<html" not in part


def test_a_search_is_not_made_again_and_again(bob: FlaskClient, queued: UUID) -> None:
    assert asked_by_itself(bob.get(f"{PAGE}?search=order").text) == []


def test_says_how_to_submit_the_first_one(bob: FlaskClient) -> None:
    html = bob.get(PAGE).text
    assert "No executions yet" in html
    assert "/functions/images/resize/execute/async" in html


def test_and_names_a_function_that_is_there(bob: FlaskClient, function_id: UUID) -> None:
    assert "/functions/billing/charge/execute/async" in bob.get(PAGE).text


def test_shows_what_was_asked_and_what_came_out(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID
) -> None:
    done = ended(app, cast.alice, function_id, Output({"<b>paid</b>": True}), trigger_id="order-9")

    html = bob.get(page_of(done)).text

    assert "Completed" in html
    assert "&#34;&lt;b&gt;paid&lt;/b&gt;&#34;: true" in html
    assert "&#34;n&#34;: 1" in html
    assert "order-9" in html
    assert html.index("Completed</span>") < html.index("Called") < html.index("Taken on")
    assert asked_by_itself(html) == []


def test_shows_why_it_failed(app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID) -> None:
    failed = ended(app, cast.alice, function_id, Failure("ValueError: no\nin line 3", "timeout"))

    html = bob.get(page_of(failed)).text

    assert "<p>ValueError: no</p>" in html
    assert "ValueError: no\nin line 3</pre>" in html
    assert "timeout" in html


def test_keeps_an_output_that_did_not_fit(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID
) -> None:
    outcome = Failure("The output does not fit.", "invalid_output", {"charged": 3})
    html = bob.get(page_of(ended(app, cast.alice, function_id, outcome))).text
    assert "&#34;charged&#34;: 3" in html
    assert "It was refused, and is kept" in html


def test_folds_what_is_long_and_cuts_what_is_endless(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID
) -> None:
    done = ended(app, cast.alice, function_id, Output([*range(20_000)]))

    html = bob.get(page_of(done)).text

    assert re.search("Show the first [0-9,]+ lines", html)
    assert "The rest is not shown here" in html
    assert len(html) < 200_000


@pytest.mark.parametrize(("part", "value"), [("input", {"n": 1}), ("output", {"paid": "yes"})])
def test_its_data_can_be_downloaded(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID, part: str, value: object
) -> None:
    done = ended(app, cast.alice, function_id, Output({"paid": "yes"}))

    answer = bob.get(f"{page_of(done)}/{part}.json")

    assert json.loads(answer.text) == value
    assert answer.mimetype == "application/json"
    name = f"execution-{done}-{part}.json"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"


def test_there_is_no_output_to_download_before_there_is_one(bob: FlaskClient, queued: UUID) -> None:
    assert bob.get(f"{page_of(queued)}/output.json").status_code == 404
    assert bob.get(f"{page_of(queued)}/error.json").status_code == 404


def test_hides_what_the_functions_schema_calls_secret(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    with app.app_context():
        (paused,) = approval_in(cast.alice)
    page = page_of(paused.execution_id)
    for html in (bob.get(page).text, bob.get(f"{page}/input.json").text):
        assert "s3cret" not in html
        assert "••••••" in html


def test_leads_to_the_request_that_it_waits_for(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    with app.app_context():
        paused = paused_in(cast.alice)
    html = bob.get(page_of(paused.execution_id)).text
    assert "It waits for a person." in html
    assert f'<a href="/w/main/requests/{paused.request_id}">Which account?</a>' in html


def test_says_when_it_begins_that_was_submitted_for_later(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID
) -> None:
    with app.app_context():
        later = submit_one(cast.alice, function_id, delay_seconds=600)
    html = bob.get(page_of(later)).text
    assert "It was submitted to start later." in html
    assert 'data-time="countdown"' in html


def test_says_that_no_worker_takes_it_up(app: Flask, bob: FlaskClient, queued: UUID) -> None:
    assert "It is about to start." in bob.get(page_of(queued)).text
    with app.app_context(), writing():
        long_ago = clock.now() - timedelta(minutes=5)
        db.session.execute(update(Execution).values(next_at=long_ago))
    assert "No worker has picked it up yet" in bob.get(page_of(queued)).text


def test_says_that_it_waits_its_turn(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID, queued: UUID
) -> None:
    with app.app_context():
        claim_some(function_id)
        following = submit_one(cast.alice, function_id)
    assert "It is waiting its turn" in bob.get(page_of(following)).text


def test_says_that_it_reports_by_itself(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID
) -> None:
    pending = ended(app, cast.alice, function_id, Pending())
    assert "If it has not reported by then, it fails" in bob.get(page_of(pending)).text


def test_tells_how_the_callback_went_without_its_secrets(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID
) -> None:
    url = "https://app.example.com/done?token=t0p-secret&job=1"
    with app.app_context():
        queued = submit_one(cast.alice, function_id, callback_url=url)
    page = page_of(queued)
    assert "Sent when it has ended" in bob.get(page).text
    with app.app_context():
        finish_all(claim_some(function_id), Output(1))
    assert asked_by_itself(bob.get(page).text), "the callback may still go wrong"
    with app.app_context(), writing():
        answered = {"status": CallbackStatus.FAILED, "response_code": 503}
        db.session.execute(update(Callback).values(answered))

    html = bob.get(page).text

    assert "token=••••&amp;job=••••" in html
    assert "t0p-secret" not in html
    assert ">503</dd>" in html
    assert asked_by_itself(html) == []


def test_updates_itself_until_it_has_ended(
    app: Flask, bob: FlaskClient, function_id: UUID, queued: UUID
) -> None:
    href = refresh_href(bob.get(page_of(queued)).text)
    assert news(bob, href) == (204, "")
    with app.app_context():
        finish_all(claim_some(function_id), Output(1))

    status, part = news(bob, href)

    assert status == 200
    assert part.lstrip().startswith('<div id="execution"')
    assert asked_by_itself(part) == []


def test_is_cancelled(app: Flask, alice: FlaskClient, queued: UUID) -> None:
    page = page_of(queued)
    assert "Cancel this execution?" in alice.get(page).text

    answer = alice.post(f"{page}/cancel", follow_redirects=True)

    assert "The execution has been cancelled." in answer.text
    assert "Cancel this execution?" not in answer.text
    with app.app_context():
        assert execution(queued).status is ExecutionStatus.CANCELLED


def test_is_not_cancelled_once_it_has_ended(
    app: Flask, cast: Cast, alice: FlaskClient, function_id: UUID
) -> None:
    done = ended(app, cast.alice, function_id, Output(1))
    answer = alice.post(f"{page_of(done)}/cancel", follow_redirects=True)
    assert "The execution has ended: it is completed." in answer.text


def test_is_not_cancelled_by_those_who_may_only_look(
    app: Flask, bob: FlaskClient, queued: UUID
) -> None:
    assert "Cancel this execution?" not in bob.get(page_of(queued)).text
    assert bob.post(f"{page_of(queued)}/cancel").status_code in {403, 404}
    with app.app_context():
        assert execution(queued).status is ExecutionStatus.QUEUED


def test_another_workspace_sees_nothing_of_it(charlie: FlaskClient, queued: UUID) -> None:
    elsewhere = f"/w/elsewhere/executions/{queued}"
    for path in (elsewhere, f"{elsewhere}/input.json"):
        assert charlie.get(path).status_code == 404
    assert charlie.post(f"{elsewhere}/cancel").status_code == 404
    assert str(queued) not in charlie.get("/w/elsewhere/executions").text


def test_is_not_there(bob: FlaskClient) -> None:
    assert bob.get(page_of(uuid4())).status_code == 404


def test_a_functions_page_shows_its_newest(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID, queued: UUID
) -> None:
    with app.app_context():
        batch_id = submit_many(cast.alice, function_id, 2).id
    html = bob.get("/w/main/functions/billing/charge").text
    assert page_of(queued) in html
    assert f"/w/main/batches/{batch_id}" in html
    assert f'href="{PAGE}?target=billing/charge"' in html
