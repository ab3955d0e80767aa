"""Each way in which a request comes to wait, or waits no longer, is told by the audit."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from opensink_web import clock
from opensink_web.models import AuditAction, SessionStatus, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import delete_agent
from opensink_web.operations.agents.agent_session import delete_session, update_session
from opensink_web.operations.decisions.expiry import expire
from opensink_web.operations.decisions.holding import give_back
from opensink_web.operations.decisions.withdrawal import cancel, check_revision, supersede
from opensink_web.operations.executions.batch import cancel_batch
from opensink_web.operations.requests.options import RequestOptions
from opensink_web.operations.requests.waiting import WAITS_FROM_NOW_ON, WAITS_NO_LONGER
from opensink_web.work.chores import DELETING
from tests.conftest import Cast, Person
from tests.support.audit import entries_of
from tests.support.cases import for_each
from tests.support.holding import hold_answer, hold_refusal, take_back
from tests.support.pause_scenarios import approval_in, execution_of, paused_in
from tests.support.pause_scenarios import cancel as cancel_execution
from tests.support.scenarios import ENDPOINT, Waiting, ask_in

pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture(autouse=True)
def within(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def workspace_of(person: Person) -> Workspace:
    return db.session.get_one(Workspace, person.workspace_id)


def told_of(person: Person, subject_id: UUID) -> list[AuditAction]:
    return [
        each.action for each in entries_of(person.workspace_id) if each.subject_id == subject_id
    ]


def ends_with_its_session(alice: Person, waiting: Waiting) -> None:
    with writing():
        ended = SessionStatus.COMPLETED
        update_session(workspace_of(alice), waiting.session_id, status=ended)


def goes_with_its_session(alice: Person, waiting: Waiting) -> None:
    with writing():
        delete_session(workspace_of(alice), waiting.session_id)
    while DELETING[0].go_on():
        pass


def goes_with_its_agent(alice: Person, waiting: Waiting) -> None:
    with writing():
        delete_agent(workspace_of(alice), waiting.agent_id)
    while DELETING[0].go_on():
        pass


def is_withdrawn(alice: Person, waiting: Waiting) -> None:
    with writing():
        cancel(workspace_of(alice), waiting.request_id, "Too late.")


def is_superseded(alice: Person, waiting: Waiting) -> None:
    revision = check_revision(workspace_of(alice), waiting.request_id, {"title": "Sell?"}, {})
    with writing():
        supersede(workspace_of(alice), revision, requested_by_id=alice.id)


def expires(alice: Person, waiting: Waiting) -> None:
    with writing():
        expire(waiting.request_id)


def is_answered(alice: Person, waiting: Waiting) -> None:
    hold_answer(alice, waiting.request_id)


def is_declined(alice: Person, waiting: Waiting) -> None:
    hold_refusal(alice, waiting.request_id)


ENDS: dict[AuditAction, tuple[Callable[[Person, Waiting], None], ...]] = {
    AuditAction.REQUEST_CANCELLED: (ends_with_its_session,),
    AuditAction.REQUEST_DELETED: (goes_with_its_session, goes_with_its_agent),
    AuditAction.REQUEST_WITHDRAWN: (is_withdrawn,),
    AuditAction.REQUEST_SUPERSEDED: (is_superseded,),
    AuditAction.REQUEST_EXPIRED: (expires,),
    AuditAction.REQUEST_ANSWERED: (is_answered,),
    AuditAction.REQUEST_DECLINED: (is_declined,),
}


def test_when_a_request_of_an_agent_waits_no_longer(cast: Cast) -> None:
    def check(case: tuple[AuditAction, Callable[[Person, Waiting], None]]) -> None:
        action, end = case
        tomorrow = clock.now() + timedelta(days=1)
        waiting = ask_in(cast.alice, ENDPOINT, RequestOptions(expires_at=tomorrow))
        assert told_of(cast.alice, waiting.request_id) == [AuditAction.REQUEST_CREATED]
        end(cast.alice, waiting)
        assert told_of(cast.alice, waiting.request_id)[1:] == [action]
        assert action in WAITS_NO_LONGER

    for_each([(action, end) for action, ends in ENDS.items() for end in ends], check)


def test_that_what_was_held_waits_no_longer_when_its_session_ends(cast: Cast) -> None:
    waiting = ask_in(cast.alice, ENDPOINT)
    hold_answer(cast.bob, waiting.request_id)
    ends_with_its_session(cast.alice, waiting)
    assert told_of(cast.alice, waiting.request_id)[1:] == [
        AuditAction.REQUEST_ANSWERED,
        AuditAction.REQUEST_CANCELLED,
    ]


def test_that_what_was_decided_is_not_cancelled_or_deleted(cast: Cast) -> None:
    waiting = ask_in(cast.alice, ENDPOINT)
    is_withdrawn(cast.alice, waiting)
    ends_with_its_session(cast.alice, waiting)
    goes_with_its_session(cast.alice, waiting)
    assert told_of(cast.alice, waiting.request_id)[1:] == [AuditAction.REQUEST_WITHDRAWN]


def test_when_a_decision_is_undone_or_given_back(cast: Cast) -> None:
    waiting = ask_in(cast.alice, ENDPOINT)
    hold_answer(cast.bob, waiting.request_id)
    take_back(cast.bob, waiting.request_id)
    hold_answer(cast.bob, waiting.request_id)
    with writing():
        give_back(waiting.request_id, "The endpoint is gone.")
    told = told_of(cast.alice, waiting.request_id)
    assert [each for each in told if each in WAITS_FROM_NOW_ON] == [
        AuditAction.REQUEST_CREATED,
        AuditAction.DECISION_UNDONE,
        AuditAction.DECISION_GIVEN_BACK,
    ]


def test_when_an_execution_is_cancelled_that_waits(cast: Cast) -> None:
    for paused in (paused_in(cast.alice), approval_in(cast.alice)[0]):
        cancel_execution(cast.alice, paused.execution_id)
        assert told_of(cast.alice, paused.request_id) == [
            AuditAction.REQUEST_CREATED,
            AuditAction.REQUEST_CANCELLED,
        ]


def test_a_batch_says_it_of_all_its_requests_at_once(cast: Cast) -> None:
    paused = approval_in(cast.alice, [{"amount": 1}, {"amount": 2}], is_batch=True)
    batch_id = execution_of(paused[0]).batch_id
    assert batch_id is not None
    with writing():
        cancel_batch(workspace_of(cast.alice), batch_id)
    submitted, cancelled = told_of(cast.alice, batch_id)
    assert submitted is AuditAction.BATCH_SUBMITTED
    assert submitted in WAITS_FROM_NOW_ON
    assert cancelled is AuditAction.BATCH_CANCELLED
    assert cancelled in WAITS_NO_LONGER
    for each in paused:
        assert told_of(cast.alice, each.request_id) == []
