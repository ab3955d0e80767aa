"""Answers for which another rule holds than for what was proposed: its people are asked."""

import threading
from collections.abc import Collection, Iterator
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.errors import AlreadyResolved, NotInStep, RequesterForbidden, Superseded
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import AuditAction, AuditEntry, InputRequestStatus, Quorum, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.team import update_team
from opensink_web.operations.decisions import bulk
from opensink_web.operations.decisions.asker import lock_askers
from opensink_web.operations.decisions.bulk import RowDecision, Verdict, decide_many
from opensink_web.operations.decisions.decision import decline, resolve
from opensink_web.operations.requests.answer import check_answer
from opensink_web.operations.requests.digest import CHANGED, digest_of_request
from opensink_web.operations.requests.options import RequestOptions
from opensink_web.operations.requests.policy_change import (
    PolicyFields,
    check_policy,
    delete_policy,
    move_policy,
    update_policy,
)
from opensink_web.operations.requests.policy_step import PolicyStep, steps_of
from opensink_web.operations.requests.queries import step_of
from opensink_web.operations.requests.step import step_now
from opensink_web.operations.requests.vote import votes_of
from tests.conftest import Cast, Person
from tests.support.bulk_cases import request_by_id as request
from tests.support.pause_scenarios import approval_in
from tests.support.rule_cases import (
    ANYTHING,
    LARGE,
    assigned,
    by_team,
    here,
    make_dana,
    make_finance,
    make_rule,
    patiently,
    put,
    say,
    user,
)
from tests.support.standing_cases import asked_by, held_against, new_agent, standing

pytestmark = pytest.mark.usefixtures("on_each_database", "there")
STATUS = InputRequestStatus
MUCH: JSONObject = {"amount": 50_000}
SMALL: JSONObject = {"properties": {"amount": {"maximum": 100}}, "required": ["amount"]}


@pytest.fixture
def there(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def dana(cast: Cast) -> Person:
    return make_dana(cast)


@pytest.fixture
def finance(cast: Cast) -> UUID:
    return make_finance(cast)


def waits_in(request_id: UUID) -> str:
    state = step_now(request(request_id))
    return state.words if state else ""


def said(request_id: UUID) -> list[tuple[int, UUID | None]]:
    """Return who has said something, and in which step."""
    return [(each.step, each.user_id) for each in votes_of([request_id]).get(request_id, [])]


@pytest.mark.parametrize("proposed", [500, None])
def test_it_goes_on_to_the_people_of_the_rule_with_the_answer_as_the_proposal(
    cast: Cast, finance: UUID, proposed: JSONValue
) -> None:
    make_rule(cast, by_team(finance), PolicyStep("Second"), condition=LARGE, name="Large")
    request_id = put(cast, proposed)
    opened = digest_of_request(request(request_id))
    say(cast, cast.bob, request_id, MUCH, seen=opened)
    stored = request(request_id)
    assert (stored.status, stored.proposal, stored.response) == (STATUS.PENDING, MUCH, None)
    assert waits_in(request_id) == "Step 2 of 3: Finance"
    assert assigned(request_id) == [(None, finance)]
    with pytest.raises(NotInStep, match="Step 2 of 3: Finance"):
        say(cast, cast.bob, request_id, {"amount": 1})
    with pytest.raises(Superseded):  # a form that was opened before
        say(cast, cast.alice, request_id, MUCH, seen=opened)
    say(cast, cast.alice, request_id, MUCH, seen=digest_of_request(stored))
    assert waits_in(request_id) == "Step 3 of 3: Second"
    with pytest.raises(NotInStep, match="You decided in an earlier step"):
        say(cast, cast.alice, request_id, MUCH)
    say(cast, cast.bob, request_id, MUCH)  # who entered it is one person, and Alice another
    stored = request(request_id)
    assert (stored.status, stored.response) == (STATUS.RESOLVED, MUCH)
    assert stored.edited == (None if proposed is None else ["/amount"])
    begun = db.session.scalars(
        select(AuditEntry)
        .where(AuditEntry.action == AuditAction.REQUEST_STEP_BEGUN)
        .order_by(AuditEntry.id)
    ).all()
    assert [each.details[1].get("rule") for each in begun if each.details] == ["Large", None]
    assert begun[0].details is not None
    assert begun[0].details[1]["rule_revision"] == str(stored.policy_revision_id)


def test_its_people_may_change_or_decline_it(cast: Cast, finance: UUID) -> None:
    make_rule(cast, by_team(finance), condition=LARGE)
    changed, declined = put(cast, None), put(cast, None)
    for request_id in (changed, declined):
        say(cast, cast.bob, request_id, MUCH)
    say(cast, cast.alice, changed, {"amount": 20_000})
    with writing():
        decline(here(cast), declined, "Too much.", by=user(cast.alice))
    assert request(changed).response == {"amount": 20_000}
    assert request(declined).status is STATUS.DECLINED


def test_a_decline_of_what_was_asked_before_is_none_of_the_answer(
    cast: Cast, finance: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_rule(cast, by_team(finance), condition=LARGE)
    one_id, row_id = put(cast, 500), put(cast, 500)
    step = step_of(here(cast), one_id)
    say(cast, cast.bob, one_id, MUCH)
    with pytest.raises(Superseded), writing():
        decline(here(cast), one_id, "No.", by=user(cast.alice), step=step)

    def in_between(ids: Collection[UUID]) -> None:
        lock_askers(ids)
        resolve(here(cast), answer, by=user(cast.bob))

    answer = check_answer(here(cast), row_id, MUCH)
    monkeypatch.setattr(bulk, "lock_askers", in_between)
    (row,) = decide_many(
        here(cast), [RowDecision(row_id, Verdict.DECLINE, reason="No.")], by=user(cast.alice)
    )
    assert row.refusal == CHANGED
    for request_id in (one_id, row_id):
        assert (request(request_id).status, request(request_id).proposal) == (STATUS.PENDING, MUCH)


def test_who_decides_by_that_rule_alone_decides(cast: Cast, finance: UUID) -> None:
    make_rule(cast, by_team(finance), condition=LARGE)
    request_id, small_id = put(cast, None), put(cast, None)
    say(cast, cast.alice, request_id, MUCH)
    say(cast, cast.bob, small_id, {"amount": 600})
    assert {request(each).status for each in (request_id, small_id)} == {STATUS.RESOLVED}
    assert request(request_id).steps is None


def test_who_is_of_its_first_step_has_spoken_there(cast: Cast, finance: UUID) -> None:
    make_rule(cast, by_team(finance), PolicyStep("Second"), condition=LARGE)
    request_id = put(cast, None)
    say(cast, cast.alice, request_id, MUCH)
    assert waits_in(request_id) == "Step 3 of 3: Second"
    assert said(request_id) == [(1, cast.alice.id)]
    say(cast, cast.bob, request_id, MUCH)
    assert request(request_id).response == MUCH


def test_of_a_step_for_several_who_answers_is_one(cast: Cast, finance: UUID, dana: Person) -> None:
    with writing():
        update_team(here(cast), finance, {"user_ids": {cast.alice.id, cast.bob.id}})
    make_rule(cast, by_team(finance, required_responses=2), condition=LARGE)
    request_id = put(cast, None)
    say(cast, cast.alice, request_id, MUCH)
    assert (waits_in(request_id), request(request_id).status) == (
        "Step 2 of 2: Finance",
        STATUS.PENDING,
    )
    with pytest.raises(NotInStep):
        say(cast, dana, request_id, MUCH)
    say(cast, cast.bob, request_id, MUCH)
    assert request(request_id).response == MUCH


def test_several_who_answer_have_to_agree_before(cast: Cast, finance: UUID, dana: Person) -> None:
    make_rule(cast, by_team(finance), PolicyStep("Second"), condition=LARGE)
    options = RequestOptions(required_responses=2, quorum=Quorum.FIRST_DECLINE)
    request_id = put(cast, None, options)
    say(cast, cast.bob, request_id, MUCH)
    assert (request(request_id).steps, request(request_id).step) == (None, 0)
    say(cast, dana, request_id, MUCH)
    stored = request(request_id)
    assert waits_in(request_id) == "Step 2 of 3: Finance"
    assert (stored.required_responses, stored.quorum) == (1, None)
    assert steps_of(stored.steps)[0].required_responses == 2
    say(cast, cast.alice, request_id, MUCH)
    say(cast, dana, request_id, MUCH)
    assert request(request_id).response == MUCH


def test_an_edit_under_one_rule_goes_on_to_another(cast: Cast, finance: UUID) -> None:
    make_rule(cast, PolicyStep("Anybody"), condition=SMALL, name="Small")
    make_rule(cast, by_team(finance), PolicyStep("Second"), name="All others")
    request_id, small_id, large_id = put(cast, 50), put(cast, 50), put(cast, 500)
    say(cast, cast.bob, request_id, {"amount": 101})
    assert waits_in(request_id) == "Step 2 of 3: Finance"
    say(cast, cast.alice, request_id, {"amount": 101})
    say(cast, cast.bob, request_id, {"amount": 101})
    assert request(request_id).response == {"amount": 101}
    say(cast, cast.bob, small_id, {"amount": 60})
    assert request(small_id).status is STATUS.RESOLVED
    say(cast, cast.alice, large_id, {"amount": 40})  # which anybody may decide: it goes on
    assert waits_in(large_id) == "Step 2 of 2: Second"
    say(cast, cast.bob, large_id, {"amount": 40})
    assert request(large_id).response == {"amount": 40}


UP_TO: JSONObject = {"properties": {"amount": {"maximum": 9_999}}}
FROM: JSONObject = {"properties": {"amount": {"minimum": 10_000}}}


@pytest.mark.parametrize("others", [ANYTHING, FROM])
@pytest.mark.parametrize("proposed", [None, {"default": {"note": "From the agent"}}])
def test_what_fills_in_what_was_left_open_goes_on_to_another_rule(
    cast: Cast, finance: UUID, others: JSONObject, proposed: JSONObject | None
) -> None:
    """Both rules hold where there is no amount, and the first decides; it is no edit to say one."""
    make_rule(cast, PolicyStep("Clerk"), condition=UP_TO, name="Small")
    make_rule(cast, by_team(finance), condition=others, name="All others")
    schema: JSONObject = {"type": "object", **(proposed or {})}
    request_id, small_id = (put(cast, schema=schema) for _ in range(2))
    assert waits_in(request_id) == "Clerk"
    filled: JSONObject = {**MUCH, "note": "From the agent"}
    say(cast, cast.bob, request_id, filled)
    assert (waits_in(request_id), request(request_id).proposal) == ("Step 2 of 2: Finance", filled)
    say(cast, cast.alice, request_id, filled)
    assert request(request_id).response == filled
    say(cast, cast.bob, small_id, {**filled, "amount": 500})  # for which its own rule holds still
    assert request(small_id).status is STATUS.RESOLVED


def test_an_answer_goes_by_the_rule_of_its_request_as_it_was(cast: Cast, finance: UUID) -> None:
    """Those made or changed since count for an answer for which it does not hold."""
    policy_id = make_rule(cast, PolicyStep("Clerk"), condition=UP_TO)
    small_id, large_id = put(cast, None), put(cast, None)
    changed = PolicyFields("Rule", (by_team(finance),), ANYTHING)
    with writing():
        update_policy(here(cast), policy_id, check_policy(changed), by=user(cast.alice))
    first = make_rule(cast, by_team(finance), PolicyStep("Second"), name="First")
    with writing():
        move_policy(here(cast), first, -1, by=user(cast.alice))
    say(cast, cast.bob, small_id, {"amount": 500})
    assert request(small_id).status is STATUS.RESOLVED
    with writing():
        delete_policy(here(cast), first, by=user(cast.alice))
    say(cast, cast.bob, large_id, MUCH)
    assert waits_in(large_id) == "Step 2 of 2: Finance"


def test_a_rule_made_since_holds_for_an_answer_that_was_not_proposed(
    cast: Cast, finance: UUID
) -> None:
    as_proposed, other = put(cast, 500), put(cast, None)
    make_rule(cast, by_team(finance))
    say(cast, cast.bob, as_proposed, {"amount": 500.0})
    assert request(as_proposed).status is STATUS.RESOLVED
    say(cast, cast.bob, other, {"amount": 500})
    assert waits_in(other) == "Step 2 of 2: Finance"


def test_whoever_asked_does_not_decide_where_that_was_forbidden(
    cast: Cast, finance: UUID, dana: Person
) -> None:
    make_rule(cast, by_team(finance), PolicyStep("Second"), condition=LARGE)
    request_id = put(cast, None, RequestOptions(forbid_requester=True))
    with pytest.raises(RequesterForbidden):
        say(cast, cast.alice, request_id, MUCH)
    say(cast, cast.bob, request_id, MUCH)  # Alice alone is in Finance, and asked
    state = step_now(request(request_id))
    assert state is not None
    assert (state.words, state.was_opened) == ("Step 3 of 3: Second", False)
    with pytest.raises(RequesterForbidden):
        say(cast, cast.alice, request_id, MUCH)
    say(cast, dana, request_id, MUCH)
    assert request(request_id).response == MUCH


def test_calls_and_rows_of_many_go_on_as_well(cast: Cast, finance: UUID) -> None:
    above: JSONObject = {"properties": {"amount": {"minimum": 50}}, "required": ["amount"]}
    make_rule(cast, by_team(finance), PolicyStep("Second"), condition=above)
    (call,) = approval_in(cast.alice, [{"amount": 49}])
    ids = [put(cast, None), call.request_id]
    decisions = [RowDecision(each, Verdict.ANSWER, answer={"amount": 60}) for each in ids]
    for person, words in (
        (cast.bob, "Step 2 of 3: Finance"),
        (cast.alice, "Step 3 of 3: Second"),
        (cast.bob, ""),
    ):
        results = decide_many(here(cast), decisions, by=user(person))
        assert [each.refusal for each in results] == [None, None]
        assert {waits_in(each) for each in ids if words} <= {words}
    assert {request(each).status for each in ids} == {STATUS.RESOLVED}


def test_a_standing_approval_leaves_it_to_the_people_of_the_rule(cast: Cast, finance: UUID) -> None:
    """What it answers may fall under a rule that what was proposed does not."""
    agent_id = new_agent(cast.alice)
    standing(cast.alice, agent_id)
    assert held_against(asked_by(cast.alice, agent_id)) is not None
    make_rule(cast, by_team(finance), condition={"required": ["approved"]})
    assert held_against(asked_by(cast.alice, agent_id)) is None


@pytest.mark.server
def test_of_two_who_answer_at_once_one_does(app: Flask, cast: Cast, finance: UUID) -> None:
    make_rule(cast, by_team(finance), condition=LARGE)
    dana = make_dana(cast)
    for _ in range(5):
        request_id = put(cast, None)
        refused: list[str] = []
        start = threading.Barrier(2)

        def answer(
            by: Person,
            amount: int,
            request_id: UUID = request_id,
            refused: list[str] = refused,
            start: threading.Barrier = start,
        ) -> None:
            def try_it() -> None:
                try:
                    say(cast, by, request_id, {"amount": amount})
                except (Superseded, NotInStep, AlreadyResolved) as error:
                    refused.append(error.code)

            with app.app_context():
                start.wait()
                patiently(try_it)

        db.session.rollback()
        people = ((cast.bob, 50_000), (dana, 600))
        threads = [threading.Thread(target=answer, args=each) for each in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        db.session.rollback()
        stored = request(request_id)
        if stored.status is STATUS.PENDING:
            assert (stored.proposal, waits_in(request_id)) == (MUCH, "Step 2 of 2: Finance")
        else:
            assert stored.response == {"amount": 600}
        assert len(refused) == 1
