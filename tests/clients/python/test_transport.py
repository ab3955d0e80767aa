"""How often the client tries, how long it waits in between, and which error comes in the end."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any, TypeVar

import pytest
import requests

from opensink_client import (
    Client,
    Conflict,
    Forbidden,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    OpenSinkApiError,
    RateLimited,
    Redirected,
    ServerError,
    Unreachable,
    add_to_sink,
    sign_in,
)
from tests.support.http_server import HttpServer, Received, Reply
from tests.support.opensink_up import free_port

Result = TypeVar("Result")


class Scripted(HttpServer):
    """Answers with one reply after the other, the last one ever after."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = [*replies]
        self.received: list[Received] = []

    def respond(self, received: Received) -> Reply:
        self.received.append(received)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Have no pause take its time, and return how long each would be."""
    made: list[float] = []
    monkeypatch.setattr("opensink_client.transport.sleep", made.append)
    monkeypatch.setattr("opensink_client.asking.sleep", lambda seconds: None)
    return made


def called(server: Scripted, call: Callable[[Client], Result]) -> Result:
    with server, Client(server.origin, "key") as client:
        return call(client)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_who_is_told_later_comes_again_ever_later(status: int, pauses: list[float]) -> None:
    server = Scripted(Reply(status), Reply(status), Reply(body=b'{"executions": []}'))
    assert called(server, lambda client: [*client.batch_executions("b")]) == []
    assert len(pauses) == 2
    assert 0 < pauses[0] <= 0.25
    assert 0.25 <= pauses[1] <= 0.5


def test_what_an_earlier_attempt_still_does_is_asked_for_again(pauses: list[float]) -> None:
    said = b'{"error": "Wait.", "code": "idempotency_in_progress"}'
    wait = Reply(409, said, headers={"Retry-After": "1"})
    server = Scripted(wait, Reply(201, b'{"id": "a", "key": "osk_1"}'))
    called(server, lambda client: client._http.api("POST", "/api-keys", {"name": "n"}))
    assert pauses == [1]
    assert len({each.headers["idempotency-key"] for each in server.received}) == 1
    refused = Scripted(Reply(409, b'{"error": "No.", "code": "conflict"}'))
    with pytest.raises(Conflict):
        called(refused, lambda client: client._http.api("POST", "/api-keys", {"name": "n"}))
    assert len(refused.received) == 1


def test_it_waits_for_as_long_as_it_is_told(pauses: list[float]) -> None:
    server = Scripted(Reply(429, headers={"Retry-After": "7"}), Reply(body=b"[]"))
    called(server, lambda client: client.list_executions())
    assert pauses == [7]
    tomorrow = formatdate(time.time() + 86_400, usegmt=True)
    with pytest.raises(RateLimited) as refused:
        called(Scripted(Reply(429, headers={"Retry-After": tomorrow})), lambda client: client.me())
    assert 80_000 < (refused.value.retry_after_seconds or 0) <= 86_400


def test_nor_does_it_wait_for_ever(pauses: list[float]) -> None:
    server = Scripted(Reply(429, headers={"Retry-After": "61"}))
    with pytest.raises(RateLimited) as refused:
        called(server, lambda client: client.me())
    assert (refused.value.retry_after_seconds, pauses, len(server.received)) == (61, [], 1)
    server = Scripted(Reply(429, headers={"Retry-After": "9"}))
    with pytest.raises(RateLimited):
        called(server, lambda client: client.me())
    assert (pauses, len(server.received)) == ([9, 9, 9], 4)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.refresh("token"),
        lambda client: client.logout("token"),
    ],
)
def test_what_the_server_might_do_twice_is_sent_once(
    call: Callable[[Client], object], pauses: list[float]
) -> None:
    for status in (502, 503, 504):
        server = Scripted(Reply(status), Reply(500))
        with pytest.raises(ServerError) as failed:
            called(server, call)
        assert (failed.value.status, len(server.received)) == (status, 1)
        assert "idempotency-key" not in server.received[0].headers
    with Client(f"http://127.0.0.1:{free_port()}", "key") as client, pytest.raises(Unreachable):
        call(client)
    assert pauses == []
    server = Scripted(Reply(429), Reply(409))  # nothing was done yet
    with pytest.raises(Conflict):
        called(server, call)
    assert (len(pauses), len(server.received)) == (1, 2)


@pytest.mark.parametrize(
    "call",
    [lambda client: client.redeliver_failed("a"), lambda client: client.create_team("Finance")],
)
def test_any_other_call_is_repeated_under_one_key(
    call: Callable[[Client], object], pauses: list[float]
) -> None:
    server = Scripted(Reply(502), Reply(503), Reply(409))
    with pytest.raises(Conflict):
        called(server, call)
    keys = {each.headers["idempotency-key"] for each in server.received}
    assert (len(server.received), len(keys)) == (3, 1)


def test_what_was_deleted_by_an_attempt_without_a_response_is_deleted(pauses: list[float]) -> None:
    called(Scripted(Reply(503), Reply(404)), lambda client: client.delete_function("a", "b"))
    assert len(pauses) == 1
    with pytest.raises(NotFound):
        called(Scripted(Reply(404)), lambda client: client.delete_function("a", "b"))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest),
        (401, NotAuthenticated),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (415, InvalidRequest),
        (418, OpenSinkApiError),
        (422, InvalidRequest),
        (429, RateLimited),
        (500, ServerError),
    ],
)
def test_each_refusal_has_its_type(
    status: int, kind: type[OpenSinkApiError], pauses: list[float]
) -> None:
    with pytest.raises(OpenSinkApiError) as refused:
        called(Scripted(Reply(status, b'["no problem of ours"]')), lambda client: client.me())
    assert (type(refused.value), refused.value.status) == (kind, status)


def test_a_server_that_is_not_there_is_unreachable(pauses: list[float]) -> None:
    with Client(f"http://127.0.0.1:{free_port()}", "key") as client:
        with pytest.raises(Unreachable) as missed:
            client.me()
        assert isinstance(missed.value, requests.ConnectionError)
        assert len(pauses) == 3
        with pytest.raises(TimeoutError):
            client.wait_for_answer("r", timeout_seconds=0)


def test_who_waits_for_an_answer_waits_for_the_server_too(pauses: list[float]) -> None:
    replies = [Reply(502)] * 9 + [Reply(404, b'{"error": "No such request.", "code": "x"}')]
    with pytest.raises(NotFound, match="No such request"):
        called(Scripted(*replies), lambda client: client.wait_for_answer("r"))


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirection_is_not_followed_and_the_error_says_where_it_leads(status: int) -> None:
    other = Scripted(Reply(body=b'{"items": [], "trail": null}'))
    with other:
        where = f"{other.origin}/there"
        location = where.replace("//", "//user:hidden@") + "?otp=hidden#hidden"
        server = Scripted(Reply(status, headers={"Location": location}))
        with server, Client(server.origin, "hidden") as client:
            for call in (
                lambda: client.create_team("Finance"),
                lambda: client.delete_team("t"),
                client.me,
                lambda: sign_in("alice@example.com", "hidden", base_url=server.origin),
                lambda: add_to_sink("s", "News", secret="hidden", base_url=server.origin),
                lambda: client.wait_for_answer("r"),
            ):
                with pytest.raises(Redirected, match=f"is at {where} now") as refused:
                    call()
                assert refused.value.status == status
                assert "hidden" not in str(refused.value)
    assert other.received == []
    assert len(server.received) == 6


def test_a_redirection_that_leads_nowhere_is_an_error_too() -> None:
    for headers in ({}, {"Location": "http://[/"}):
        with pytest.raises(Redirected, match="302: it is at another address"):
            called(Scripted(Reply(302, headers=headers)), lambda client: client.me())
    relative = Scripted(Reply(308, headers={"Location": "/below/auth/me?a=b"}))
    with pytest.raises(Redirected, match=r"is at http://127\.0\.0\.1:\d+/below/auth/me now"):
        called(relative, lambda client: client.me())


def test_filters_are_written_as_the_api_reads_them() -> None:
    server = Scripted(Reply(body=b'{"items": [], "trail": null}'))
    since = datetime(2026, 1, 2, tzinfo=UTC)
    filters: dict[str, Any] = {"is_active": True, "search": "a&b", "kind": None, "since": since}
    assert called(server, lambda client: [*client.list_functions(**filters)]) == []
    query = "is_active=true&search=a%26b&since=2026-01-02T00%3A00%3A00%2B00%3A00"
    assert server.received[0].path == f"/api/v1/functions?{query}"


def test_what_is_no_json_is_an_error_too(pauses: list[float]) -> None:
    with pytest.raises(OpenSinkApiError, match="no JSON"):
        called(Scripted(Reply(200, b"<h1>Sign in</h1>")), lambda client: client.me())
