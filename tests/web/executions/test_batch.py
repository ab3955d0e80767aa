"""Batches: the list with its filters, one with how far it is, and cancelling it."""

import re
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, update

from opensink_web.json_value import JSONObject
from opensink_web.models import Callback, CallbackStatus, ExecutionStatus, db
from opensink_web.models.transaction import writing
from opensink_web.outbound.outcome import Awaits, Failure, Output
from tests.conftest import Cast
from tests.support.executions import (
    Submitted,
    batch,
    claim_some,
    execution,
    finish_all,
    make_function,
    submit_many,
)
from tests.support.pause_scenarios import approval_in, refuse
from tests.support.polling import asked_by_itself
from tests.support.review_cases import news, refresh_href
from tests.support.scenarios import SCHEMA
from tests.support.second_factor_cases import Later

PAGE = "/w/main/batches"


@pytest.fixture
def function_id(app: Flask, cast: Cast) -> UUID:
    with app.app_context():
        return make_function(cast.alice, namespace="ingest", name="document")


@pytest.fixture
def queued(app: Flask, cast: Cast, function_id: UUID) -> Submitted:
    with app.app_context():
        return submit_many(cast.alice, function_id, 10, trigger_id="run-7")


@pytest.fixture
def mixed(app: Flask, function_id: UUID, queued: Submitted) -> Submitted:
    """Of ten, four completed, two failed, one asks, one runs, two are queued."""
    with app.app_context():
        claims = claim_some(function_id, most=8)
        finish_all(claims[:4], Output(1))
        finish_all(claims[4:6], Failure("The document cannot be read."))
        finish_all(claims[6:7], Awaits("Which account?", SCHEMA))
    return queued


def page_of(submitted: Submitted) -> str:
    return f"{PAGE}/{submitted.id}"


def test_lists_batches_with_how_far_each_is(bob: FlaskClient, mixed: Submitted) -> None:
    html = bob.get(PAGE).text

    assert f'href="{page_of(mixed)}"' in html
    assert "6 of 10" in html
    assert "run-7" in html
    assert "alice@example.com" in html
    assert "6 of 10 ended: 4 completed, 2 failed, 1 waiting for input" in html


def test_filters_in_the_address(bob: FlaskClient, cast: Cast, mixed: Submitted) -> None:
    for query in ("view=open", "target=ingest/document", f"user={cast.alice.id}"):
        assert page_of(mixed) in bob.get(f"{PAGE}?{query}").text, query
    for query in ("view=partial", "view=completed", "target=ingest/page", f"user={cast.bob.id}"):
        assert "No batch fits" in bob.get(f"{PAGE}?{query}").text, query
    assert bob.get(f"{PAGE}?view=nearly").status_code == 400


def test_has_a_tab_for_each_way_to_end(
    app: Flask, bob: FlaskClient, function_id: UUID, queued: Submitted
) -> None:
    with app.app_context():
        finish_all(claim_some(function_id), Failure("no"))
    assert page_of(queued) in bob.get(f"{PAGE}?view=failed").text
    assert page_of(queued) not in bob.get(f"{PAGE}?view=open").text


def test_the_list_updates_itself(
    app: Flask, bob: FlaskClient, function_id: UUID, queued: Submitted
) -> None:
    href = refresh_href(bob.get(PAGE).text)
    assert news(bob, href) == (204, "")
    with app.app_context():
        finish_all(claim_some(function_id, most=1), Output(1))

    status, part = news(bob, href)

    assert status == 200
    assert part.lstrip().startswith('<div id="batch-list"')
    assert "1 of 10" in part


def test_says_how_to_submit_the_first_one(bob: FlaskClient) -> None:
    html = bob.get(PAGE).text
    assert "No batches yet" in html
    assert "/functions/images/resize/execute/batch" in html


def test_a_hundred_batches_cost_as_many_queries_as_one(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID, queued: Submitted
) -> None:
    def queries() -> int:
        seen: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            seen.append(statement)

        with app.app_context():
            event.listen(db.engine, "before_cursor_execute", note)
            bob.get(PAGE)
            event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    for_one = queries()
    with app.app_context():
        for _ in range(9):
            submit_many(cast.alice, function_id, 2)
    assert queries() == for_one


def test_shows_how_far_it_is(bob: FlaskClient, mixed: Submitted) -> None:
    html = bob.get(page_of(mixed)).text

    assert 'aria-valuenow="6"' in html
    assert 'aria-valuemax="10"' in html
    widths = [
        float(each)
        for each in re.findall(r'<rect class="[^"]+" x="[^"]+" y="0" width="([\d.]+)"', html)
    ]
    assert sum(widths) == pytest.approx(1000, abs=0.1)
    assert widths == pytest.approx([400, 200, 100, 100, 200], abs=0.1)
    assert "style=" not in html


def test_each_count_leads_to_what_it_counts(bob: FlaskClient, mixed: Submitted) -> None:
    html = bob.get(page_of(mixed)).text
    assert f'href="{page_of(mixed)}?status=failed#children"' in html

    html = bob.get(f"{page_of(mixed)}?status=failed").text

    shown = re.findall(r'id="row-([^"]+)"', html)
    assert shown == [str(each) for each in mixed.execution_ids[4:6]]
    assert bob.get(f"{page_of(mixed)}?status=asleep").status_code == 400


def test_shows_first_what_failed_then_what_needs_a_person(
    bob: FlaskClient, mixed: Submitted
) -> None:
    html = bob.get(page_of(mixed)).text

    failed, asking, running = mixed.execution_ids[4], mixed.execution_ids[6], mixed.execution_ids[7]
    places = [html.index(f"row-{each}") for each in (failed, asking, running)]
    assert places == sorted(places)
    assert places[0] < html.index(f"row-{mixed.execution_ids[0]}")
    assert "The document cannot be read." in html
    assert re.search(r'href="/w/main/requests/[^"]+">Which account\?</a>', html)
    assert "1 waits for a person." in html


def test_pages_its_executions(app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID) -> None:
    with app.app_context():
        large = submit_many(cast.alice, function_id, 120)
    first = bob.get(page_of(large)).text
    assert first.count('class="row-link"') == 50
    assert f'href="{page_of(large)}?skip=50#children" rel="next"' in first

    last = bob.get(f"{page_of(large)}?skip=100").text

    assert last.count('class="row-link"') == 20
    assert str(large.execution_ids[-1]) in last
    assert 'rel="next"' not in last
    for nonsense in ("-1", "x", "²", "1" * 40):
        assert bob.get(f"{page_of(large)}?skip={nonsense}").status_code == 400


def test_updates_itself_until_it_has_ended(
    app: Flask, bob: FlaskClient, function_id: UUID, queued: Submitted
) -> None:
    href = refresh_href(bob.get(f"{page_of(queued)}?status=queued").text)
    assert news(bob, href) == (204, "")
    with app.app_context():
        finish_all(claim_some(function_id, most=3), Output(1))

    status, part = news(bob, href)

    assert status == 200
    assert part.lstrip().startswith('<div id="batch"')
    assert 'aria-valuenow="3"' in part
    assert "status=queued" in refresh_href(part)
    with app.app_context():
        finish_all(claim_some(function_id), Output(1))
    assert asked_by_itself(bob.get(page_of(queued)).text) == []


def test_says_how_long_it_still_takes_if_that_can_be_said(
    app: Flask, bob: FlaskClient, function_id: UUID, queued: Submitted, later: Later
) -> None:
    with app.app_context():
        claims = claim_some(function_id)
    later(20)
    with app.app_context():
        finish_all(claims[:5], Output(1))

    assert "5 to go, about 20.0 s at the pace of the last minute" in bob.get(page_of(queued)).text
    later(90)
    assert "to go" not in bob.get(page_of(queued)).text


def test_says_when_it_begins_that_was_submitted_for_later(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID
) -> None:
    with app.app_context():
        delayed = submit_many(cast.alice, function_id, 2, delay_seconds=600)
    html = bob.get(page_of(delayed)).text
    assert "It was submitted to start later." in html


def test_tells_how_the_callback_went_without_its_secrets(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID
) -> None:
    url = "https://app.example.com/done?token=t0p-secret"
    with app.app_context():
        called = submit_many(cast.alice, function_id, 1, batch_callback_url=url)
        finish_all(claim_some(function_id), Output(1))
        with writing():
            db.session.execute(
                update(Callback).values(status=CallbackStatus.SENT, response_code=204)
            )

    html = bob.get(page_of(called)).text

    assert "token=••••" in html
    assert "t0p-secret" not in html
    assert ">204</dd>" in html


def test_says_what_partial_means_where_nothing_failed(
    app: Flask, cast: Cast, alice: FlaskClient, function_id: UUID
) -> None:
    with app.app_context():
        submitted = submit_many(cast.alice, function_id, 2)
        first, _ = submitted.execution_ids
    assert "Partial" not in alice.get(page_of(submitted)).text
    assert alice.post(f"/w/main/executions/{first}/cancel").status_code == 303
    with app.app_context():
        finish_all(claim_some(function_id), Output(1))
    html = alice.get(page_of(submitted)).text
    assert "All of it has ended, but not all is completed." in html
    assert "1 completed, 0 failed, 1 cancelled one by one." in html


def test_is_cancelled_but_for_what_runs(app: Flask, alice: FlaskClient, mixed: Submitted) -> None:
    html = alice.get(page_of(mixed)).text
    assert "3 executions that have not begun or wait for a person are cancelled." in html
    assert "One is running: it continues, and its result counts." in html

    answer = alice.post(f"{page_of(mixed)}/cancel", follow_redirects=True)

    assert "The batch has been cancelled: 3 executions will not run." in answer.text
    assert "Cancel this batch?" not in answer.text
    assert asked_by_itself(answer.text), "one is still running"
    with app.app_context():
        assert execution(mixed.execution_ids[7]).status is ExecutionStatus.RUNNING
        assert batch(mixed.id).cancelled_at is not None


def test_is_not_cancelled_once_it_has_ended(
    app: Flask, alice: FlaskClient, function_id: UUID, queued: Submitted
) -> None:
    with app.app_context():
        finish_all(claim_some(function_id), Output(1))
    answer = alice.post(f"{page_of(queued)}/cancel", follow_redirects=True)
    assert "The batch has ended: it is completed." in answer.text


def test_is_not_cancelled_by_those_who_may_only_look(
    app: Flask, bob: FlaskClient, queued: Submitted
) -> None:
    assert "Cancel this batch?" not in bob.get(page_of(queued)).text
    assert bob.post(f"{page_of(queued)}/cancel").status_code in {403, 404}
    with app.app_context():
        assert batch(queued.id).cancelled_at is None


def test_its_executions_lead_back_to_it(bob: FlaskClient, queued: Submitted) -> None:
    html = bob.get(f"/w/main/executions/{queued.execution_ids[2]}").text
    assert f'<a href="{page_of(queued)}">Input 2 of a batch of 10</a>' in html


def test_another_workspace_sees_nothing_of_it(charlie: FlaskClient, queued: Submitted) -> None:
    elsewhere = f"/w/elsewhere/batches/{queued.id}"
    assert charlie.get(elsewhere).status_code == 404
    assert charlie.post(f"{elsewhere}/cancel").status_code == 404
    assert str(queued.id) not in charlie.get("/w/elsewhere/batches").text


def test_is_not_there(bob: FlaskClient) -> None:
    assert bob.get(f"{PAGE}/{uuid4()}").status_code == 404


def test_what_people_declined_has_not_failed(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    with app.app_context():
        inputs: list[JSONObject] = [{"amount": 1}, {"amount": 2}]
        first, second = approval_in(cast.alice, inputs, is_batch=True)
        refuse(cast.bob, first.request_id)
        batch_id = execution(first.execution_id).batch_id
        for path in (PAGE, f"{PAGE}/{batch_id}"):
            html = bob.get(path).text
            assert "1 of 2 ended: 1 declined, 1 waiting for input" in html
            assert 'class="is-declined"' in html
        refuse(cast.bob, second.request_id)
    for path in (PAGE, f"{PAGE}/{batch_id}"):
        html = bob.get(path).text
        assert "2 of 2 ended: 2 declined" in html
        assert "state-danger" not in html
        assert "Declined</span>" in html
