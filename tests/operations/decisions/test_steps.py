"""Rules in steps: which one a request goes by, who may decide in which step, and how it goes on."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web import clock
from opensink_web.errors import Conflict, NotInStep, Superseded
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import (
    AuditAction,
    AuditEntry,
    InputRequestStatus,
    Membership,
    Vote,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.absence import NewAbsence, add_absence, end_absence
from opensink_web.operations.accounts.team import update_team
from opensink_web.operations.decisions import assignment, claim
from opensink_web.operations.decisions.bulk import RowDecision, Verdict, decide_many
from opensink_web.operations.decisions.decision import decline
from opensink_web.operations.decisions.withdrawal import check_revision, supersede
from opensink_web.operations.requests.assignment import Assignee
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.operations.requests.options import RequestOptions
from opensink_web.operations.requests.policy_change import (
    PolicyFields,
    check_policy,
    delete_policy,
    move_policy,
    update_policy,
)
from opensink_web.operations.requests.policy_step import PolicyStep, steps_of
from opensink_web.operations.requests.step import step_now
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
    put,
    say,
    user,
)

pytestmark = pytest.mark.usefixtures("on_each_database", "there")


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


@pytest.mark.parametrize(
    ("amount", "is_ruled"),
    [
        (10_000, True),
        (10_000.0, True),
        (9_999.99, False),
        (10**40, True),
        ("10000", False),
        (None, False),
    ],
)
def test_the_condition_is_met_from_its_limit_on(
    cast: Cast, finance: UUID, amount: JSONValue, is_ruled: bool
) -> None:
    make_rule(cast, by_team(finance), condition=LARGE)
    request_id = put(cast, amount)
    stored = request(request_id)
    assert (stored.policy_revision_id is not None) is is_ruled
    assert (stored.steps is not None) is is_ruled
    assert assigned(request_id) == ([(None, finance)] if is_ruled else [])


def test_of_those_that_hold_the_first_does(cast: Cast, finance: UUID) -> None:
    first = make_rule(cast, PolicyStep("First"), name="First", condition=LARGE)
    second = make_rule(cast, PolicyStep("Second"), name="Second")
    other = make_rule(cast, by_team(finance), name="Other key", key="other")
    (names,) = ([each.name for each in steps_of(request(put(cast)).steps)],)
    assert names == ["First"]
    assert [each.name for each in steps_of(request(put(cast, 5)).steps)] == ["Second"]
    assert [each.name for each in steps_of(request(put(cast, 5, key="other")).steps)] == ["Second"]
    with writing():
        move_policy(here(cast), other, -2, by=user(cast.alice))
    assert [each.name for each in steps_of(request(put(cast, key="other")).steps)] == ["Finance"]
    with writing():
        for each in (first, second):
            delete_policy(here(cast), each, by=user(cast.alice))
    assert request(put(cast)).steps is None


def test_what_waits_goes_on_by_the_revision_that_held_then(cast: Cast, finance: UUID) -> None:
    policy_id = make_rule(cast, by_team(finance), PolicyStep("Second"))
    before = put(cast)
    fields = check_policy(PolicyFields("Rule", (PolicyStep("Only"),), ANYTHING))
    with writing():
        update_policy(here(cast), policy_id, fields, by=user(cast.alice))
    after = put(cast)
    assert [each.name for each in steps_of(request(before).steps)] == ["Finance", "Second"]
    assert [each.name for each in steps_of(request(after).steps)] == ["Only"]
    assert request(before).policy_revision_id != request(after).policy_revision_id
    say(cast, cast.alice, before, {"amount": 1})
    assert request(before).step == 1


def test_only_they_decide_and_then_a_second_person(cast: Cast, finance: UUID) -> None:
    make_rule(cast, by_team(finance), PolicyStep("Second person"))
    request_id = put(cast)
    first_digest = digest_of_request(request(request_id))
    with pytest.raises(NotInStep, match="Step 1 of 2: Finance"):
        say(cast, cast.bob, request_id, {"amount": 1})
    with pytest.raises(NotInStep), writing():
        decline(here(cast), request_id, "No.", by=user(cast.bob))
    with pytest.raises(NotInStep), writing():
        claim.claim(here(cast), request_id, by=user(cast.bob), minutes=5)
    assert request(request_id).step == 0
    say(cast, cast.alice, request_id, {"amount": 11_000}, seen=first_digest)
    stored = request(request_id)
    assert (stored.status, stored.step) == (InputRequestStatus.PENDING, 1)
    assert stored.proposal == {"amount": 11_000}
    assert stored.proposed_response is None
    assert assigned(request_id) == []
    with pytest.raises(NotInStep, match="You decided in an earlier step"):
        say(cast, cast.alice, request_id, {"amount": 11_000})
    with pytest.raises(Superseded):
        say(cast, cast.bob, request_id, {"amount": 11_000}, seen=first_digest)
    say(cast, cast.bob, request_id, {"amount": 11_000}, seen=digest_of_request(stored))
    stored = request(request_id)
    assert stored.status is InputRequestStatus.RESOLVED
    assert stored.response == {"amount": 11_000}
    assert stored.edited == ["/amount"]
    votes = db.session.scalars(select(Vote).order_by(Vote.step))
    assert [(each.step, each.user_id) for each in votes] == [(0, cast.alice.id), (1, cast.bob.id)]
    begun = select(AuditEntry).where(AuditEntry.action == AuditAction.REQUEST_STEP_BEGUN)
    assert len(db.session.scalars(begun).all()) == 1


def test_a_decline_ends_it_in_any_step(cast: Cast, finance: UUID) -> None:
    make_rule(cast, by_team(finance), PolicyStep("Second person"))
    first, second = put(cast), put(cast)
    with writing():
        decline(here(cast), first, "No.", by=user(cast.alice))
    assert request(first).status is InputRequestStatus.DECLINED
    say(cast, cast.alice, second, {"amount": 1})
    with writing():
        decline(here(cast), second, "No.", by=user(cast.bob))
    assert request(second).status is InputRequestStatus.DECLINED


def test_a_step_takes_as_many_as_it_says(cast: Cast, finance: UUID, dana: Person) -> None:
    with writing():
        update_team(here(cast), finance, {"user_ids": {cast.alice.id, cast.bob.id}})
    make_rule(cast, by_team(finance, required_responses=2), PolicyStep("Second"))
    request_id = put(cast)
    say(cast, cast.alice, request_id, {"amount": 7})
    assert request(request_id).step == 0
    say(cast, cast.bob, request_id, {"amount": 7})
    assert (request(request_id).step, request(request_id).required_responses) == (1, 1)
    say(cast, dana, request_id, {"amount": 7})
    assert request(request_id).status is InputRequestStatus.RESOLVED


def test_where_too_few_are_left_anybody_decides(cast: Cast, finance: UUID) -> None:
    make_rule(cast, by_team(finance))
    request_id = put(cast)
    state = step_now(request(request_id))
    assert state is not None
    assert not state.is_open
    with writing():
        update_team(here(cast), finance, {"user_ids": set()})
    state = step_now(request(request_id))
    assert state is not None
    assert state.was_opened
    say(cast, cast.bob, request_id, {"amount": 1})
    assert request(request_id).status is InputRequestStatus.RESOLVED


def test_where_the_requester_alone_is_left_others_decide(cast: Cast, finance: UUID) -> None:
    make_rule(cast, by_team(finance, forbid_requester=False), PolicyStep("Second"))
    request_id = put(cast, options=RequestOptions(forbid_requester=True))
    assert request(request_id).forbid_requester
    say(cast, cast.bob, request_id, {"amount": 1})  # Alice asked, and is alone in Finance
    assert (request(request_id).step, request(request_id).forbid_requester) == (1, True)


def test_a_deputy_decides_for_who_is_away(cast: Cast, finance: UUID) -> None:
    make_rule(cast, by_team(finance), PolicyStep("Second"))
    request_id = put(cast)
    moment = clock.now()
    away = NewAbsence(moment, moment + timedelta(days=1), cast.bob.id)
    with writing():
        add_absence(here(cast), cast.alice.id, away)
    say(cast, cast.bob, request_id, {"amount": 1})
    vote = db.session.scalars(select(Vote)).one()
    assert (vote.user_id, vote.cast_for_id) == (cast.bob.id, cast.alice.id)
    with pytest.raises(NotInStep):
        say(cast, cast.bob, request_id, {"amount": 1})


def _stands_in(cast: Cast, deputy: Person, who: Person, request_id: UUID) -> None:
    """Have a deputy say yes in somebody's place, who is back then."""
    moment = clock.now()
    away = NewAbsence(moment, moment + timedelta(days=1), deputy.id)
    with writing():
        absence_id = add_absence(here(cast), who.id, away).id
    say(cast, deputy, request_id, {"amount": 12_000})
    with writing():
        end_absence(here(cast), who.id, absence_id)


def test_somebody_and_their_deputy_are_one(cast: Cast, finance: UUID, dana: Person) -> None:
    with writing():
        update_team(here(cast), finance, {"user_ids": {cast.alice.id, cast.bob.id}})
    make_rule(cast, by_team(finance, required_responses=2))
    request_id = put(cast)
    _stands_in(cast, dana, cast.alice, request_id)
    say(cast, cast.alice, request_id, {"amount": 12_000})
    assert request(request_id).status is InputRequestStatus.PENDING
    say(cast, cast.bob, request_id, {"amount": 12_000})
    assert request(request_id).status is InputRequestStatus.RESOLVED


def test_whose_deputy_decided_does_not_decide_in_a_later_step(
    cast: Cast, finance: UUID, dana: Person
) -> None:
    others = PolicyStep("Both", (Assignee(user_id=cast.alice.id), Assignee(user_id=cast.bob.id)))
    make_rule(cast, by_team(finance), others)
    request_id = put(cast)
    _stands_in(cast, dana, cast.alice, request_id)
    with pytest.raises(NotInStep, match="or your deputy did"):
        say(cast, cast.alice, request_id, {"amount": 12_000})
    say(cast, cast.bob, request_id, {"amount": 12_000})
    assert request(request_id).status is InputRequestStatus.RESOLVED


@pytest.mark.parametrize("is_closed", [False, True])
def test_what_is_added_to_a_proposal_changes_the_rule_only_where_its_own_does_not_hold(
    cast: Cast, finance: UUID, is_closed: bool
) -> None:
    closed: JSONObject = {"properties": {"amount": {}}, "additionalProperties": not is_closed}
    make_rule(cast, PolicyStep("Anybody"), condition=closed, name="First")
    make_rule(cast, by_team(finance), name="All others")
    request_id = put(cast)
    say(cast, cast.bob, request_id, {"amount": 12_000, "approved": True})
    state = step_now(request(request_id))
    assert state is not None
    assert (request(request_id).status is InputRequestStatus.PENDING) is is_closed
    assert state.words == ("Step 2 of 2: Finance" if is_closed else "Anybody")


def test_it_is_not_assigned_to_others(cast: Cast, finance: UUID) -> None:
    make_rule(cast, by_team(finance))
    request_id = put(cast, options=RequestOptions(assignees=(Assignee(user_id=cast.bob.id),)))
    assert assigned(request_id) == [(None, finance)]
    with pytest.raises(Conflict, match="A rule says who decides this"), writing():
        assignment.assign(
            here(cast), request_id, [Assignee(user_id=cast.bob.id)], by=user(cast.alice)
        )


def test_what_is_asked_instead_begins_with_the_first_step(cast: Cast, finance: UUID) -> None:
    make_rule(cast, by_team(finance), PolicyStep("Second"), condition=LARGE)
    request_id = put(cast)
    say(cast, cast.alice, request_id, {"amount": 10_001})
    for amount, is_ruled in ((20_000, True), (5, False)):
        schema: JSONValue = {"type": "object", "properties": {"amount": {"default": amount}}}
        revision = check_revision(here(cast), request_id, {"schema": schema}, {})
        with writing():
            new = supersede(here(cast), revision, requested_by_id=cast.alice.id)
            request_id = new.id
        stored = request(request_id)
        assert (stored.steps is not None, stored.step) == (is_ruled, 0)
        assert stored.required_responses == 1
        assert assigned(request_id) == ([(None, finance)] if is_ruled else [])


def test_who_has_left_is_assigned_nothing(cast: Cast, finance: UUID, dana: Person) -> None:
    step = PolicyStep("They", (Assignee(user_id=dana.id), Assignee(team_id=finance)))
    make_rule(cast, step)
    with writing():
        db.session.delete(db.session.get_one(Membership, (dana.id, cast.alice.workspace_id)))
    assert assigned(put(cast)) == [(None, finance)]


def test_calls_of_a_batch_go_by_it_each_by_its_input(cast: Cast, finance: UUID) -> None:
    condition: JSONObject = {"properties": {"amount": {"minimum": 50}}, "required": ["amount"]}
    make_rule(cast, by_team(finance), PolicyStep("Second"), condition=condition)
    inputs: list[JSONObject] = [{"amount": 49}, {"amount": 50}, {"amount": 60.5}]
    ids = [each.request_id for each in approval_in(cast.alice, inputs, is_batch=True)]
    by_amount = {request(each).proposed_response["amount"]: each for each in ids}  # type: ignore[index]
    assert request(by_amount[49]).steps is None
    assert assigned(by_amount[49]) == []
    for amount in (50, 60.5):
        assert len(steps_of(request(by_amount[amount]).steps)) == 2
        assert assigned(by_amount[amount]) == [(None, finance)]
    decisions = [RowDecision(each, Verdict.YES) for each in by_amount.values()]
    results = decide_many(here(cast), decisions, by=user(cast.bob))
    refused = {each.request_id for each in results if each.refusal}
    assert refused == {by_amount[50], by_amount[60.5]}
    decide_many(here(cast), decisions[1:], by=user(cast.alice))
    assert [request(each).step for each in by_amount.values()] == [0, 1, 1]
    decide_many(here(cast), decisions[1:], by=user(cast.bob))
    assert {request(each).status for each in ids} == {InputRequestStatus.RESOLVED}
    assert request(by_amount[50]).edited == []
