"""POST /agent-session-input-requests with assignees, /{id}/assign and /{id}/delegate."""

import threading
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.models import Assignment, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.user import deactivate_member
from opensink_web.operations.decisions.ending import remove_member
from tests.api.conftest import (
    NOWHERE,
    Api,
    Apis,
    ask,
    assert_problem,
    key_with,
    made,
    question,
    wrong_paths,
)
from tests.conftest import Cast
from tests.runtime.conftest import ok
from tests.support.cases import for_each
from tests.support.pause_scenarios import approval_in, paused_in
from tests.support.scenarios import admin_of

PATH = "/agent-session-input-requests"
ALICE, BOB = "alice@example.com", "bob@example.com"
YES = {"response": {"approved": True}}

on_each_database = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def team(alice: Api) -> Any:
    return made(alice.post("/teams", {"name": "Finance", "members": [BOB]}))


def who(request: Any) -> list[Any]:
    assignees: list[Any] = request["assignees"]
    return assignees


def names(request: Any) -> list[str]:
    return [
        each["user"]["email"] if each["user"] else each["team"]["name"] for each in who(request)
    ]


def assign(api: Api, request: Any, *assignees: Any) -> Any:
    return ok(api.post(f"{PATH}/{request['id']}/assign", {"assignees": list(assignees)}))


def history(api: Api, request: Any) -> list[str]:
    query = f"session_id={request['session_id']}&type=message"
    return [each["message"] for each in api.read(f"/agent-session-activities?{query}")["items"]]


@on_each_database
def test_a_question_is_put_to_members_and_teams(alice: Api, team: Any, cast: Cast) -> None:
    named = [BOB.upper(), {"team": "finance"}, {"user": str(cast.alice.id)}, {"team": team["id"]}]
    request = ask(alice, assignees=named)
    assert names(request) == [BOB, "Finance", ALICE]
    for each in who(request):
        assert (each["assigned_by"], each["delegated_from"]) == (None, None)
    assert alice.read(f"{PATH}/{request['id']}") == request
    assert alice.read(PATH)["items"] == [request]


def test_without_any_it_is_nobodys_in_particular(alice: Api) -> None:
    assert ask(alice)["assignees"] == []


WRONG: list[tuple[Any, str]] = [
    (["charlie@example.com"], "/assignees/0"),
    ([BOB, "nobody"], "/assignees/1"),
    ([{"team": "Finance"}, {"team": "Nobodies"}], "/assignees/1"),
    ([{}], "/assignees/0"),
    ([{"user": BOB, "team": "Finance"}], "/assignees/0"),
    ([7], "/assignees/0"),
    ([""], "/assignees/0/user"),
    ([BOB] * 21, "/assignees"),
    (BOB, "/assignees"),
]


@pytest.mark.usefixtures("team")
def test_who_is_not_there_is_named(alice: Api) -> None:
    request = ask(alice)
    there = f"{PATH}/{request['id']}"

    def check(case: tuple[Any, str]) -> None:
        assignees, path = case
        body = question({"id": request["session_id"], "agent_id": NOWHERE}, assignees=assignees)
        assert wrong_paths(alice.post(PATH, body)) == [path]
        assert wrong_paths(alice.post(f"{there}/assign", {"assignees": assignees})) == [path]
        assert wrong_paths(alice.post(f"{there}/supersede", {"assignees": assignees})) == [path]

    for_each(WRONG, check)
    assert alice.read(there) == request


def test_who_is_deactivated_gets_nothing(app: Flask, alice: Api, cast: Cast) -> None:
    with app.app_context(), writing():
        deactivate_member(admin_of(cast.alice.workspace_id), cast.bob.id)
    request = ask(alice)
    answer = alice.post(f"{PATH}/{request['id']}/assign", {"assignees": [BOB]})
    assert wrong_paths(answer) == ["/assignees/0"]


def test_it_is_reassigned_and_the_history_says_by_whom(apis: Apis, team: Any) -> None:
    request = ask(apis.alice, assignees=[ALICE])
    given = assign(apis.bob, request, {"team": team["id"]}, BOB)
    assert names(given) == ["Finance", BOB]
    assert [each["assigned_by"]["email"] for each in who(given)] == [BOB, BOB]
    assert assign(apis.alice, request, BOB, {"team": "Finance"}) == given  # nothing changed
    assert names(assign(apis.alice, request, BOB)) == [BOB]
    assert assign(apis.alice, request)["assignees"] == []
    assert history(apis.alice, request) == [
        f"{ALICE} took “Buy?” off {BOB}.",
        f"{ALICE} assigned “Buy?” to {BOB}. It was assigned to Finance and {BOB}.",
        f"{BOB} assigned “Buy?” to Finance and {BOB}. It was assigned to {ALICE}.",
    ]


@on_each_database
def test_who_has_it_hands_it_on_and_stays_on_record(apis: Apis, team: Any) -> None:
    request = ask(apis.alice, assignees=[BOB])
    there = f"{PATH}/{request['id']}/delegate"
    assert_problem(apis.alice.post(there, {"to": BOB}), 409, "conflict")
    for nobody in (BOB, "charlie@example.com", {"team": "Ghosts"}):
        assert wrong_paths(apis.bob.post(there, {"to": nobody})) == ["/to"]
    handed = ok(apis.bob.post(there, {"to": ALICE}))
    (only,) = who(handed)
    assert (only["user"]["email"], only["delegated_from"]["email"]) == (ALICE, BOB)
    handed = ok(apis.alice.post(there, {"to": {"team": "Finance"}}))
    (only,) = who(handed)
    assert (only["team"]["name"], only["assigned_by"]["email"]) == ("Finance", ALICE)
    assert only["delegated_from"]["email"] == BOB
    assert history(apis.alice, request) == [
        f"{ALICE} handed “Buy?” on to Finance.",
        f"{BOB} handed “Buy?” on to {ALICE}.",
    ]


def test_an_assignment_forbids_nobody_else(apis: Apis) -> None:
    request = ask(apis.alice, assignees=[ALICE])
    decided = ok(apis.bob.post(f"{PATH}/{request['id']}/resolve", YES))
    assert names(decided) == [ALICE]


def test_what_is_decided_is_not_assigned_any_more(alice: Api) -> None:
    request = ask(alice, assignees=[BOB])
    alice.post(f"{PATH}/{request['id']}/resolve", YES)
    there = f"{PATH}/{request['id']}"
    for answer in (
        alice.post(f"{there}/assign", {"assignees": []}),
        alice.post(f"{there}/delegate", {"to": ALICE}),
    ):
        assert_problem(answer, 409, "already_resolved")
    assert names(alice.read(there)) == [BOB]


def test_a_revision_is_theirs_too_unless_it_says_else(apis: Apis) -> None:
    request = ask(apis.alice, assignees=[BOB])
    ok(apis.bob.post(f"{PATH}/{request['id']}/delegate", {"to": ALICE}))
    again = made(apis.alice.post(f"{PATH}/{request['id']}/supersede", {"title": "Again?"}))
    assert [(each["user"]["email"], each["delegated_from"]["email"]) for each in who(again)] == [
        (ALICE, BOB)
    ]
    other = made(apis.alice.post(f"{PATH}/{again['id']}/supersede", {"assignees": [BOB]}))
    assert names(other) == [BOB]


@on_each_database
def test_who_leaves_and_what_is_deleted_has_nothing_any_more(
    app: Flask, alice: Api, cast: Cast, team: Any
) -> None:
    request = ask(alice, assignees=[BOB, {"team": "Finance"}, ALICE])
    alice.delete(f"/teams/{team['id']}")
    assert names(alice.read(f"{PATH}/{request['id']}")) == [BOB, ALICE]
    with app.app_context(), writing():
        remove_member(admin_of(cast.alice.workspace_id), cast.bob.id)
    assert names(alice.read(f"{PATH}/{request['id']}")) == [ALICE]


@on_each_database
def test_calls_that_wait_for_approval_are_assigned_too(app: Flask, alice: Api, cast: Cast) -> None:
    with app.app_context():
        (paused,) = approval_in(cast.alice)
    request = {"id": str(paused.request_id)}
    assert names(assign(alice, request, BOB)) == [BOB]
    steps = alice.at(f"/executions/{paused.execution_id}/steps", "GET").json
    assert f"{ALICE} assigned “Call billing/refund?” to {BOB}." in str(steps)


def test_a_function_says_whose_its_question_is(app: Flask, alice: Api, cast: Cast) -> None:
    with app.app_context():
        paused = paused_in(cast.alice, options={"assignees": [BOB, "gone@example.com"]})
    assert names(alice.read(f"{PATH}/{paused.request_id}")) == [BOB]
    steps = alice.at(f"/executions/{paused.execution_id}/steps", "GET").json
    assert "no active member and no team “gone@example.com”" in str(steps)


def test_it_takes_a_scope_and_a_role(app: Flask, alice: Api) -> None:
    request = ask(alice)
    body = {"assignees": [BOB]}
    for scope, status in (
        ("agent_session_input_requests:read", 403),
        ("agent_session_input_requests:write", 200),
    ):
        key = key_with(alice, app, scope)
        assert key.post(f"{PATH}/{request['id']}/assign", body).status_code == status


@pytest.mark.server
@on_each_database
def test_while_it_is_decided_it_is_assigned_first_or_not_at_all(app: Flask, apis: Apis) -> None:
    """Else somebody would be given what waits no more, and have it in their list for good."""
    outcomes = set()
    for _ in range(12):
        request = ask(apis.alice, assignees=[ALICE])
        there, start = f"{PATH}/{request['id']}", threading.Barrier(2)
        answers: dict[str, int] = {}

        def act(what: str, body: Any, there: str = there, start: Any = start) -> None:
            start.wait()
            answers[what] = apis.bob.post(f"{there}/{what}", body).status_code  # noqa: B023

        bodies = {"assign": {"assignees": [BOB]}, "resolve": YES}
        threads = [threading.Thread(target=act, args=each) for each in bodies.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        outcomes.add(answers["assign"])
        decided = apis.alice.read(there)
        assert (answers["resolve"], decided["status"]) == (200, "resolved")
        assert names(decided) == ([BOB] if answers["assign"] == 200 else [ALICE])
        with app.app_context(), reading():
            of_it = select(Assignment.is_open).where(Assignment.request_id == UUID(request["id"]))
            assert list(db.session.scalars(of_it)) == [False]
    assert outcomes <= {200, 409}


def test_another_workspace_cannot_assign_it(apis: Apis) -> None:
    request = ask(apis.alice)
    there = f"{PATH}/{request['id']}"
    for answer in (
        apis.charlie.post(f"{there}/assign", {"assignees": ["charlie@example.com"]}),
        apis.charlie.post(f"{there}/delegate", {"to": "charlie@example.com"}),
    ):
        assert_problem(answer, 404, "not_found")
