"""`required_responses`: a request that several people have to answer, and to say the same."""

import threading
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Activity,
    Delivery,
    Vote,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.user import deactivate_member
from opensink_web.operations.decisions.ending import remove_member
from opensink_web.operations.decisions.expiry import expire
from opensink_web.operations.deliveries.record import subject_of
from tests.api.conftest import Api, Apis, ask, assert_problem, made, wrong_paths
from tests.conftest import Cast
from tests.runtime.conftest import ok
from tests.support.pause_scenarios import paused_in
from tests.support.review_cases import make_reviewer
from tests.support.scenarios import SCHEMA, admin_of

PATH = "/agent-session-input-requests"
TWO = {"required_responses": 2}
MAJORITY = {"required_responses": 3, "quorum": "majority"}
YES, NO = {"response": {"approved": True}}, {"response": {"approved": False}}
WHY = {"reason": "Too dear."}

pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def dora(app: Flask, cast: Cast) -> Api:
    """Reviews beside Bob."""
    return Api(app, make_reviewer(app, cast, "dora").headers)


def path_of(request: Any, what: str) -> str:
    return f"{PATH}/{request['id']}/{what}"


def resolve(api: Api, request: Any, body: Any = YES) -> Any:
    return ok(api.post(path_of(request, "resolve"), body))


def decline(api: Api, request: Any) -> Any:
    return ok(api.post(path_of(request, "decline"), WHY))


def said(request: Any) -> list[tuple[str, str]]:
    return [(each["by"]["email"], each["outcome"]) for each in request["responses"]]


ALICE, BOB, DORA = "alice@example.com", "bob@example.com", "dora@example.com"


class TestTheRule:
    def test_an_answer_stands_once_all_have_given_it(self, apis: Apis) -> None:
        request = ask(apis.alice, **TWO)
        told = (request["required_responses"], request["quorum"], request["responses"])
        assert told == (2, "first_decline", [])
        first = resolve(apis.bob, request)
        assert (first["status"], first["response"], first["resolved_by"]) == ("pending", None, None)
        assert said(first) == [(BOB, "answered")]
        assert apis.alice.read(f"{PATH}/{request['id']}") == first
        assert apis.alice.read(PATH)["items"] == [first]
        last = resolve(apis.alice, request)
        assert (last["status"], last["response"]) == ("resolved", {"approved": True})
        assert last["resolved_by"]["email"] == ALICE
        assert said(last) == [(BOB, "answered"), (ALICE, "answered")]

    def test_one_person_counts_once_and_may_change_their_mind(self, apis: Apis) -> None:
        request = ask(apis.alice, **TWO)
        for body in (YES, YES, NO):
            assert resolve(apis.bob, request, body)["status"] == "pending"
        assert resolve(apis.alice, request, YES)["status"] == "pending", "they disagree"
        decided = resolve(apis.bob, request, YES)
        assert (decided["status"], decided["response"]) == ("resolved", {"approved": True})
        assert said(decided) == [(ALICE, "answered"), (BOB, "answered")]

    def test_another_answer_counts_for_itself(self, apis: Apis, dora: Api) -> None:
        request = ask(apis.alice, **TWO)
        resolve(apis.bob, request, {"response": {"approved": True, "limit": 1}})
        assert resolve(apis.alice, request, YES)["status"] == "pending"
        decided = resolve(dora, request, {"response": {"limit": 1.0, "approved": True}})
        assert decided["status"] == "resolved"

    def test_the_first_decline_ends_it(self, apis: Apis) -> None:
        request = ask(apis.alice, **TWO)
        resolve(apis.bob, request)
        declined = decline(apis.alice, request)
        assert (declined["status"], declined["decline_reason"]) == ("declined", "Too dear.")
        assert declined["responses"][1]["reason"] == "Too dear."

    @pytest.mark.parametrize("is_gone", [False, True])
    def test_who_is_deactivated_or_gone_counts_no_more(
        self, app: Flask, apis: Apis, cast: Cast, dora: Api, is_gone: bool
    ) -> None:
        request = ask(apis.alice, **TWO)
        resolve(apis.bob, request)
        with app.app_context(), writing():
            if is_gone:
                remove_member(admin_of(cast.alice.workspace_id), cast.bob.id)
            else:
                deactivate_member(admin_of(cast.alice.workspace_id), cast.bob.id)
        assert resolve(dora, request)["status"] == "pending"
        assert resolve(apis.alice, request)["status"] == "resolved"

    def test_of_a_majority_more_than_half_decide(self, apis: Apis, dora: Api) -> None:
        request = ask(apis.alice, **MAJORITY)
        assert request["quorum"] == "majority"
        assert decline(apis.bob, request)["status"] == "pending"
        assert resolve(apis.alice, request)["status"] == "pending"
        declined = decline(dora, request)
        assert declined["status"] == "declined"
        assert [each["outcome"] for each in declined["responses"]] == [
            *("declined", "answered", "declined")
        ]

    def test_what_everybody_may_decide_alone_has_none(self, alice: Api, app: Flask) -> None:
        decided = resolve(alice, ask(alice))
        told = (decided["required_responses"], decided["quorum"], decided["responses"])
        assert told == (1, None, [])
        with app.app_context():
            assert db.session.scalars(select(Vote)).all() == []


class TestTakingBack:
    def test_it_counts_no_more(self, apis: Apis) -> None:
        request = ask(apis.alice, **TWO)
        resolve(apis.bob, request)
        for _ in range(2):  # again, it changes nothing
            assert ok(apis.bob.post(path_of(request, "retract"), None))["responses"] == []
        assert resolve(apis.alice, request)["status"] == "pending"
        assert resolve(apis.bob, request)["status"] == "resolved"
        refused = apis.bob.post(path_of(request, "retract"), None)
        assert_problem(refused, 409, "already_resolved")

    def test_others_see_nothing_of_it(self, apis: Apis) -> None:
        request = ask(apis.alice, **TWO)
        assert_problem(apis.charlie.post(path_of(request, "retract"), None), 404, "not_found")


class TestWhoMay:
    def test_not_whoever_asked(self, apis: Apis) -> None:
        request = ask(apis.alice, **TWO, forbid_requester=True)
        for what, body in (("resolve", YES), ("decline", WHY)):
            refused = apis.alice.post(path_of(request, what), body)
            assert_problem(refused, 403, "requester_forbidden")
        assert apis.bob.read(f"{PATH}/{request['id']}")["responses"] == []

    def test_while_somebody_has_it_nobody_else_and_then_it_is_free(self, apis: Apis) -> None:
        request = ask(apis.alice, **TWO)
        ok(apis.bob.post(path_of(request, "claim"), {}))
        assert_problem(apis.alice.post(path_of(request, "resolve"), YES), 409, "conflict")
        assert resolve(apis.bob, request)["claimed_by"] is None
        assert resolve(apis.alice, request)["status"] == "resolved"

    def test_not_a_wrong_answer(self, apis: Apis) -> None:
        request = ask(apis.alice, **TWO)
        wrong = apis.bob.post(path_of(request, "resolve"), {"response": {"approved": 1}})
        assert_problem(wrong, 400, "invalid_response")
        assert apis.bob.read(f"{PATH}/{request['id']}")["responses"] == []


class TestAsking:
    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"required_responses": 0}, "/required_responses"),
            ({"required_responses": 21}, "/required_responses"),
            ({"required_responses": "two"}, "/required_responses"),
            ({"required_responses": 1.5}, "/required_responses"),
            ({"required_responses": 2, "quorum": "all"}, "/quorum"),
            ({"quorum": "majority"}, "/quorum"),
        ],
    )
    def test_points_at_what_is_wrong(self, alice: Api, fields: dict[str, Any], path: str) -> None:
        request = ask(alice)
        body = {
            name: request[name]
            for name in ("session_id", "agent_id", "key", "title", "message", "schema")
        }
        assert wrong_paths(alice.post(PATH, {**body, **fields})) == [path]
        assert wrong_paths(alice.post(path_of(request, "supersede"), fields)) == [path]

    def test_a_revision_starts_anew_by_the_same_rule(self, apis: Apis) -> None:
        request = ask(apis.alice, **MAJORITY)
        resolve(apis.bob, request)
        new = made(apis.alice.post(path_of(request, "supersede"), {"title": "Sell?"}))
        told = (new["required_responses"], new["quorum"], new["responses"])
        assert told == (3, "majority", [])
        old = apis.alice.read(f"{PATH}/{request['id']}")
        assert (old["status"], said(old)) == ("superseded", [(BOB, "answered")])
        alone = made(apis.alice.post(path_of(new, "supersede"), {"required_responses": 1}))
        assert (alone["required_responses"], alone["quorum"]) == (1, None)
        assert resolve(apis.bob, alone)["status"] == "resolved"


def test_a_function_asks_several_too(app: Flask, apis: Apis, cast: Cast) -> None:
    with app.app_context():
        options: JSONObject = {"required_responses": 2, "quorum": "majority"}
        paused = paused_in(cast.bob, "Go on?", SCHEMA, options)
    there = f"/executions/{paused.execution_id}/continue"
    for api, status in ((apis.bob, "awaiting_input"), (apis.alice, "queued")):
        answer = ok(api.at(there, "POST", {"input": {"approved": True}}))
        assert answer["status"] == status
    request = apis.alice.read(f"{PATH}/{paused.request_id}")
    assert said(request) == [(BOB, "answered"), (ALICE, "answered")]


class TestWhatIsTold:
    def test_the_history_of_each_and_the_call_of_all(self, app: Flask, apis: Apis) -> None:
        endpoint = {"execution_endpoint": {"url": "http://127.0.0.1:9/"}}
        request = ask(apis.alice, **TWO)
        agent = f"/agents/{request['agent_id']}"
        ok(apis.alice.patch(agent, endpoint))
        resolve(apis.bob, request)
        with app.app_context():
            assert db.session.scalars(select(Delivery)).all() == []
        resolve(apis.alice, request)
        with app.app_context(), reading():
            messages = {each.message for each in db.session.scalars(select(Activity))}
            assert "bob@example.com answered “Buy?”: 1 of 2 so far." in messages
            subject = subject_of(db.session.scalars(select(Delivery)).one())
            assert subject is not None
            told = [(each["by"], each["outcome"]) for each in subject.responses]
            assert told == [(BOB, "answered"), (ALICE, "answered")]

    def test_a_deadline_still_decides(self, app: Flask, apis: Apis) -> None:
        later = "2090-01-01T00:00:00Z"
        deadline = {"expires_at": later, "on_expire": "decline"}
        request = ask(apis.alice, **TWO, **deadline)
        resolve(apis.bob, request)
        with app.app_context(), writing():
            expire(UUID(request["id"]))
        ended = apis.bob.read(f"{PATH}/{request['id']}")
        assert (ended["status"], ended["resolved_by_system"]) == ("declined", True)
        assert said(ended) == [(BOB, "answered")]
        assert_problem(apis.alice.post(path_of(request, "resolve"), YES), 409, "already_resolved")


class TestAtOnce:
    def together(self, *calls: Any) -> list[Any]:
        barrier, answers = threading.Barrier(len(calls)), []

        def run(call: Any) -> None:
            barrier.wait()
            answers.append(call())

        threads = [threading.Thread(target=run, args=(each,)) for each in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def test_the_last_vote_twice_is_one_decision(self, app: Flask, apis: Apis, dora: Api) -> None:
        for _ in range(5):
            request = ask(apis.alice, **TWO)
            resolve(apis.bob, request)
            there = path_of(request, "resolve")
            answers = self.together(
                lambda there=there: apis.alice.post(there, YES),
                lambda there=there: dora.post(there, YES),
            )
            assert sorted(each.status_code for each in answers) == [200, 409]
            decided = apis.bob.read(f"{PATH}/{request['id']}")
            assert decided["status"] == "resolved"
            assert len(decided["responses"]) == 2

    def test_the_same_person_twice_counts_once(self, apis: Apis) -> None:
        for _ in range(5):
            request = ask(apis.alice, **TWO)
            there = path_of(request, "resolve")
            vote = [lambda there=there: apis.bob.post(there, YES)] * 3
            assert [each.status_code for each in self.together(*vote)] == [200] * 3
            waiting = apis.bob.read(f"{PATH}/{request['id']}")
            assert (waiting["status"], said(waiting)) == ("pending", [(BOB, "answered")])

    @pytest.mark.parametrize("how", ["cancel", "expire"])
    def test_beside_its_end_it_counts_or_is_refused(self, app: Flask, apis: Apis, how: str) -> None:
        for _ in range(5):
            request = ask(apis.alice, **TWO)
            resolve(apis.bob, request)

            def end(request: Any = request) -> Any:
                if how == "cancel":
                    return apis.alice.post(path_of(request, "cancel"), {})
                with app.app_context(), writing():
                    expire(UUID(request["id"]))
                return None

            there = path_of(request, "resolve")
            self.together(end, lambda there=there: apis.alice.post(there, YES))
            ended = apis.bob.read(f"{PATH}/{request['id']}")
            if ended["status"] == "resolved":
                assert len(ended["responses"]) == 2
            else:
                assert ended["status"] == {"cancel": "cancelled", "expire": "expired"}[how]
                assert said(ended) == [(BOB, "answered")]
