"""Whose executions and batches somebody sees and stops: everybody's, or only their own."""

from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import ExecutionStatus, Role
from opensink_web.operations.accounts.permission import ROLE_PATTERNS
from opensink_web.operations.accounts.permission_pattern import read_pattern
from tests.conftest import Cast
from tests.support.executions import execution, make_function, submit_many, submit_one

PAGE = "/w/main/executions"


@pytest.fixture
def function_id(app: Flask, cast: Cast) -> UUID:
    with app.app_context():
        return make_function(cast.alice, namespace="billing", name="charge")


@pytest.fixture
def queued(app: Flask, cast: Cast, function_id: UUID) -> UUID:
    with app.app_context():
        return submit_one(cast.alice, function_id)


def page_of(execution_id: UUID) -> str:
    return f"{PAGE}/{execution_id}"


def see_only_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reviewers see and cancel what they have started themselves, and nothing of others."""
    texts = ("executions.read", "executions.cancel", "batches.read", "batches.cancel")
    own = frozenset(read_pattern(f"sinas.{text}:own") for text in texts)
    functions = frozenset({read_pattern("sinas.functions.read:all")})
    monkeypatch.setitem(ROLE_PATTERNS, Role.REVIEWER, own | functions)


def test_who_may_see_only_their_own_sees_no_others(
    app: Flask,
    cast: Cast,
    bob: FlaskClient,
    function_id: UUID,
    queued: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with app.app_context():
        own = submit_one(cast.bob, function_id)
        own_batch = submit_many(cast.bob, function_id, 1).id
        others = submit_many(cast.alice, function_id, 1).id
    see_only_own(monkeypatch)

    for page in (PAGE, f"{PAGE}?user={cast.alice.id}", "/w/main/functions/billing/charge"):
        html = bob.get(page).text
        assert page_of(own) in html, page
        assert page_of(queued) not in html, page
        assert 'id="filter-user"' not in html, page
    html = bob.get("/w/main/batches").text
    assert f"/w/main/batches/{own_batch}" in html
    assert str(others) not in html
    hidden = (page_of(queued), f"{page_of(queued)}/input.json", f"/w/main/batches/{others}")
    assert [bob.get(each).status_code for each in hidden] == [404, 404, 404]
    assert bob.post(f"{page_of(queued)}/cancel").status_code == 404
    assert bob.post(f"/w/main/batches/{others}/cancel").status_code == 404
    assert bob.get(f"{PAGE}?search={queued}").status_code == 200, "an id of others leads nowhere"


def test_who_started_it_can_cancel_it(
    app: Flask, cast: Cast, bob: FlaskClient, function_id: UUID
) -> None:
    with app.app_context():
        own = submit_one(cast.bob, function_id)
    assert bob.post(f"{page_of(own)}/cancel").status_code == 303
    with app.app_context():
        assert execution(own).status is ExecutionStatus.CANCELLED
