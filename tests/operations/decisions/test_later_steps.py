"""A request in a later step of its rule: its deadline, undoing, and what else might decide."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.errors import NotInStep, RequesterForbidden
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Activity,
    AuditAction,
    AuditEntry,
    InputRequestStatus,
    OnExpire,
    StandingApproval,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.expiry import expire
from opensink_web.operations.requests.options import RequestOptions
from opensink_web.operations.requests.policy_step import PolicyStep
from opensink_web.operations.requests.vote import votes_of
from tests.conftest import Cast
from tests.support.bulk_cases import request_by_id as request
from tests.support.holding import hold_response, let_take_effect, take_back
from tests.support.rule_cases import (
    by_team,
    make_dana,
    make_finance,
    make_other,
    make_rule,
    put,
    revise,
    say,
)
from tests.support.standing_cases import (
    PAY,
    affirm,
    asked_by,
    granted_on,
    held_against,
    new_agent,
    put_to_use,
    standing,
)

pytestmark = pytest.mark.usefixtures("on_each_database", "there")
LATER = datetime(2090, 1, 1, tzinfo=UTC)
STATUS = InputRequestStatus


@pytest.fixture
def there(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def audited(request_id: UUID) -> list[AuditAction]:
    query = select(AuditEntry.action).where(AuditEntry.subject_id == request_id)
    return list(db.session.scalars(query.order_by(AuditEntry.id)))


def said(request_id: UUID) -> list[tuple[int, UUID | None]]:
    """Return who has said something, and in which step."""
    return [(each.step, each.user_id) for each in votes_of([request_id]).get(request_id, [])]


@pytest.mark.parametrize(
    ("on_expire", "status"),
    [
        (OnExpire.NONE, STATUS.EXPIRED),
        (OnExpire.DECLINE, STATUS.DECLINED),
        (OnExpire.DEFAULT, STATUS.EXPIRED),
    ],
)
def test_a_deadline_ends_it_in_a_later_step_and_answers_nothing(
    cast: Cast, on_expire: OnExpire, status: InputRequestStatus
) -> None:
    make_rule(cast, by_team(make_finance(cast)), PolicyStep("Second"))
    default: JSONObject | None = {"amount": 7} if on_expire is OnExpire.DEFAULT else None
    options = RequestOptions(expires_at=LATER, on_expire=on_expire, default_response=default)
    request_id = put(cast, 12_000, options)
    say(cast, cast.alice, request_id, {"amount": 11_000})
    assert (request(request_id).step, request(request_id).expires_at) == (1, LATER)
    with writing():
        expire(request_id)
        expire(request_id)  # once is enough
    ended = request(request_id)
    assert (ended.status, ended.resolved_by_system, ended.response) == (status, True, None)
    told = db.session.scalars(select(Activity).order_by(Activity.id.desc()).limit(1)).one()
    assert ("a rule says who decides on it" in str(told.message)) is (on_expire is OnExpire.DEFAULT)
    assert said(request_id) == [(0, cast.alice.id)]
    assert audited(request_id).count(AuditAction.REQUEST_EXPIRED) == 1


def test_undoing_in_a_later_step_goes_back_to_its_beginning(cast: Cast) -> None:
    dana = make_dana(cast)
    finance = by_team(make_finance(cast))
    make_rule(cast, finance, PolicyStep("Second", required_responses=2))
    answer: JSONObject = {"amount": 11_000}
    request_id = put(cast)
    say(cast, cast.alice, request_id, answer)
    say(cast, cast.bob, request_id, answer)
    hold_response(dana, request_id, answer)
    assert request(request_id).status is STATUS.HELD
    take_back(dana, request_id)
    assert (request(request_id).status, request(request_id).step) == (STATUS.PENDING, 1)
    assert said(request_id) == [(0, cast.alice.id), (1, cast.bob.id)]
    take_back(cast.bob, request_id)
    take_back(cast.alice, request_id)  # what has ended a step stays said
    assert said(request_id) == [(0, cast.alice.id)]
    with pytest.raises(NotInStep, match="You decided in an earlier step"):
        say(cast, cast.alice, request_id, answer)
    for by in (dana, cast.bob):
        hold_response(by, request_id, answer)
    let_take_effect(request_id)
    assert (request(request_id).status, request(request_id).response) == (STATUS.RESOLVED, answer)
    assert said(request_id) == [(0, cast.alice.id), (1, dana.id), (1, cast.bob.id)]


def test_a_rule_in_steps_goes_before_a_standing_approval(cast: Cast) -> None:
    """Else what two people have to look at would need none; which rule it was stands in the row."""
    agent_id = new_agent(cast.alice)
    approval_id = standing(cast.alice, agent_id)
    make_rule(cast, by_team(make_finance(cast)), PolicyStep("Second"), key=PAY.key)
    request_id = asked_by(cast.alice, agent_id)
    use = held_against(request_id)
    if use is not None:
        put_to_use(use)
    waiting = request(request_id)
    assert (waiting.status, waiting.step) == (STATUS.PENDING, 0)
    assert waiting.policy_revision_id is not None
    assert db.session.get_one(StandingApproval, approval_id).uses_count == 0
    (created,) = db.session.scalars(
        select(AuditEntry).where(
            AuditEntry.subject_id == request_id,
            AuditEntry.action == AuditAction.REQUEST_CREATED,
        )
    )
    assert created.details is not None
    assert created.details[1]["rule_revision"] == str(waiting.policy_revision_id)
    assert audited(request_id) == [AuditAction.REQUEST_CREATED]


def test_nobody_who_asked_an_earlier_revision_decides_in_any_step(cast: Cast) -> None:
    dana, erin, frank = (
        make_other(cast, f"{name}@example.com") for name in ("dana", "erin", "frank")
    )
    make_rule(cast, by_team(make_finance(cast, cast.bob, dana, erin)), PolicyStep("Second"))
    request_id = put(cast, options=RequestOptions(forbid_requester=True))
    for person in (cast.bob, dana):
        request_id = revise(cast, person, request_id)
    for decider, step in ((erin, 1), (frank, 2)):
        for person in (cast.alice, cast.bob, dana):
            with pytest.raises(RequesterForbidden):
                say(cast, person, request_id, {"amount": 12_000})
        say(cast, decider, request_id, {"amount": 12_000})
        assert request(request_id).step == min(step, 1)
    assert request(request_id).status is STATUS.RESOLVED


def test_a_standing_approval_of_whoever_asked_an_earlier_revision_is_not_used(cast: Cast) -> None:
    agent_id = new_agent(cast.alice)
    asked = PAY.but(options=RequestOptions(forbid_requester=True))
    earlier = standing(cast.alice, agent_id)
    request_id = asked_by(cast.alice, agent_id, asked)
    for person in (cast.bob, cast.bob):
        request_id = revise(cast, person, request_id, title=PAY.title)
    use = held_against(request_id)
    assert use is not None
    assert use.approval_ids == (earlier,)
    put_to_use(use)
    assert request(request_id).status is STATUS.PENDING
    assert db.session.get_one(StandingApproval, earlier).uses_count == 0
    dana = make_dana(cast)
    other = asked_by(cast.alice, agent_id)
    affirm(dana, other)
    anothers = granted_on(dana, other)
    again = revise(cast, cast.bob, request_id, title=PAY.title)
    use = held_against(again)
    assert use is not None
    put_to_use(use)
    assert request(again).standing_approval_id == anothers


def test_a_standing_approval_goes_on_where_no_rule_holds(cast: Cast) -> None:
    person = cast.alice
    agent_id = new_agent(person)
    approval_id = standing(person, agent_id)
    make_rule(cast, PolicyStep("Other"), key="another")
    use = held_against(asked_by(person, agent_id))
    assert use is not None
    put_to_use(use)
    assert db.session.get_one(StandingApproval, approval_id).uses_count == 1
