"""Chains on a clock that the test moves: who is told when, and what ends or changes meanwhile."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web import clock
from opensink_web.models import (
    Activity,
    AuditAction,
    Escalation,
    SessionStatus,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.absence import NewAbsence, add_absence
from opensink_web.operations.accounts.team import create_team, delete_team
from opensink_web.operations.accounts.user import deactivate_member
from opensink_web.operations.agents.agent_session import update_session
from opensink_web.operations.decisions.assignment import assign
from opensink_web.operations.decisions.expiry import extend
from opensink_web.operations.notifications.chain import ChainFields, delete_chain, update_chain
from opensink_web.operations.notifications.escalation import (
    finish_escalations,
    give_up_escalation,
)
from opensink_web.operations.notifications.plan import PlannedStep, Who
from opensink_web.operations.requests.assignment import Assignee, assignments_of
from opensink_web.operations.requests.options import RequestOptions
from opensink_web.operations.slices import SLICE
from opensink_web.settings import Settings
from opensink_web.work.escalations import AT_ONCE
from tests.conftest import Cast, Person
from tests.operations.conftest import Moment
from tests.support.audit import entries_of
from tests.support.escalations import (
    begin_all,
    claim_due,
    do_due,
    escalation_of,
    make_chain,
    plan_for,
)
from tests.support.executions import make_function, submit_many
from tests.support.holding import hold_answer, take_back
from tests.support.mail_server import MailServer
from tests.support.notifications import Sender, add_mail, to
from tests.support.pause_scenarios import paused_in
from tests.support.rule_cases import by_team, make_finance, make_rule, put
from tests.support.scenarios import ENDPOINT, Waiting, admin_of, answer, ask_in

pytestmark = pytest.mark.usefixtures("on_each_database")
FRIDAY = datetime(2026, 11, 27, 15, 30, tzinfo=UTC)  # half past four in Berlin
MONDAY = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
ADMINS_AFTER_TWO_HOURS = PlannedStep(120, Who.ADMINS)


@pytest.fixture(autouse=True)
def within(app: Flask, moment: Moment) -> Iterator[None]:
    moment.now = FRIDAY
    with app.app_context():
        yield


def workspace_of(person: Person) -> Workspace:
    return db.session.get_one(Workspace, person.workspace_id)


def make_team(alice: Person, *members: UUID) -> UUID:
    with writing():
        team = create_team(
            workspace_of(alice), name="Finance", description="", user_ids=set(members)
        )
        return team.id


def give(alice: Person, request_id: UUID, *assignees: Assignee) -> None:
    with writing():
        by = db.session.get_one(User, alice.id)
        assign(workspace_of(alice), request_id, assignees, by=by)


def asked(person: Person, **options: object) -> Waiting:
    waiting = ask_in(person, ENDPOINT, RequestOptions(**options))  # type: ignore[arg-type]
    begin_all()
    return waiting


def history_of(waiting: Waiting) -> list[str]:
    """Return what the system wrote into the session's history."""
    query = select(Activity).where(Activity.session_id == waiting.session_id)
    with reading():
        said = [each.message or "" for each in db.session.scalars(query.order_by(Activity.id))]
    return [each for each in said if each.startswith("Nobody had decided")]


def names_of(request_id: UUID) -> list[str]:
    with reading():
        return [each.name for each in assignments_of([request_id]).get(request_id, [])]


def due_at(waiting: Waiting) -> datetime | None:
    escalation = escalation_of(waiting.request_id)
    return None if escalation is None else escalation.next_at


def test_asked_on_friday_reminded_and_escalated_on_monday(cast: Cast, moment: Moment) -> None:
    team_id = make_team(cast.alice, cast.bob.id)
    finance = PlannedStep(180, Who.TEAM, team_id, also_assign=True)
    make_chain(cast.alice, plan_for(PlannedStep(60, Who.ASSIGNEES), finance))
    waiting = asked(cast.alice)
    give(cast.alice, waiting.request_id, Assignee(user_id=cast.alice.id))

    assert due_at(waiting) == MONDAY
    assert do_due(cast.alice.workspace_id) == 0
    moment.now = MONDAY
    assert do_due(cast.alice.workspace_id) == 1
    assert due_at(waiting) == MONDAY + timedelta(hours=2)
    moment.now = MONDAY + timedelta(hours=2)
    assert do_due(cast.alice.workspace_id) == 1

    assert history_of(waiting) == [
        "Nobody had decided on “Buy?” after 1 working hour: reminded alice@example.com.",
        "Nobody had decided on “Buy?” after 3 working hours: assigned to Finance.",
    ]
    assert names_of(waiting.request_id) == ["alice@example.com", "Finance"]
    assert escalation_of(waiting.request_id) is None
    actions = (AuditAction.REQUEST_REMINDED, AuditAction.REQUEST_ESCALATED)
    assert [each.action for each in entries_of(cast.alice.workspace_id, *actions)] == [*actions]


def test_a_step_is_mailed_to_whom_it_names_once(
    cast: Cast, moment: Moment, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings)
    steps = (PlannedStep(60, Who.USER, cast.bob.id), ADMINS_AFTER_TWO_HOURS)
    make_chain(cast.alice, plan_for(*steps))
    asked(cast.alice)
    moment.now = MONDAY
    claims = claim_due(cast.alice.workspace_id)
    for _ in range(2):
        with writing():
            finish_escalations(claims)
    sender.send()
    (received,) = to(mail, cast.bob)
    body = received.mail.get_body(("plain",))
    assert body is not None
    assert "Nobody had decided after 1 working hour." in body.get_content()


def test_steps_that_were_missed_come_one_after_the_other(cast: Cast, moment: Moment) -> None:
    make_chain(cast.alice, plan_for(PlannedStep(60, Who.ASSIGNEES), ADMINS_AFTER_TWO_HOURS))
    waiting = asked(cast.alice)
    moment.now = MONDAY + timedelta(days=3)
    assert do_due(cast.alice.workspace_id) == 2
    assert [each.rpartition(": ")[2] for each in history_of(waiting)] == [
        "reminded everybody who may decide.",
        "told the admins.",
    ]


def test_what_was_decided_ended_or_withdrawn_meanwhile_is_left_alone(
    cast: Cast, moment: Moment
) -> None:
    make_chain(cast.alice, plan_for())
    decided, ended = asked(cast.alice), asked(cast.alice)
    answer(cast.bob, decided)
    with writing():
        status = SessionStatus.COMPLETED
        update_session(workspace_of(cast.alice), ended.session_id, status=status)
    moment.now = MONDAY
    assert do_due(cast.alice.workspace_id) == 2
    for each in (decided, ended):
        assert history_of(each) == []
        assert escalation_of(each.request_id) is None


def test_a_decision_in_the_moment_in_which_a_step_was_taken_comes_first(
    cast: Cast, moment: Moment
) -> None:
    make_chain(cast.alice, plan_for())
    waiting = asked(cast.alice)
    moment.now = MONDAY
    claims = claim_due(cast.alice.workspace_id)
    answer(cast.bob, waiting)
    with writing():
        finish_escalations(claims)
    assert history_of(waiting) == []


def test_one_that_is_held_goes_on_if_it_is_undone(cast: Cast, moment: Moment) -> None:
    make_chain(cast.alice, plan_for())
    waiting = asked(cast.alice)
    moment.now = MONDAY
    hold_answer(cast.bob, waiting.request_id)
    assert do_due(cast.alice.workspace_id) == 1
    assert history_of(waiting) == []
    take_back(cast.bob, waiting.request_id)
    moment.pass_seconds(60)
    assert do_due(cast.alice.workspace_id) == 1
    assert len(history_of(waiting)) == 1


def test_a_lease_that_was_lost_does_nothing(cast: Cast, moment: Moment) -> None:
    make_chain(cast.alice, plan_for())
    waiting = asked(cast.alice)
    moment.now = MONDAY
    lost = claim_due(cast.alice.workspace_id)
    moment.pass_seconds(3600)
    assert do_due(cast.alice.workspace_id) == 1
    with writing():
        finish_escalations(lost)
    assert len(history_of(waiting)) == 1


def test_one_that_failed_is_tried_again(cast: Cast, moment: Moment) -> None:
    make_chain(cast.alice, plan_for())
    waiting = asked(cast.alice)
    moment.now = MONDAY
    (claim,) = claim_due(cast.alice.workspace_id)
    with writing():
        give_up_escalation(claim, "It failed.")
    assert do_due(cast.alice.workspace_id) == 0
    moment.pass_seconds(60)
    assert do_due(cast.alice.workspace_id) == 1
    assert len(history_of(waiting)) == 1


def test_a_chain_that_is_changed_leaves_what_runs_as_it_began(cast: Cast, moment: Moment) -> None:
    chain_id = make_chain(cast.alice, plan_for(PlannedStep(60, Who.ASSIGNEES)))
    before = asked(cast.alice)
    plan = plan_for(PlannedStep(0, Who.ADMINS))
    with writing():
        by = db.session.get_one(User, cast.alice.id)
        update_chain(workspace_of(cast.alice), chain_id, ChainFields("Standard", plan), by=by)
    after = asked(cast.alice)
    assert do_due(cast.alice.workspace_id) == 1
    assert (len(history_of(before)), len(history_of(after))) == (0, 1)
    assert due_at(before) == MONDAY


def test_a_chain_that_is_deleted_ends_what_runs(cast: Cast) -> None:
    chain_id = make_chain(cast.alice, plan_for())
    waiting = asked(cast.alice)
    with writing():
        assert delete_chain(workspace_of(cast.alice), chain_id) == "Standard"
    assert escalation_of(waiting.request_id) is None


def test_more_time_to_decide_does_not_put_the_chain_off(cast: Cast, moment: Moment) -> None:
    make_chain(cast.alice, plan_for())
    expires_at = clock.now() + timedelta(days=4)
    waiting = asked(cast.alice, expires_at=expires_at)
    with writing():
        by = db.session.get_one(User, cast.bob.id)
        later = expires_at + timedelta(days=30)
        extend(workspace_of(cast.alice), waiting.request_id, later, by=by)
    assert due_at(waiting) == MONDAY


def test_who_has_it_by_then_is_reminded(cast: Cast, moment: Moment) -> None:
    make_chain(cast.alice, plan_for())
    waiting = asked(cast.alice)
    give(cast.alice, waiting.request_id, Assignee(user_id=cast.bob.id))
    moment.now = MONDAY
    do_due(cast.alice.workspace_id)
    assert history_of(waiting)[0].endswith("reminded bob@example.com.")


def test_who_stands_in_is_told_too(cast: Cast, moment: Moment) -> None:
    team_id = make_team(cast.alice, cast.bob.id)
    make_chain(cast.alice, plan_for(PlannedStep(60, Who.ASSIGNEES)))
    of_bob, of_team = asked(cast.alice), asked(cast.alice)
    give(cast.alice, of_bob.request_id, Assignee(user_id=cast.bob.id))
    give(cast.alice, of_team.request_id, Assignee(team_id=team_id))
    moment.now = MONDAY
    with writing():
        away = NewAbsence(MONDAY, MONDAY + timedelta(days=7), cast.alice.id)
        add_absence(workspace_of(cast.alice), cast.bob.id, away)
    do_due(cast.alice.workspace_id)
    assert history_of(of_bob)[0].endswith("reminded alice@example.com for bob@example.com.")
    assert history_of(of_team)[0].endswith("reminded Finance.")


def test_it_is_not_assigned_twice(cast: Cast, moment: Moment) -> None:
    bob = PlannedStep(60, Who.USER, cast.bob.id, also_assign=True)
    make_chain(cast.alice, plan_for(bob))
    waiting = asked(cast.alice)
    give(cast.alice, waiting.request_id, Assignee(user_id=cast.bob.id))
    moment.now = MONDAY
    do_due(cast.alice.workspace_id)
    assert names_of(waiting.request_id) == ["bob@example.com"]
    assert history_of(waiting)[0].endswith("told bob@example.com.")


def test_what_a_rule_gives_to_some_stays_with_them(cast: Cast, moment: Moment) -> None:
    team_id = make_finance(cast)
    make_rule(cast, by_team(team_id))
    bob = PlannedStep(60, Who.USER, cast.bob.id, also_assign=True)
    make_chain(cast.alice, plan_for(bob))
    request_id = put(cast)
    begin_all()
    moment.now = MONDAY
    assert do_due(cast.alice.workspace_id) == 1
    assert len(names_of(request_id)) == 1


def test_it_is_not_given_to_whom_it_was_asked_for(cast: Cast, moment: Moment) -> None:
    alice = PlannedStep(60, Who.USER, cast.alice.id, also_assign=True)
    make_chain(cast.alice, plan_for(alice))
    forbidden, allowed = asked(cast.alice, forbid_requester=True), asked(cast.alice)
    moment.now = MONDAY
    do_due(cast.alice.workspace_id)
    assert names_of(forbidden.request_id) == []
    assert names_of(allowed.request_id) == ["alice@example.com"]


def test_where_nobody_is_left_to_tell_the_history_says_so(cast: Cast, moment: Moment) -> None:
    team_id = make_team(cast.alice, cast.bob.id)
    bob = PlannedStep(60, Who.USER, cast.bob.id, also_assign=True)
    team = PlannedStep(60, Who.TEAM, team_id, also_assign=True)
    make_chain(cast.alice, plan_for(bob, team))
    waiting = asked(cast.alice)
    with writing():
        deactivate_member(admin_of(cast.alice.workspace_id), cast.bob.id)
        delete_team(workspace_of(cast.alice), team_id)
    moment.now = MONDAY
    assert do_due(cast.alice.workspace_id) == 2
    assert [each.rpartition(": ")[2] for each in history_of(waiting)] == [
        "there was nobody to tell."
    ] * 2
    assert names_of(waiting.request_id) == []


def test_an_agents_or_functions_own_chain_goes_before_that_of_all(
    cast: Cast, moment: Moment
) -> None:
    make_chain(cast.alice, plan_for(PlannedStep(240, Who.ADMINS)))
    first = asked(cast.alice)
    make_chain(cast.alice, plan_for(), name="Trader", agent_id=first.agent_id)
    paused = paused_in(cast.alice)
    begin_all()
    assert due_at(first) == MONDAY + timedelta(hours=3)
    escalation = escalation_of(paused.request_id)
    assert escalation is not None
    assert escalation.next_at == MONDAY + timedelta(hours=3)
    assert due_at(asked(cast.charlie)) is None, "it is another workspace's"


def test_only_what_is_asked_while_a_chain_is_active_begins(cast: Cast) -> None:
    before = ask_in(cast.alice, ENDPOINT)
    begin_all()
    chain_id = make_chain(cast.alice, plan_for())
    assert due_at(before) is None
    begin_all()

    def switch(*, is_active: bool) -> None:
        with writing():
            by = db.session.get_one(User, cast.alice.id)
            fields = ChainFields("Standard", plan_for(), is_active=is_active)
            update_chain(workspace_of(cast.alice), chain_id, fields, by=by)

    switch(is_active=False)
    meanwhile = asked(cast.alice)
    switch(is_active=True)
    after = asked(cast.alice)
    assert [due_at(each) for each in (before, meanwhile, after)] == [None, None, MONDAY]


def test_each_call_of_a_batch_begins_however_many(cast: Cast, moment: Moment) -> None:
    function_id = make_function(cast.alice, requires_approval=True)
    make_chain(cast.alice, plan_for(), name="Work", function_id=function_id)
    submit_many(cast.alice, function_id, SLICE + 3)
    waiting = asked(cast.alice)
    assert due_at(waiting) is None, "it is no function's"
    with reading():
        begun = db.session.scalars(select(Escalation.request_id)).all()
    assert len(set(begun)) == len(begun) == SLICE + 3
    moment.now = MONDAY
    assert len(claim_due(cast.alice.workspace_id)) == AT_ONCE


def test_clocks_that_are_changed_meanwhile(cast: Cast, moment: Moment) -> None:
    make_chain(cast.alice, plan_for(zone="America/New_York"))
    moment.now = datetime(2026, 3, 6, 21, 30, tzinfo=UTC)  # Friday, half past four in New York
    spring = asked(cast.alice)
    moment.now = datetime(2026, 10, 30, 20, 30, tzinfo=UTC)
    autumn = asked(cast.alice)
    assert due_at(spring) == datetime(2026, 3, 9, 13, 30, tzinfo=UTC)
    assert due_at(autumn) == datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
