"""POST /agent-session-input-requests/{id}/claim and /release: nobody else decides meanwhile."""

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update

from opensink_web import clock
from opensink_web.models import Claim, db
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.ending import remove_member
from tests.api.conftest import NOWHERE, Api, Apis, ask, assert_problem, made
from tests.conftest import Cast
from tests.runtime.conftest import ok
from tests.support.pause_scenarios import approval_in
from tests.support.scenarios import admin_of

PATH = "/agent-session-input-requests"
BOB = "bob@example.com"
YES, NO = {"response": {"approved": True}}, {"reason": "Too dear."}

on_each_database = pytest.mark.usefixtures("on_each_database")


def path_of(request: Any, what: str) -> str:
    return f"{PATH}/{request['id']}/{what}"


def claim(api: Api, request: Any, **body: Any) -> Any:
    return api.post(path_of(request, "claim"), body)


def let_lapse(app: Flask, request: Any) -> None:
    """Let the time pass after which nothing was heard of who claimed."""
    with app.app_context(), writing():
        of_it = Claim.request_id == UUID(request["id"])
        before = clock.now() - timedelta(seconds=1)
        db.session.execute(update(Claim).where(of_it).values(lapses_at=before))


@on_each_database
def test_nobody_else_decides_what_somebody_has(apis: Apis, cast: Cast) -> None:
    request = ask(apis.alice)
    assert (request["claimed_by"], request["claimed_until"]) == (None, None)
    claimed = ok(claim(apis.bob, request))
    assert claimed["claimed_by"] == {"id": str(cast.bob.id), "email": BOB}
    assert apis.alice.read(f"{PATH}/{request['id']}") == claimed
    for answer in (
        apis.alice.post(path_of(request, "resolve"), YES),
        apis.alice.post(path_of(request, "decline"), NO),
        claim(apis.alice, request),
        apis.alice.post(path_of(request, "release"), None),
    ):
        assert BOB in assert_problem(answer, 409, "conflict")["error"]
    assert apis.alice.read(f"{PATH}/{request['id']}") == claimed
    resolved = ok(apis.bob.post(path_of(request, "resolve"), YES))
    assert (resolved["status"], resolved["claimed_by"]) == ("resolved", None)


@on_each_database
def test_whoever_asked_stays_free(apis: Apis) -> None:
    request = ask(apis.alice)
    ok(claim(apis.bob, request))
    again = made(apis.alice.post(path_of(request, "supersede"), {"title": "Again?"}))
    assert again["claimed_by"]["email"] == BOB
    cancelled = ok(apis.alice.post(path_of(again, "cancel"), {}))
    assert cancelled["status"] == "cancelled"


def test_it_is_let_go(apis: Apis) -> None:
    request = ask(apis.alice)
    ok(claim(apis.bob, request))
    for _ in range(2):  # again, it changes nothing
        assert ok(apis.bob.post(path_of(request, "release"), None))["claimed_by"] is None
    ok(apis.alice.post(path_of(request, "resolve"), YES))


@on_each_database
def test_it_is_taken_over_from_who_was_named(apis: Apis, cast: Cast) -> None:
    request = ask(apis.alice)
    ok(claim(apis.bob, request))
    for other in (NOWHERE, str(cast.alice.id)):
        assert_problem(claim(apis.alice, request, instead_of=other), 409, "conflict")
    taken = ok(claim(apis.alice, request, instead_of=str(cast.bob.id)))
    assert taken["claimed_by"]["email"] == "alice@example.com"
    assert_problem(apis.bob.post(path_of(request, "resolve"), YES), 409, "conflict")
    query = f"session_id={request['session_id']}&type=message"
    (said,) = apis.alice.read(f"/agent-session-activities?{query}")["items"]
    assert said["message"] == f"alice@example.com took “Buy?” over from {BOB}."


@on_each_database
def test_it_lapses_and_then_anybody_may(app: Flask, apis: Apis) -> None:
    request, other = ask(apis.alice), ask(apis.alice)
    for each in (request, other):
        ok(claim(apis.bob, each))
        let_lapse(app, each)
    assert apis.alice.read(f"{PATH}/{request['id']}")["claimed_by"] is None
    ok(apis.alice.post(path_of(request, "resolve"), YES))
    assert ok(claim(apis.alice, other))["claimed_by"]["email"] == "alice@example.com"


def test_claiming_again_goes_on(app: Flask, apis: Apis) -> None:
    request = ask(apis.alice)
    first = ok(claim(apis.bob, request))
    again = ok(claim(apis.bob, request))
    assert again["claimed_until"] > first["claimed_until"]


def test_who_leaves_has_nothing_any_more(app: Flask, apis: Apis, cast: Cast) -> None:
    request = ask(apis.alice)
    ok(claim(apis.bob, request))
    with app.app_context(), writing():
        remove_member(admin_of(cast.alice.workspace_id), cast.bob.id)
    ok(apis.alice.post(path_of(request, "resolve"), YES))


def test_approvals_too(app: Flask, apis: Apis, cast: Cast) -> None:
    with app.app_context():
        (paused,) = approval_in(cast.alice)
    request = {"id": str(paused.request_id)}
    ok(claim(apis.bob, request))
    answer = apis.alice.post(path_of(request, "decline"), NO)
    assert BOB in assert_problem(answer, 409, "conflict")["error"]
    ok(apis.bob.post(path_of(request, "decline"), NO))


def test_what_is_decided_is_not_claimed(apis: Apis) -> None:
    request = ask(apis.alice)
    apis.alice.post(path_of(request, "resolve"), YES)
    assert_problem(claim(apis.bob, request), 409, "already_resolved")


def test_another_workspace_claims_nothing(apis: Apis) -> None:
    request = ask(apis.alice)
    assert_problem(claim(apis.charlie, request), 404, "not_found")
    answer = apis.charlie.post(path_of(request, "release"), None)
    assert_problem(answer, 404, "not_found")


@pytest.mark.server
@on_each_database
def test_of_two_who_claim_at_once_one_has_it_and_the_other_is_told(apis: Apis) -> None:
    for _ in range(6):
        request = ask(apis.alice)
        start = threading.Barrier(2)
        answers: dict[str, Any] = {}

        def act(name: str, api: Api, request: Any = request, start: Any = start) -> None:
            start.wait()
            answers[name] = claim(api, request)  # noqa: B023 - joined before the next round

        people = {"alice@example.com": apis.alice, BOB: apis.bob}
        threads = [threading.Thread(target=act, args=each) for each in people.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = {name: answer.status_code for name, answer in answers.items()}
        assert sorted(statuses.values()) == [200, 409]
        winner = next(name for name, status in statuses.items() if status == 200)
        loser = next(name for name, status in statuses.items() if status == 409)
        assert winner in answers[loser].json["error"]


@pytest.mark.server
@on_each_database
def test_claiming_and_deciding_at_once_never_both(apis: Apis) -> None:
    """Either the claim comes first and the decision is refused, or the other way round."""
    for _ in range(6):
        request = ask(apis.alice)
        start = threading.Barrier(2)
        answers: dict[str, int] = {}

        def by_bob(request: Any = request, start: Any = start, answers: Any = answers) -> None:
            start.wait()
            answers["claim"] = claim(apis.bob, request).status_code

        def by_alice(request: Any = request, start: Any = start, answers: Any = answers) -> None:
            start.wait()
            answer = apis.alice.post(path_of(request, "resolve"), YES)
            answers["resolve"] = answer.status_code

        threads = [threading.Thread(target=each) for each in (by_bob, by_alice)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers.values()) == [200, 409]
