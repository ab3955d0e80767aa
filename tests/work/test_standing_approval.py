"""What was approved before is approved again by a worker, and nothing else is."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from opensink_web import clock
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Activity,
    AuditAction,
    Claim,
    Deadline,
    DeadlineKind,
    Execution,
    ExecutionStatus,
    Function,
    InputRequest,
    InputRequestStatus,
    StandingApproval,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.audit.queries import details_of
from opensink_web.operations.deletion import delete_some_left
from opensink_web.operations.executions.function import delete_function
from opensink_web.operations.requests.options import RequestOptions
from tests.conftest import Cast
from tests.support.audit import entries_of
from tests.support.executions import principal_of
from tests.support.pause_scenarios import PROPOSED, answer, approval_in
from tests.support.standing_cases import (
    DAY,
    PAY,
    Question,
    affirm,
    approval_of,
    asked_by,
    deadlines,
    granted_on,
    new_agent,
    order,
    request_now,
    standing,
    status_of,
)

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]
Work = Callable[[], None]


@pytest.fixture(autouse=True)
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def agent_id(cast: Cast) -> UUID:
    return new_agent(cast.alice)


class TestOfAgents:
    def test_the_same_is_approved_and_says_by_whom(
        self, cast: Cast, agent_id: UUID, work: Work
    ) -> None:
        first = asked_by(cast.alice, agent_id)
        affirm(cast.bob, first)
        approval_id = granted_on(cast.alice, first)
        seen = request_now(first).digest
        again = asked_by(cast.alice, agent_id, PAY.but(title="Pay Ada again?"))
        assert deadlines() == [DeadlineKind.STANDING]
        work()

        request = request_now(again)
        assert request.status is InputRequestStatus.RESOLVED
        assert request.response == {"to": "Ada", "amount": 5, "approved": True}
        assert (request.edited, request.resolved_by_id) == ([], None)
        assert request.resolved_by_system
        assert request.standing_approval_id == approval_id
        assert request.session is not None
        assert request.session.status == "processing_input"
        said = db.session.scalars(
            select(Activity)
            .where(Activity.session_id == request.session_id)
            .order_by(Activity.id.desc())
            .limit(1)
        ).one()
        alice = cast.alice.email
        assert (
            said.message
            == f"“Pay Ada again?” was answered by a standing approval that {alice} granted."
        )
        shown = request.digest
        assert approval_of(approval_id).uses_count == 1

        (decided,) = [
            each
            for each in entries_of(cast.alice.workspace_id, AuditAction.REQUEST_ANSWERED)
            if each.subject_id == again
        ]
        details = details_of(decided).values
        assert decided.actor == "system"
        assert details["granted_by"] == alice
        assert details["standing_approval"] == str(approval_id)
        assert details["request_digest"] == shown
        assert details["seen_digest"] == seen
        (used,) = entries_of(cast.alice.workspace_id, AuditAction.STANDING_APPROVAL_USED)
        assert used.subject_id == approval_id
        assert details_of(used).values["request"] == str(again)
        assert details_of(used).values["use"] == 1

    def test_what_waited_before_goes_on_waiting(
        self, cast: Cast, agent_id: UUID, work: Work
    ) -> None:
        before = asked_by(cast.alice, agent_id)
        standing(cast.alice, agent_id)
        work()
        assert status_of(before) is InputRequestStatus.PENDING

    def test_nothing_else_is(self, cast: Cast, agent_id: UUID, work: Work) -> None:
        standing(cast.alice, agent_id)
        others = [
            PAY.but(key="pay2"),
            PAY.but(schema=order(amount=6)),
            PAY.but(schema=order(amount=5.0000001)),
            PAY.but(schema=order(amount="5")),
            PAY.but(schema=order(amount=True)),
            PAY.but(schema=order(to="ada")),
            PAY.but(schema={**order(), "description": "In thousands."}),
            PAY.but(schema={**order(), "required": ["approved"]}),
            PAY.but(schema={"type": "object", "properties": {"approved": {"type": "boolean"}}}),
        ]
        asked = [asked_by(cast.alice, agent_id, each) for each in others]
        same = [
            asked_by(cast.alice, agent_id, PAY.but(schema=each))
            for each in (order(amount=5.0), dict(reversed([*order().items()])))
        ]
        work()
        assert {status_of(each) for each in asked} == {InputRequestStatus.PENDING}
        assert {status_of(each) for each in same} == {InputRequestStatus.RESOLVED}
        assert deadlines() == []

    def test_a_property_more_is_another_proposal(
        self, cast: Cast, agent_id: UUID, work: Work
    ) -> None:
        # a default of the whole can name what no property describes
        def whole(value: JSONObject) -> Question:
            return PAY.but(schema={"type": "object", "default": value})

        standing(cast.alice, agent_id, whole({"to": "Ada"}))
        same = asked_by(cast.alice, agent_id, whole({"to": "Ada"}))
        more = asked_by(cast.alice, agent_id, whole({"to": "Ada", "twice": True}))
        work()
        assert status_of(same) is InputRequestStatus.RESOLVED
        assert status_of(more) is InputRequestStatus.PENDING

    def test_other_words_are_refused_where_these_were_to_be_the_same(
        self, cast: Cast, agent_id: UUID, work: Work
    ) -> None:
        standing(cast.alice, agent_id, same_words=True)
        link: JSONObject = {"type": "link", "text": "Invoice", "href": "https://example.com"}
        linked = RequestOptions(context=[link])
        others = [
            asked_by(cast.alice, agent_id, each)
            for each in (
                PAY.but(title="Pay Ada"),
                PAY.but(message="For the *lamps*."),
                PAY.but(options=linked),
            )
        ]
        same = asked_by(cast.alice, agent_id)
        work()
        assert {status_of(each) for each in others} == {InputRequestStatus.PENDING}
        assert status_of(same) is InputRequestStatus.RESOLVED

    def test_where_there_is_but_a_yes_the_words_are_what_is_asked(
        self, cast: Cast, agent_id: UUID, work: Work
    ) -> None:
        bare = PAY.but(schema={"type": "object", "properties": {"ok": {"type": "boolean"}}})
        standing(cast.alice, agent_id, bare, same_words=False)
        other = asked_by(cast.alice, agent_id, bare.but(message="For the *house*."))
        same = asked_by(cast.alice, agent_id, bare)
        work()
        assert status_of(other) is InputRequestStatus.PENDING
        assert status_of(same) is InputRequestStatus.RESOLVED

    def test_another_agent_or_workspace_has_none_of_it(
        self, cast: Cast, agent_id: UUID, work: Work
    ) -> None:
        standing(cast.alice, agent_id)
        elsewhere = [
            asked_by(person, new_agent(person, "Other")) for person in (cast.alice, cast.charlie)
        ]
        assert deadlines() == []
        work()
        assert {status_of(each) for each in elsewhere} == {InputRequestStatus.PENDING}

    def test_whoever_has_taken_it_on_decides(self, cast: Cast, agent_id: UUID, work: Work) -> None:
        standing(cast.alice, agent_id)
        request_id = asked_by(cast.alice, agent_id)
        with writing():
            person = {"user_id": cast.bob.id, "workspace_id": cast.bob.workspace_id}
            claim = Claim(request_id=request_id, lapses_at=clock.now() + DAY, **person)
            db.session.add(claim)
        work()
        assert status_of(request_id) is InputRequestStatus.PENDING

    def test_nor_does_it_stand_for_several_or_for_who_asked(
        self, cast: Cast, agent_id: UUID, work: Work
    ) -> None:
        standing(cast.bob, agent_id)
        terms: list[tuple[dict[str, Any], bool]] = [
            ({"required_responses": 2}, False),
            ({"forbid_requester": True}, True),
            ({"forbid_requester": True, "requested_by_id": cast.bob.id}, False),
        ]
        asked = [asked_by(cast.alice, agent_id) for _ in terms]
        with writing():
            for request_id, (values, _) in zip(asked, terms, strict=True):
                meant = update(InputRequest).where(InputRequest.id == request_id)
                db.session.execute(meant.values(values))
        work()
        is_approved = [status_of(each) is InputRequestStatus.RESOLVED for each in asked]
        assert is_approved == [each for _, each in terms]

    def test_a_decision_in_between_stands(self, cast: Cast, agent_id: UUID, work: Work) -> None:
        approval_id = standing(cast.alice, agent_id)
        request_id = asked_by(cast.alice, agent_id)
        affirm(cast.bob, request_id)
        work()
        assert request_now(request_id).resolved_by_id == cast.bob.id
        assert approval_of(approval_id).uses_count == 0

    def test_the_next_one_is_taken_where_the_first_is_used_up(
        self, cast: Cast, agent_id: UUID, work: Work
    ) -> None:
        first = standing(cast.alice, agent_id, uses_max=1)
        second = standing(cast.bob, agent_id, uses_max=1)
        asked = [asked_by(cast.alice, agent_id) for _ in range(3)]
        work()
        used = {request_now(each).standing_approval_id for each in asked}
        assert used == {first, second, None}

    def test_one_that_cannot_be_read_leaves_it_to_people(
        self, cast: Cast, agent_id: UUID, work: Work
    ) -> None:
        approval_id = standing(cast.alice, agent_id)
        request_id = asked_by(cast.alice, agent_id)
        with writing():
            meant = update(StandingApproval).where(StandingApproval.id == approval_id)
            db.session.execute(meant.values(sealed_condition="torn"))
            db.session.execute(update(Deadline).values(recovery_count=99))
        work()
        assert status_of(request_id) is InputRequestStatus.PENDING
        assert deadlines() == []


class TestOfFunctions:
    def test_the_same_call_is_made_without_a_person(self, cast: Cast, work: Work) -> None:
        (first,) = approval_in(cast.alice)
        answer(cast.bob, first, PROPOSED)
        approval_id = granted_on(cast.alice, first.request_id)
        assert "s3cret" not in str(approval_of(approval_id).condition)
        (same,) = approval_in(cast.alice, [PROPOSED | {"token": "another"}])
        (other,) = approval_in(cast.alice, [PROPOSED | {"amount": 61}])
        work()
        assert request_now(same.request_id).standing_approval_id == approval_id
        execution = db.session.get_one(Execution, same.execution_id)
        assert execution.status is not ExecutionStatus.AWAITING_INPUT
        assert execution.input_data == PROPOSED | {"token": "another"}
        assert status_of(other.request_id) is InputRequestStatus.PENDING

    def test_those_of_a_batch_too_up_to_the_last_use(self, cast: Cast, work: Work) -> None:
        (first,) = approval_in(cast.alice)
        answer(cast.bob, first, PROPOSED)
        approval_id = granted_on(cast.alice, first.request_id, uses_max=2)
        inputs = [PROPOSED, PROPOSED | {"amount": 1}, PROPOSED, PROPOSED]
        batch = approval_in(cast.alice, inputs, is_batch=True)
        assert len(deadlines()) == 3
        work()
        by = [request_now(each.request_id).standing_approval_id for each in batch]
        assert by[1] is None
        assert sorted(map(str, by)) == sorted(map(str, [approval_id, approval_id, None, None]))
        assert approval_of(approval_id).uses_count == 2

    def test_a_function_of_the_same_name_is_another(self, cast: Cast, work: Work) -> None:
        (first,) = approval_in(cast.alice)
        answer(cast.bob, first, PROPOSED)
        approval_id = granted_on(cast.alice, first.request_id)
        work()
        with writing():
            function = db.session.scalars(select(Function)).one()
            delete_function(principal_of(cast.alice).workspace, function.namespace, function.name)
        left = 1
        while left:
            with writing():
                left = delete_some_left()
        assert approval_of(approval_id).function_id is None
        (again,) = approval_in(cast.alice)
        work()
        assert status_of(again.request_id) is InputRequestStatus.PENDING
