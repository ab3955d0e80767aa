"""The page of the audit: who did what, with filters, and as a file."""

import csv
import html
import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web import clock
from opensink_web.models import ActorKind, AuditAction, SubjectKind
from opensink_web.models.base import new_id
from opensink_web.models.transaction import writing
from opensink_web.operations.audit.actor import Actor, acting_as
from opensink_web.operations.audit.checkpoint import sign
from opensink_web.operations.audit.record import record
from tests.api.conftest import Api, ask
from tests.conftest import Cast
from tests.support.audit import chain_all
from tests.support.pause_scenarios import PROPOSED, approval_in
from tests.support.review_cases import YES, answer_and_call
from tests.support.scenarios import ENDPOINT, ask_in

AUDIT = "/w/main/admin/audit"
FORMULA = '=cmd|"/c calc"!A1'


@pytest.fixture
def request_id(app: Flask, cast: Cast, bob: FlaskClient) -> str:
    """The id of a request that Bob has answered; all of that is chained."""
    request = ask(Api(app, cast.alice.headers))
    assert bob.post(f"/w/main/requests/{request['id']}", data=YES).status_code == 303
    with app.app_context():
        chain_all()
    asked_id: str = request["id"]
    return asked_id


def actions_on(page: str) -> list[str]:
    """Return what a page lists, from its top."""
    return re.findall(r'<span class="audit-action">([^<]+)</span>', page)


def test_what_happened_is_listed_newest_first(alice: FlaskClient, request_id: str) -> None:
    page = alice.get(AUDIT).text
    assert actions_on(page)[:2] == ["Request answered", "Request created"]
    assert "bob@example.com" in page
    assert f"/w/main/requests/{request_id}" in page
    assert "chained, up to" in page


def test_the_last_checkpoint_is_shown_to_be_kept_elsewhere(
    app: Flask, cast: Cast, alice: FlaskClient, request_id: str
) -> None:
    assert "checkpoint-line" not in alice.get(AUDIT).text
    with app.app_context(), writing():
        checkpoint = sign(cast.alice.workspace_id)
    assert checkpoint is not None
    page = alice.get(AUDIT).text
    assert f"Signed up to entry {checkpoint.seq}" in page
    assert checkpoint.line in html.unescape(page)


def test_a_list_is_narrowed_by_who_what_about_what_and_when(
    alice: FlaskClient, cast: Cast, request_id: str
) -> None:
    yesterday, tomorrow, later = (f"{clock.now() + timedelta(days=n):%Y-%m-%d}" for n in (-1, 1, 2))
    answered = ["Request answered"]
    for query, listed in (
        (f"subject={request_id}", [*answered, "Request created"]),
        (f"subject={request_id}&user={cast.bob.id}", answered),
        ("action=request_answered", answered),
        (f"action=request_answered&since={yesterday}&until={tomorrow}", answered),
        (f"since={later}", []),
        ("until=2020-01-01", []),
    ):
        assert actions_on(alice.get(f"{AUDIT}?{query}").text) == listed, query
    assert "Nothing matches" in alice.get(f"{AUDIT}?until=2020-01-01").text


def test_what_is_about_a_request_is_also_about_its_batch_and_its_calls(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    with app.app_context():
        for _ in range(2):
            first, _second = approval_in(cast.alice, [PROPOSED, PROPOSED], is_batch=True)
        waiting = ask_in(cast.alice, ENDPOINT)
        answer_and_call(app, cast, waiting, status=200)
        chain_all()
    of_call = alice.get(f"{AUDIT}?subject={first.request_id}").text
    assert actions_on(of_call) == ["Batch submitted"]
    listed = actions_on(alice.get(f"{AUDIT}?subject={waiting.request_id}").text)
    assert listed == ["Delivery succeeded", "Request answered", "Request created"]
    lines = alice.get(f"{AUDIT}/export.jsonl?subject={waiting.request_id}").text.splitlines()
    assert [json.loads(each)["action"] for each in lines][-1] == "delivery_succeeded"


@pytest.mark.parametrize("query", ["user=x", "action=x", "subject=x", "since=x", "trail=x"])
def test_a_filter_that_is_none_is_refused(alice: FlaskClient, query: str) -> None:
    assert alice.get(f"{AUDIT}?{query}").status_code == 400


def test_a_page_goes_on_after_its_last_line(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context():
        with writing():
            for _ in range(60):
                subject = (SubjectKind.REQUEST, new_id())
                record(AuditAction.REQUEST_CREATED, cast.alice.workspace_id, *subject)
        chain_all()
    first = alice.get(f"{AUDIT}?action=request_created").text
    older = re.search(r'href="([^"]*trail=[^"]*)"', first)
    assert older is not None
    second = alice.get(older[1].replace("&amp;", "&")).text
    assert (len(actions_on(first)), len(actions_on(second))) == (50, 10)


@pytest.mark.parametrize("path", ["", "/export.csv", "/export.jsonl"])
def test_only_those_see_it_who_may(bob: FlaskClient, charlie: FlaskClient, path: str) -> None:
    assert bob.get(AUDIT + path).status_code == 403
    assert charlie.get(AUDIT + path).status_code == 404


def test_nobody_sees_what_happened_elsewhere(charlie: FlaskClient, request_id: str) -> None:
    page = charlie.get(f"/w/elsewhere/admin/audit?subject={request_id}").text
    assert actions_on(page) == []
    exported = charlie.get("/w/elsewhere/admin/audit/export.jsonl").text
    assert request_id not in exported
    assert "bob@example.com" not in exported


def test_the_page_of_a_request_leads_to_its_lines(
    alice: FlaskClient, bob: FlaskClient, request_id: str
) -> None:
    link = f"{AUDIT}?subject={request_id}"
    assert link in alice.get(f"/w/main/requests/{request_id}").text
    assert link not in bob.get(f"/w/main/requests/{request_id}").text


def test_json_lines_have_all_that_is_hashed(
    app: Flask, cast: Cast, alice: FlaskClient, request_id: str
) -> None:
    response = alice.get(f"{AUDIT}/export.jsonl?subject={request_id}")
    assert response.content_type == "application/jsonl; charset=utf-8"
    created, answered = (json.loads(line) for line in response.text.splitlines())
    assert created["action"] == "request_created"
    assert answered["email"] == "bob@example.com"
    assert answered["seq"] == created["seq"] + 1
    assert answered["hash"] != created["hash"]
    assert answered["details"]["request_digest"] == created["details"]["request_digest"]


def test_no_cell_is_a_formula(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    hostile = Actor(ActorKind.PERSON, cast.bob.id, None, FORMULA, user_agent="\t=1+1")
    with app.app_context():
        with writing(), acting_as(hostile):
            subject = (SubjectKind.REQUEST, new_id())
            record(AuditAction.REQUEST_CREATED, cast.alice.workspace_id, *subject)
        chain_all()
    text = alice.get(f"{AUDIT}/export.csv?action=request_created").text
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["email"], row["user_agent"]) for row in rows] == [(f"'{FORMULA}", "'\t=1+1")]


def test_there_is_no_other_kind_of_file(alice: FlaskClient) -> None:
    assert alice.get(f"{AUDIT}/export.exe").status_code == 404
