"""Connections are kept for the next call only where that is safe, and nothing is sent twice."""

import os
import time
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

import pytest

from opensink_web.outbound import idle
from opensink_web.outbound.client import Call, Client, Response
from opensink_web.outbound.policy import EndpointPolicy
from tests.support.real_servers import wait_until

if TYPE_CHECKING:
    from tests.outbound.conftest import Peer, Serve, Server
    from tests.support.authority import Authority

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def post(client: Client, url: str, timeout_seconds: float = 30) -> Response:
    return client.send(Call("POST", url, (), b"{}", timeout_seconds))


def test_calls_to_one_place_share_a_connection(
    client: Client, answer: "Callable[..., Server]"
) -> None:
    server = answer()
    outcomes = [post(client, server.url(path=f"/{index}")) for index in range(5)]
    assert all(outcome.succeeded for outcome in outcomes)
    assert {outcome.remote_address for outcome in outcomes} == {"127.0.0.1"}
    assert (server.connects, len(server.requests)) == (1, 5)


def test_another_name_for_the_same_place_gets_its_own_connection(
    client: Client, answer: "Callable[..., Server]", names: dict[str, list[list[str]]]
) -> None:
    names["agent.example"] = [["127.0.0.1"]]
    server = answer()
    post(client, server.url())
    post(client, server.url("agent.example"))
    assert server.connects == 2


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000,
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
    ],
    ids=["announced close", "HTTP/1.0", "not read to its end", "not final"],
)
def test_a_connection_that_is_not_clean_is_not_used_again(
    client: Client, answer: "Callable[..., Server]", response: bytes
) -> None:
    server = answer(response)
    post(client, server.url())
    time.sleep(0.02)
    post(client, server.url())
    assert server.connects == 2


def test_a_connection_on_which_the_endpoint_spoke_unasked_is_not_used_again(
    client: Client, serve: "Serve"
) -> None:
    has_spoken = Event()

    def script(peer: "Peer") -> None:
        while peer.read_request():
            peer.send(OK)
            peer.stopped.wait(0.02)
            peer.send(b"HTTP/1.1 500 Not for you\r\nContent-Length: 0\r\n\r\n")
            has_spoken.set()

    server = serve(script)
    for _ in range(2):
        assert post(client, server.url()).succeeded
        assert has_spoken.wait(100)
        has_spoken.clear()
    assert server.connects == 2


def test_what_came_over_tls_behind_an_answer_is_no_answer_to_the_next_call(
    serve: "Serve", authority: "Authority"
) -> None:
    def script(peer: "Peer") -> None:
        while request := peer.read_request():
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
            peer.send(b"ok" if b"/other" in request else b"ok" + OK.replace(b"ok", b"no"))

    server = serve(script, tls=authority.server_context())
    policy = EndpointPolicy.from_entries(("127.0.0.0/8",))
    with Client(policy, ca_bundle=authority.bundle) as client:
        assert post(client, server.url()).body == b"ok"
        assert post(client, server.url(path="/other")).body == b"ok"


def test_each_call_on_a_shared_connection_has_its_own_deadline(
    client: Client, serve: "Serve"
) -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(OK)
        peer.read_request()
        peer.stopped.wait(100)

    server = serve(script)
    assert post(client, server.url()).succeeded
    started = time.monotonic()
    outcome = post(client, server.url(), timeout_seconds=0.2)
    assert time.monotonic() - started <= 50
    assert outcome.error is not None
    assert (outcome.error.code, server.connects) == ("timeout", 1)


@pytest.mark.parametrize("is_tls", [False, True], ids=["http", "https"])
def test_an_endpoint_that_stops_reading_on_a_shared_connection_is_cut_at_the_deadline(
    serve: "Serve", authority: "Authority", is_tls: bool
) -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(OK)
        peer.stopped.wait(100)

    server = serve(script, tls=authority.server_context() if is_tls else None)
    policy = EndpointPolicy.from_entries(("127.0.0.0/8",))
    with Client(policy, ca_bundle=authority.bundle) as client:
        assert post(client, server.url()).succeeded
        started = time.monotonic()
        outcome = client.send(Call("POST", server.url(), (), b"x" * 10_000_000, 0.3))
    assert 0.3 <= time.monotonic() - started <= 50
    assert outcome.error is not None
    assert (outcome.error.code, server.connects) == ("timeout", 1)


def test_a_long_series_of_answers_is_not_counted_against_the_limit_of_one(
    client: Client, answer: "Callable[..., Server]"
) -> None:
    server = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n" + b"x" * 30_000)
    assert all(post(client, server.url()).succeeded for _ in range(5))
    assert server.connects == 1


def test_a_connection_that_the_endpoint_closed_meanwhile_is_replaced(
    client: Client, serve: "Serve"
) -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(OK)

    server = serve(script)
    for _ in range(3):
        assert post(client, server.url()).succeeded
        wait_until(lambda: server.closed == server.connects)
    assert server.connects == 3


def test_a_request_lost_on_a_kept_connection_is_not_sent_again(
    client: Client, serve: "Serve"
) -> None:
    """The endpoint may have acted on it before the connection went: only the caller can decide."""
    received: list[bytes] = []

    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(OK)
        received.append(peer.read_request() or b"")

    server = serve(script)
    assert post(client, server.url()).succeeded
    outcome = post(client, server.url())
    assert outcome.error is not None
    assert outcome.error.code == "connection_lost"
    assert (len(received), server.connects) == (1, 1)


def test_a_connection_is_not_kept_for_long(
    client: Client, answer: "Callable[..., Server]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle, "MAX_IDLE_SECONDS", 0.05)
    server = answer()
    post(client, server.url())
    time.sleep(0.1)
    assert post(client, server.url()).succeeded
    assert server.connects == 2


def test_only_so_many_connections_are_kept(
    client: Client, answer: "Callable[..., Server]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle, "MAX_IDLE_CONNECTIONS", 1)
    first, second = answer(), answer()
    for server in (first, second, second, first):
        assert post(client, server.url()).succeeded
    assert (first.connects, second.connects) == (2, 1)


def test_a_forked_process_does_not_talk_over_its_parents_connection(
    client: Client, answer: "Callable[..., Server]", monkeypatch: pytest.MonkeyPatch
) -> None:
    server = answer()
    post(client, server.url())
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert post(client, server.url()).succeeded
    assert server.connects == 2
