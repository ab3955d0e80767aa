"""Deciding on many at once: each on its own, and what cannot be decided says why."""

import threading
from collections.abc import Iterator, Sequence
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.errors import InvalidInput
from opensink_web.models import (
    Delivery,
    ExecutionStatus,
    InputRequestStatus,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.bulk import (
    MAX_ROWS,
    RowDecision,
    Verdict,
    decide_many,
    undo_many,
)
from opensink_web.operations.decisions.queries import RowResult
from opensink_web.operations.requests.digest import digest_of_request
from tests.conftest import Cast, Person
from tests.support.bulk_cases import AMOUNT, ask_many
from tests.support.bulk_cases import request_by_id as request
from tests.support.pause_scenarios import approval_in, cancel, execution_of, paused_in
from tests.support.scenarios import ENDPOINT, answer, ask_in

pytestmark = pytest.mark.usefixtures("on_each_database", "there")


@pytest.fixture
def there(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def decide(person: Person, decisions: Sequence[RowDecision]) -> list[RowResult]:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    return decide_many(workspace, decisions, by=db.session.get_one(User, person.id))


def say(person: Person, verdict: Verdict, ids: Sequence[UUID], reason: str = "") -> list[str]:
    """Return the refusals of one decision on all, "" for what was decided."""
    results = decide(person, [RowDecision(each, verdict, reason=reason) for each in ids])
    assert [each.request_id for each in results] == list(dict.fromkeys(ids))
    return [each.refusal or "" for each in results]


@pytest.mark.parametrize(("verdict", "value"), [(Verdict.YES, True), (Verdict.NO, False)])
def test_yes_and_no_answer_what_has_one_boolean(cast: Cast, verdict: Verdict, value: bool) -> None:
    ids = ask_many(cast.alice, 3)
    assert say(cast.bob, verdict, ids) == ["", "", ""]
    for each in map(request, ids):
        assert each.status is InputRequestStatus.RESOLVED
        assert each.response == {"approved": value}
        assert each.resolved_by_id == cast.bob.id
    assert db.session.scalar(select(func.count()).select_from(Delivery)) == 3


def test_yes_approves_calls_as_they_are_proposed(cast: Cast) -> None:
    waiting = approval_in(cast.alice, [{"amount": 1}, {"amount": 2}], is_batch=True)
    assert say(cast.bob, Verdict.YES, [each.request_id for each in waiting]) == ["", ""]
    assert [execution_of(each).status for each in waiting] == [ExecutionStatus.QUEUED] * 2
    responses = [request(each.request_id).response for each in waiting]
    assert responses == [{"amount": 1}, {"amount": 2}]
    assert [request(each.request_id).edited for each in waiting] == [[], []]


def test_one_reason_declines_all(cast: Cast) -> None:
    waiting = approval_in(cast.alice, [{"amount": 1}, {"amount": 2}], is_batch=True)
    ids = [each.request_id for each in waiting]
    assert say(cast.bob, Verdict.DECLINE, ids, "Too much.") == ["", ""]
    assert {request(each).decline_reason for each in ids} == {"Too much."}
    assert [execution_of(each).status for each in waiting] == [ExecutionStatus.FAILED] * 2


def test_an_answer_for_each(cast: Cast) -> None:
    ids = ask_many(cast.alice, 2, AMOUNT)
    decide(
        cast.bob,
        [RowDecision(ids[n], Verdict.ANSWER, answer={"amount": n + 1}) for n in range(2)],
    )
    assert [request(each).response for each in ids] == [{"amount": 1}, {"amount": 2}]


def test_who_was_faster_is_named_and_the_others_are_decided(cast: Cast) -> None:
    theirs = ask_in(cast.alice, ENDPOINT)
    mine = ask_many(cast.alice, 2)
    answer(cast.alice, theirs, approved=False)
    first, taken, last = say(cast.bob, Verdict.YES, [mine[0], theirs.request_id, mine[1]])
    assert taken.startswith("This was already answered by alice@example.com on 20")
    assert (first, last) == ("", "")
    assert request(theirs.request_id).response == {"approved": False}


def test_one_that_ended_meanwhile_is_reported(cast: Cast) -> None:
    gone, waiting = approval_in(cast.alice, [{"amount": 1}, {"amount": 2}])
    cancel(cast.alice, gone.execution_id)
    refusals = say(cast.bob, Verdict.YES, [gone.request_id, waiting.request_id])
    assert "execution has ended" in refusals[0]
    assert refusals[1] == ""


def test_what_asks_for_more_than_a_click_is_left(cast: Cast) -> None:
    (form,) = ask_many(cast.alice, 1, AMOUNT)
    (call,) = approval_in(cast.alice, [{"amount": 1}])
    paused = paused_in(cast.alice)
    yes = say(cast.bob, Verdict.YES, [form])
    no = say(cast.bob, Verdict.NO, [call.request_id, paused.request_id])
    assert "more than a Yes or No" in yes[0]
    assert "takes a reason" in no[0]
    assert no[1] == ""
    assert request(form).status is request(call.request_id).status is InputRequestStatus.PENDING


def test_an_answer_that_does_not_fit_is_left(cast: Cast) -> None:
    (form,) = ask_many(cast.alice, 1, AMOUNT)
    (result,) = decide(cast.bob, [RowDecision(form, Verdict.ANSWER, answer={"amount": "x"})])
    assert result.refusal == "The response does not match the request's schema."
    assert request(form).status is InputRequestStatus.PENDING


def test_without_a_reason_nothing_is_declined(cast: Cast) -> None:
    (call,) = approval_in(cast.alice, [{"amount": 1}])
    (refusal,) = say(cast.bob, Verdict.DECLINE, [call.request_id], " ")
    assert "reason" in refusal
    assert request(call.request_id).status is InputRequestStatus.PENDING


def test_another_workspaces_is_not_there(cast: Cast) -> None:
    (theirs,) = ask_many(cast.alice, 1)
    (mine,) = ask_many(cast.charlie, 1)
    elsewhere, nowhere, here = say(cast.charlie, Verdict.YES, [theirs, uuid4(), mine])
    assert elsewhere == nowhere == "There is no such input request."
    assert here == ""
    assert request(theirs).status is InputRequestStatus.PENDING


def test_one_that_is_named_twice_is_decided_once(cast: Cast) -> None:
    (only,) = ask_many(cast.alice, 1)
    assert say(cast.bob, Verdict.NO, [only, only]) == [""]
    assert request(only).response == {"approved": False}


@pytest.mark.parametrize("count", [0, MAX_ROWS + 1])
def test_none_or_too_many_are_refused(cast: Cast, count: int) -> None:
    with pytest.raises(InvalidInput, match=r"at least one|At most 500"):
        say(cast.bob, Verdict.YES, [uuid4() for _ in range(count)])


def test_what_was_changed_since_it_was_seen_is_left(cast: Cast) -> None:
    same, other = ask_many(cast.alice, 2)
    seen = digest_of_request(request(same))
    results = decide(
        cast.bob, [RowDecision(each, Verdict.YES, seen=seen) for each in (same, other)]
    )
    assert results[0].is_decided
    assert results[1].refusal is not None
    assert "changed while you had it open" in results[1].refusal
    assert request(other).status is InputRequestStatus.PENDING


def test_what_must_be_answered_is_not_declined(cast: Cast) -> None:
    must, may = ask_many(cast.alice, 2)
    with writing():
        request(must).allow_decline = False
    refusals = say(cast.bob, Verdict.DECLINE, [must, may], "Not now.")
    assert "cannot be declined" in refusals[0]
    assert refusals[1] == ""
    assert request(may).status is InputRequestStatus.DECLINED


def hold(person: Person, ids: Sequence[UUID], seconds: int = 5) -> None:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    by = db.session.get_one(User, person.id)
    decisions = [RowDecision(each, Verdict.YES) for each in ids]
    decide_many(workspace, decisions, by=by, hold_seconds=seconds)


def take_back(person: Person, ids: Sequence[UUID]) -> list[str]:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    by = db.session.get_one(User, person.id)
    return [each.refusal or "" for each in undo_many(workspace, ids, by=by)]


def test_what_is_held_is_taken_back_at_once(cast: Cast) -> None:
    waiting = approval_in(cast.alice, [{"amount": 1}, {"amount": 2}], is_batch=True)
    ids = [*ask_many(cast.alice, 2), *(each.request_id for each in waiting)]
    hold(cast.bob, ids)
    assert {request(each).status for each in ids} == {InputRequestStatus.HELD}
    assert db.session.scalar(select(func.count()).select_from(Delivery)) == 0
    assert take_back(cast.bob, ids) == [""] * 4
    assert {request(each).status for each in ids} == {InputRequestStatus.PENDING}


def test_what_has_taken_effect_stays_and_is_named(cast: Cast) -> None:
    late, early = ask_many(cast.alice, 2)
    hold(cast.bob, [late], seconds=0)
    hold(cast.bob, [early])
    refusals = take_back(cast.bob, [late, early])
    assert "taken effect" in refusals[0]
    assert refusals[1] == ""
    assert request(late).status is InputRequestStatus.RESOLVED


def test_nobody_takes_back_what_somebody_else_decided(cast: Cast) -> None:
    (only,) = ask_many(cast.alice, 1)
    hold(cast.bob, [only])
    (refusal,) = take_back(cast.alice, [only])
    assert "bob@example.com decided this" in refusal
    (elsewhere,) = take_back(cast.charlie, [only])
    assert elsewhere == "There is no such input request."
    assert request(only).status is InputRequestStatus.HELD


@pytest.mark.server
def test_two_people_at_once_decide_each_request_once(app: Flask, cast: Cast) -> None:
    waiting = approval_in(cast.alice, [{"amount": n} for n in range(1, 31)], is_batch=True)
    ids = [*ask_many(cast.alice, 30), *(each.request_id for each in waiting)]
    start = threading.Barrier(4)
    decided: list[UUID] = []
    refused: list[str] = []

    def take(person: Person, order: list[UUID]) -> None:
        with app.app_context():
            workspace = db.session.get_one(Workspace, person.workspace_id)
            start.wait()
            decisions = [RowDecision(each, Verdict.YES) for each in order]
            by = db.session.get_one(User, person.id)
            for each in decide_many(workspace, decisions, by=by):
                if each.refusal:
                    refused.append(each.refusal)
                else:
                    decided.append(each.request_id)

    people = [(cast.alice, ids), (cast.bob, ids[::-1])] * 2
    threads = [threading.Thread(target=take, args=each) for each in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(decided) == sorted(ids)
    assert len(refused) == 3 * len(ids)
    assert {each for each in refused if not each.startswith("This was already")} == set()
