"""Comments that wake an agent: the call, what it changes, and what happens at the same time."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.errors import AlreadyResolved, NotFound, Unavailable
from opensink_web.models import (
    Activity,
    AgentSession,
    AuditAction,
    AuditEntry,
    Comment,
    CommentMention,
    Delivery,
    InputRequest,
    Membership,
    SessionStatus,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.user import deactivate_member
from opensink_web.operations.agents.agent_session import delete_session
from opensink_web.operations.decisions.comment import add_comment
from opensink_web.operations.decisions.decision import decline
from opensink_web.operations.decisions.ending import remove_member
from opensink_web.operations.decisions.withdrawal import check_revision, supersede
from opensink_web.operations.deletion import delete_some_left
from opensink_web.operations.deliveries.delivery import redeliver
from opensink_web.operations.deliveries.queries import find_delivery_of
from opensink_web.operations.requests.mention import see_mentions
from opensink_web.outbound.client import Response
from tests.conftest import Cast, Person
from tests.support.deliveries import claim_delivery, finish_delivery
from tests.support.pause_scenarios import approval_in
from tests.support.scenarios import ENDPOINT, Waiting, answer, ask_in

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]
AT_ONCE = 12


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Iterator[Waiting]:
    with app.app_context():
        yield ask_in(cast.alice, ENDPOINT)


def say(person: Person, request_id: UUID, message: str = "Why?", *, wakes: bool = False) -> UUID:
    """Write a comment however long a busy machine has others hold what it needs."""
    while True:
        with suppress(Unavailable), writing():
            workspace = db.session.get_one(Workspace, person.workspace_id)
            by = db.session.get_one(User, person.id)
            return add_comment(workspace, request_id, message, by=by, wakes=wakes).id


def the_call() -> Delivery:
    db.session.rollback()
    return db.session.scalars(select(Delivery)).one()


def called(status: int) -> None:
    """Make the call that is due; the endpoint answers so."""
    with writing():
        claim = claim_delivery(the_call_id())
        assert claim is not None
        assert claim.session_id is None
        finish_delivery(claim, Response(status, "", (), b"", False, 1.0, "127.0.0.1", None))


def the_call_id() -> UUID:
    return db.session.scalars(select(Delivery.id)).one()


def session_of(waiting: Waiting) -> AgentSession:
    db.session.rollback()
    return db.session.get_one(AgentSession, waiting.session_id)


def count(table: type[Comment | CommentMention | Delivery]) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


class TestTheCall:
    def test_says_that_it_is_about_a_comment(self, cast: Cast, waiting: Waiting) -> None:
        comment_id = say(cast.bob, waiting.request_id, wakes=True)
        with writing():
            claim = claim_delivery(the_call_id())
            assert claim is not None
            assert claim.attempt is not None
            call = claim.attempt.call
        digest = db.session.get_one(InputRequest, waiting.request_id).digest
        assert json.loads(call.body or b"") == {
            "session_id": str(waiting.session_id),
            "request_id": str(waiting.request_id),
            "outcome": "comment",
            "comment_id": str(comment_id),
        }
        headers = dict(call.headers)
        assert headers["X-OpenSink-Outcome"] == "comment"
        assert headers["X-OpenSink-Comment-Id"] == str(comment_id)
        assert headers["X-OpenSink-Request-Digest"] == digest
        assert headers["webhook-id"] == str(claim.id)

    def test_that_fails_changes_neither_session_nor_request(
        self, cast: Cast, waiting: Waiting
    ) -> None:
        say(cast.bob, waiting.request_id, wakes=True)
        called(500)
        assert the_call().status == "failed"
        session = session_of(waiting)
        assert (session.status, session.error_message) == (SessionStatus.WAITING_FOR_INPUT, None)
        assert session.agent.status is SessionStatus.WAITING_FOR_INPUT
        assert session.agent.endpoint_failure_count == 1
        assert db.session.get_one(InputRequest, waiting.request_id).status == "pending"

    def test_is_made_again_by_hand_and_the_session_waits_on(
        self, cast: Cast, waiting: Waiting
    ) -> None:
        say(cast.bob, waiting.request_id, wakes=True)
        called(500)
        with writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            redeliver(workspace, the_call_id())
        assert session_of(waiting).status is SessionStatus.WAITING_FOR_INPUT
        called(200)
        assert the_call().status == "succeeded"
        assert session_of(waiting).status is SessionStatus.WAITING_FOR_INPUT

    def test_is_not_taken_for_the_call_of_the_decision(self, cast: Cast, waiting: Waiting) -> None:
        answer(cast.bob, waiting)
        told_id = the_call_id()
        say(cast.bob, waiting.request_id)
        other = ask_in(cast.alice, ENDPOINT)
        say(cast.bob, other.request_id, wakes=True)
        db.session.rollback()
        for each, delivery_id in ((waiting, told_id), (other, None)):
            request = db.session.get_one(InputRequest, each.request_id)
            found = find_delivery_of(request)
            assert (found.id if found else None) == delivery_id

    def test_that_is_open_keeps_no_session_processing(self, cast: Cast, waiting: Waiting) -> None:
        """Another of the session's questions is answered, and its call fails."""
        say(cast.bob, waiting.request_id, wakes=True)
        with writing():
            claim = claim_delivery(the_call_id())
        assert claim is not None
        answer(cast.bob, waiting)
        db.session.rollback()
        told = db.session.scalars(select(Delivery).where(Delivery.id != claim.id)).one()
        assert told.session_id == waiting.session_id
        assert session_of(waiting).status is SessionStatus.PROCESSING_INPUT
        with writing():
            failed = Response(500, "", (), b"", False, 1.0, None, None)
            other = claim_delivery(told.id)
            assert other is not None
            finish_delivery(other, failed)
        assert session_of(waiting).status is SessionStatus.FAILED


class TestAtTheSameTime:
    def test_all_of_many_are_kept_in_order_and_counted(
        self, app: Flask, cast: Cast, waiting: Waiting
    ) -> None:
        start = threading.Barrier(AT_ONCE)

        def write(number: int) -> None:
            with app.app_context():
                start.wait()
                say(cast.bob, waiting.request_id, str(number), wakes=True)

        together(*(lambda number=number: write(number) for number in range(AT_ONCE)))
        assert (count(Comment), count(Delivery)) == (AT_ONCE, AT_ONCE)
        assert db.session.get_one(InputRequest, waiting.request_id).comments_count == AT_ONCE

    def test_a_decision_or_a_waking_comment_comes_first_and_the_thread_is_kept(
        self, app: Flask, cast: Cast
    ) -> None:
        outcomes = set()
        for _ in range(AT_ONCE):
            with app.app_context():
                asked = ask_in(cast.alice, ENDPOINT)
            woken: list[bool] = []
            start = threading.Barrier(2)

            def ask_back(request_id: UUID = asked.request_id) -> None:
                with app.app_context():
                    start.wait()  # noqa: B023 - of this round
                    try:
                        say(cast.bob, request_id, wakes=True)
                        woken.append(True)  # noqa: B023 - of this round
                    except AlreadyResolved:
                        woken.append(False)  # noqa: B023 - of this round
                    say(cast.bob, request_id, "I see.")

            def decide(request_id: UUID = asked.request_id) -> None:
                with app.app_context():
                    start.wait()  # noqa: B023 - of this round
                    refuse_patiently(cast.alice, request_id)

            together(ask_back, decide)
            with app.app_context():
                request = db.session.get_one(InputRequest, asked.request_id)
                kinds = db.session.scalars(
                    select(Delivery.kind).where(Delivery.input_request_id == request.id)
                ).all()
                assert request.status == "declined"
                assert request.comments_count == 1 + woken[0]
                assert sorted(kinds) == ["comment", "input_request_resolved"][not woken[0] :]
            outcomes.add(woken[0])
        assert outcomes  # either order is right

    def test_what_is_asked_instead_takes_the_whole_thread_along(
        self, app: Flask, cast: Cast, waiting: Waiting
    ) -> None:
        def write() -> None:
            with app.app_context(), suppress(Exception):
                for number in range(AT_ONCE):
                    say(cast.bob, waiting.request_id, str(number))

        def ask_instead() -> None:
            with app.app_context():
                workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
                revision = check_revision(workspace, waiting.request_id, {"title": "5?"}, {})
                while True:
                    with suppress(Unavailable), writing():
                        supersede(workspace, revision, requested_by_id=cast.alice.id)
                        return

        together(write, ask_instead)
        with app.app_context():
            query = select(InputRequest).where(InputRequest.supersedes_id.is_not(None))
            assert db.session.scalars(query).one().comments_count == count(Comment)


def refuse_patiently(person: Person, request_id: UUID) -> None:
    while True:
        with suppress(Unavailable), writing():
            workspace = db.session.get_one(Workspace, person.workspace_id)
            decline(workspace, request_id, "No.", by=db.session.get_one(User, person.id))
            return


def together(*acts: object) -> None:
    threads = [threading.Thread(target=each) for each in acts]  # type: ignore[arg-type]  # all take nothing
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class TestWhoIsAsked:
    def open_of(self, person: Person) -> list[UUID]:
        db.session.rollback()
        query = select(CommentMention.request_id).where(
            CommentMention.user_id == person.id, CommentMention.seen_at.is_(None)
        )
        return list(db.session.scalars(query))

    def test_until_they_have_read_it(self, cast: Cast, waiting: Waiting) -> None:
        say(cast.alice, waiting.request_id, "@bob@example.com?")
        assert self.open_of(cast.bob) == [waiting.request_id]
        with writing():
            assert see_mentions(waiting.request_id, cast.bob.id)
        assert self.open_of(cast.bob) == []
        with writing():
            assert not see_mentions(waiting.request_id, cast.bob.id)

    def test_until_they_answer_or_decide(self, cast: Cast, waiting: Waiting) -> None:
        say(cast.alice, waiting.request_id, "@bob@example.com?")
        say(cast.bob, waiting.request_id, "No, @alice@example.com.")
        assert (self.open_of(cast.bob), self.open_of(cast.alice)) == ([], [waiting.request_id])
        answer(cast.alice, waiting)
        assert self.open_of(cast.alice) == []

    def test_at_what_is_asked_instead(self, cast: Cast, waiting: Waiting) -> None:
        say(cast.alice, waiting.request_id, "@bob@example.com?")
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        revision = check_revision(workspace, waiting.request_id, {"title": "Buy five?"}, {})
        with writing():
            new_id = supersede(workspace, revision, requested_by_id=cast.alice.id).id
        assert self.open_of(cast.bob) == [new_id]

    def test_and_not_who_is_shut_out(self, cast: Cast, waiting: Waiting) -> None:
        with writing():
            deactivate_member(admin_of(cast.alice), cast.bob.id)
        say(cast.alice, waiting.request_id, "@bob@example.com?")
        assert self.open_of(cast.bob) == []


def admin_of(person: Person) -> Principal:
    member = db.session.get_one(Membership, (person.id, person.workspace_id))
    return Principal.of(member)


class TestWhatIsKept:
    def test_the_audit_says_who_wrote_and_not_what(self, cast: Cast, waiting: Waiting) -> None:
        comment_id = say(cast.bob, waiting.request_id, "the merger", wakes=True)
        db.session.rollback()
        is_comment = AuditEntry.action == AuditAction.REQUEST_COMMENTED
        entry = db.session.scalars(select(AuditEntry).where(is_comment)).one()
        assert (entry.user_id, entry.subject_id) == (cast.bob.id, waiting.request_id)
        assert entry.details is not None
        assert entry.details[1] == {"comment_id": str(comment_id), "wakes": True}

    def test_a_member_who_left_has_said_it_still(self, cast: Cast, waiting: Waiting) -> None:
        comment_id = say(cast.bob, waiting.request_id)
        with writing():
            remove_member(admin_of(cast.alice), cast.bob.id)
        author = db.session.get_one(Comment, comment_id).author
        assert author is not None
        assert author.email == "bob@example.com"

    def test_goes_with_its_session(self, cast: Cast, waiting: Waiting) -> None:
        say(cast.alice, waiting.request_id, "@bob@example.com?", wakes=True)
        with writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            delete_session(workspace, waiting.session_id)
        with pytest.raises(NotFound):
            say(cast.alice, waiting.request_id)
        is_left = True
        while is_left:
            with writing():
                is_left = delete_some_left() > 0
        assert (count(Comment), count(CommentMention), count(Delivery)) == (0, 0, 0)

    def test_is_sealed(self, cast: Cast, waiting: Waiting) -> None:
        comment_id = say(cast.bob, waiting.request_id, "the merger")
        stored = db.session.get_one(Comment, comment_id).sealed_message
        assert "merger" not in stored
        texts = db.session.scalars(select(Activity)).all()
        assert not any("merger" in str(each.message) for each in texts)


class TestAFunction:
    def test_is_not_woken_but_people_talk_about_its_call(self, app: Flask, cast: Cast) -> None:
        with app.app_context():
            request_id = approval_in(cast.alice)[0].request_id
            say(cast.bob, request_id, "Who wants this?")
            db.session.rollback()
            request = db.session.get_one(InputRequest, request_id)
            assert (request.comments_count, request.execution is not None) == (1, True)
            assert request.execution is not None
            assert request.execution.steps[-1].message == (
                f"bob@example.com commented on “{request.title}”."
            )
            with pytest.raises(Exception, match="functions are not called for a comment"):
                say(cast.bob, request_id, wakes=True)
