"""The trace of a request, a delivery and an execution on their pages."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.trace_context import TraceContext, tracing
from tests.conftest import Cast
from tests.support.executions import make_function, submit_one
from tests.support.review_cases import answer_and_call
from tests.support.scenarios import ENDPOINT, Waiting, ask_in
from tests.web.conftest import browser_of

TRACE = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "01")


def pages_of(app: Flask, cast: Cast, waiting: Waiting) -> list[str]:
    """Return the pages of a request, of its call, and of an execution."""
    delivery = answer_and_call(app, cast, waiting, 500)
    with app.app_context():
        execution = submit_one(cast.alice, make_function(cast.alice))
    pages = [f"requests/{waiting.request_id}", f"deliveries/{delivery}", f"executions/{execution}"]
    return [f"/w/main/{page}" for page in pages]


def asked(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


def test_it_is_shown_to_be_copied_and_found_by_its_id(
    app: Flask, cast: Cast, bob: FlaskClient, charlie: FlaskClient
) -> None:
    with tracing(TRACE):
        waiting = asked(app, cast)
        pages = pages_of(app, cast, waiting)
    for page in pages:
        html = browser_of(app, cast.alice).get(page).text
        assert f'<span class="mono" id="trace-id">{TRACE.trace_id}</span>' in html
        assert 'data-copy="#trace-id"' in html
    found = f"deliveries?search={TRACE.trace_id}"
    assert pages[1] in bob.get(f"/w/main/{found}").text
    assert "No deliveries match" in bob.get(f"/w/main/deliveries?search={'a' * 32}").text
    assert pages[1] not in charlie.get(f"/w/elsewhere/{found}").text
    plain = asked(app, cast)
    assert "trace-id" not in bob.get(f"/w/main/requests/{plain.request_id}").text


class TestWithAnAddress:
    """Where the operator has said where traces are shown."""

    def test_it_leads_there(
        self, environment: dict[str, str], request: pytest.FixtureRequest
    ) -> None:
        environment["TRACE_URL_TEMPLATE"] = "https://traces.example.com/?q={trace_id}&tab=1"
        app, cast = request.getfixturevalue("app"), request.getfixturevalue("cast")
        with tracing(TRACE):
            pages = pages_of(app, cast, asked(app, cast))
        href = f"https://traces.example.com/?q={TRACE.trace_id}&amp;tab=1"
        link = f'<a class="mono" id="trace-id" href="{href}" rel="noopener noreferrer"'
        for page in pages:
            assert link in browser_of(app, cast.alice).get(page).text
