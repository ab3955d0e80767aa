"""/agent-session-input-requests/{id}/comments: asking back, answering, waiting for what is said."""

import threading
import time
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.api.conftest import (
    NOWHERE,
    Api,
    Apis,
    ask,
    assert_problem,
    key_with,
    made,
    make_agent,
    question,
    start_session,
    wrong_paths,
)

PATH = "/agent-session-input-requests"
ENDPOINT = {"url": "http://127.0.0.1:9/execute"}

pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def asked(alice: Api) -> Any:
    """What an agent with an endpoint asks; its key is Alice's."""
    session = start_session(alice, make_agent(alice, execution_endpoint=ENDPOINT)["id"])
    return made(alice.post(PATH, question(session)))


def thread(request: Any) -> str:
    return f"{PATH}/{request['id']}/comments"


def say(api: Api, request: Any, message: str = "Why ten?", **more: Any) -> Any:
    return made(api.post(thread(request), {"message": message, **more}))


def said(api: Api, request: Any, query: str = "") -> list[str]:
    return [each["message"] for each in api.read(thread(request) + query)["items"]]


def calls(api: Api) -> list[Any]:
    items: list[Any] = api.read("/deliveries?kind=comment")["items"]
    return items


class TestWriting:
    def test_is_kept_and_leaves_the_request_as_it_is(
        self, alice: Api, apis: Apis, asked: Any
    ) -> None:
        comment = say(apis.bob, asked, "  **Why** ten?\n")
        assert comment == {
            "id": comment["id"],
            "workspace_id": asked["workspace_id"],
            "request_id": asked["id"],
            "author_type": "user",
            "author": {"id": comment["author"]["id"], "email": "bob@example.com"},
            "message": "**Why** ten?",
            "wake": False,
            "mentions": [],
            "created_at": comment["created_at"],
        }
        assert alice.read(thread(asked)) == {"items": [comment], "trail": None}
        assert alice.read(f"{PATH}/{asked['id']}") == {**asked, "comments_count": 1}
        assert asked["comments_count"] == 0
        assert calls(alice) == []

    def test_who_speaks_for_the_agent_is_who_may_write_its_sessions(
        self, app: Flask, alice: Api, asked: Any
    ) -> None:
        bridge = key_with(alice, app, "agent_session_input_requests:write")
        agent = key_with(alice, app, "agent_session_input_requests:write", "agent_sessions:write")
        assert say(bridge, asked)["author"]["email"] == "alice@example.com"
        comment = say(agent, asked)
        assert (comment["author_type"], comment["author"]) == ("agent", None)

    def test_the_history_says_who(self, alice: Api, apis: Apis, asked: Any) -> None:
        say(apis.bob, asked, wake=True)
        say(alice, asked)
        query = f"session_id={asked['session_id']}&type=message"
        items = alice.read(f"/agent-session-activities?{query}")["items"]
        assert [(each["source"], each["message"]) for each in items] == [
            ("agent", "The agent commented on “Buy?”."),
            ("user", "bob@example.com asked the agent back about “Buy?”."),
        ]

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({}, "/message"),
            ({"message": ""}, "/message"),
            ({"message": " \n"}, "/message"),
            ({"message": "x" * 10_001}, "/message"),
            ({"message": None}, "/message"),
            ({"message": "x", "wake": "yes"}, "/wake"),
            ({"message": "x", "text": "y"}, "/text"),
        ],
    )
    def test_points_at_what_is_wrong(self, alice: Api, asked: Any, body: Any, path: str) -> None:
        assert wrong_paths(alice.post(thread(asked), body)) == [path]
        assert said(alice, asked) == []

    def test_takes_whatever_can_be_written(self, alice: Api, asked: Any) -> None:
        text = "\u202ex\x01 <script>" + "ש" * 9_980
        assert say(alice, asked, text)["message"] == text
        assert said(alice, asked) == [text]

    def test_a_repeated_call_says_it_once(self, alice: Api, apis: Apis, asked: Any) -> None:
        body, key = {"message": "Why?", "wake": True}, {"Idempotency-Key": "once"}
        first, second = (apis.bob.post(thread(asked), body, key) for _ in range(2))
        assert (second.status_code, second.json) == (201, first.json)
        assert (len(said(alice, asked)), len(calls(alice))) == (1, 1)

    def test_is_written_after_the_decision_too(self, alice: Api, apis: Apis, asked: Any) -> None:
        apis.bob.post(f"{PATH}/{asked['id']}/resolve", {"response": {"approved": True}})
        say(apis.bob, asked, "That was hasty.")
        assert said(alice, asked) == ["That was hasty."]
        assert alice.read(f"{PATH}/{asked['id']}")["status"] == "resolved"

    def test_a_thread_is_full_some_day(
        self, alice: Api, asked: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("opensink_web.operations.decisions.comment.COMMENTS_MAX", 2)
        say(alice, asked)
        say(alice, asked)
        problem = assert_problem(alice.post(thread(asked), {"message": "x"}), 409, "conflict")
        assert problem["error"] == "A request takes no more than 2 comments."


class TestWaking:
    def test_writes_down_a_call_that_names_the_comment(
        self, alice: Api, apis: Apis, asked: Any
    ) -> None:
        comment = say(apis.bob, asked, wake=True)
        (call,) = calls(alice)
        assert (call["comment_id"], call["input_request_id"]) == (comment["id"], asked["id"])
        assert (call["session_id"], call["agent_id"]) == (asked["session_id"], asked["agent_id"])
        session = alice.read(f"/agent-sessions/{asked['session_id']}")
        assert session["status"] == "waiting_for_input"

    def test_an_agent_without_an_endpoint_reads_it_when_it_looks(
        self, alice: Api, apis: Apis
    ) -> None:
        assert say(apis.bob, ask(alice), wake=True)["wake"] is True
        assert calls(alice) == []

    def test_an_agent_does_not_wake_itself(self, alice: Api, asked: Any) -> None:
        answer = alice.post(thread(asked), {"message": "x", "wake": True})
        assert "own comment" in assert_problem(answer, 409, "conflict")["error"]

    def test_nobody_is_woken_about_what_was_decided(
        self, alice: Api, apis: Apis, asked: Any
    ) -> None:
        apis.bob.post(f"{PATH}/{asked['id']}/decline", {"reason": "No."})
        answer = apis.bob.post(thread(asked), {"message": "x", "wake": True})
        sentence = assert_problem(answer, 409, "already_resolved")["error"]
        assert sentence.startswith("This was already declined by bob@example.com on ")
        assert "the agent is not asked about it any more" in sentence
        assert (said(alice, asked), calls(alice)) == ([], [])

    def test_nor_about_what_was_withdrawn(self, alice: Api, apis: Apis, asked: Any) -> None:
        alice.post(f"{PATH}/{asked['id']}/cancel", {})
        answer = apis.bob.post(thread(asked), {"message": "x", "wake": True})
        assert "withdrew this" in assert_problem(answer, 409, "conflict")["error"]


class TestMentions:
    def test_asks_members_who_may_read_it(self, apis: Apis, asked: Any) -> None:
        text = (
            "**@Bob@Example.com**, (@alice@example.com) or @charlie@example.com? a@bob@example.com"
        )
        comment = say(apis.bob, asked, f"{text} @nobody@example.com @bob@example.com.")
        assert [each["email"] for each in comment["mentions"]] == ["alice@example.com"]

    def test_an_agent_asks_whom_it_likes(self, alice: Api, asked: Any) -> None:
        comment = say(alice, asked, "@bob@example.com, @alice@example.com: is it ten?")
        emails = [each["email"] for each in comment["mentions"]]
        assert sorted(emails) == ["alice@example.com", "bob@example.com"]
        assert alice.read(thread(asked))["items"] == [comment]


class TestReading:
    def test_newest_first_and_page_by_page(self, alice: Api, asked: Any) -> None:
        for number in range(5):
            say(alice, asked, str(number))
        page = alice.read(thread(asked) + "?$limit=2")
        assert [each["message"] for each in page["items"]] == ["4", "3"]
        page = alice.read(thread(asked) + f"?$limit=2&$trail={page['trail']}")
        assert [each["message"] for each in page["items"]] == ["2", "1"]

    def test_only_what_came_after_one(self, alice: Api, asked: Any) -> None:
        first, second = say(alice, asked, "1"), say(alice, asked, "2")
        assert said(alice, asked, f"?after={first['id']}") == ["2"]
        assert said(alice, asked, f"?after={second['id']}") == []
        assert said(alice, asked, f"?after={NOWHERE}") == ["2", "1"]

    def test_ids_ascend_though_a_clock_was_put_back(
        self, alice: Api, asked: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = say(alice, asked, "1")
        old = UUID(NOWHERE)
        monkeypatch.setattr("opensink_web.operations.decisions.comment.new_id", lambda: old)
        assert say(alice, asked, "2")["id"] > first["id"]
        assert said(alice, asked, f"?after={first['id']}") == ["2"]

    def test_the_thread_goes_on_at_what_is_asked_instead(
        self, alice: Api, apis: Apis, asked: Any
    ) -> None:
        say(apis.bob, asked, "Five?", wake=True)
        new = made(alice.post(f"{PATH}/{asked['id']}/supersede", {"title": "Buy five?"}))
        assert new["comments_count"] == 1
        say(alice, new, "Five.")
        newer = made(alice.post(f"{PATH}/{new['id']}/supersede", {"title": "Buy 5?"}))
        for each in (asked, new, newer):
            assert said(alice, each) == ["Five.", "Five?"]
        assert newer["comments_count"] == 2
        requests = [each["request_id"] for each in alice.read(thread(newer))["items"]]
        assert requests == [new["id"], asked["id"]]
        problem = assert_problem(apis.bob.post(thread(asked), {"message": "x"}), 409, "conflict")
        assert "asks something else instead by now" in problem["error"]


class TestWaiting:
    @pytest.mark.parametrize("is_first", [True, False])
    def test_answers_as_soon_as_somebody_has_said_something(
        self, alice: Api, apis: Apis, asked: Any, is_first: bool
    ) -> None:
        query = "?wait=30" if is_first else f"?wait=30&after={say(alice, asked, '1')['id']}"
        heard: list[list[str]] = []
        waiter = threading.Thread(target=lambda: heard.append(said(alice, asked, query)))
        waiter.start()
        time.sleep(0.3)
        say(apis.bob, asked, "2")
        waiter.join(100)
        assert heard == [["2"]]

    def test_answers_at_once_what_is_there(self, alice: Api, asked: Any) -> None:
        say(alice, asked, "1")
        assert said(alice, asked, "?wait=60") == ["1"]

    def test_ends_with_the_time_or_the_decision(self, alice: Api, apis: Apis, asked: Any) -> None:
        assert said(alice, asked, "?wait=1") == []
        assert said(alice, asked, f"?wait=1&after={NOWHERE}") == []
        comment = say(alice, asked, "1")
        apis.bob.post(f"{PATH}/{asked['id']}/decline", {"reason": "No."})
        assert said(alice, asked, f"?wait=60&after={comment['id']}") == []

    def test_refuses_a_time_that_is_none(self, alice: Api, asked: Any) -> None:
        assert wrong_paths(alice.get(thread(asked) + "?wait=61")) == ["/wait"]


class TestWhoMay:
    def test_another_workspace_finds_nothing(self, apis: Apis, asked: Any) -> None:
        assert_problem(apis.charlie.get(thread(asked)), 404, "not_found")
        assert_problem(apis.charlie.post(thread(asked), {"message": "x"}), 404, "not_found")
        assert_problem(apis.charlie.get(thread(asked) + "?wait=60"), 404, "not_found")

    def test_nor_does_anybody_what_is_not_there(self, alice: Api) -> None:
        assert_problem(alice.get(thread({"id": NOWHERE})), 404, "not_found")
        assert_problem(alice.post(thread({"id": NOWHERE}), {"message": "x"}), 404, "not_found")

    def test_what_was_deleted_takes_its_comments_along(self, alice: Api, asked: Any) -> None:
        say(alice, asked)
        alice.delete(f"/agents/{asked['agent_id']}")
        assert_problem(alice.get(thread(asked)), 404, "not_found")
        assert_problem(alice.post(thread(asked), {"message": "x"}), 404, "not_found")

    def test_reading_needs_one_scope_and_writing_another(
        self, app: Flask, alice: Api, asked: Any
    ) -> None:
        reader = key_with(alice, app, "agent_session_input_requests:read")
        assert reader.read(thread(asked))["items"] == []
        assert_problem(reader.post(thread(asked), {"message": "x"}), 403, "permission_missing")
        nobody = key_with(alice, app, "agents:all")
        assert_problem(nobody.get(thread(asked)), 403, "permission_missing")

    def test_only_added_to(self, alice: Api, asked: Any) -> None:
        for method in ("PUT", "PATCH", "DELETE"):
            answer = alice(method, thread(asked), {"message": "x"})
            assert_problem(answer, 405, "method_not_allowed")
