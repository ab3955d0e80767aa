"""Endpoints that stall, flood, lie or break off: one deadline holds, and the outcome is named."""

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from opensink_web.outbound.client import Call, Client, Response
from tests.outbound.conftest import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.outbound.conftest import Peer, Serve, Server

TIMEOUT_SECONDS = 0.4
GRACE_SECONDS = 50
"""What a busy machine may add; what stalls here stalls for longer."""
HEAD = b"HTTP/1.1 200 OK\r\n"


def post(
    client: Client,
    url: str,
    body: bytes = b"{}",
    *,
    timeout_seconds: float = PATIENCE_SECONDS,
) -> Response:
    return client.send(Call("POST", url, (), body, timeout_seconds))


def stall(peer: "Peer") -> None:
    peer.stopped.wait(100)


def slow_status_line(peer: "Peer") -> None:
    peer.drip(HEAD * 20)


def slow_headers(peer: "Peer") -> None:
    peer.send(HEAD)
    peer.drip(b"X-Header: value\r\n" * 20)


def slow_body(peer: "Peer") -> None:
    peer.send(HEAD + b"Content-Length: 1000\r\n\r\n")
    peer.drip(b"x" * 1000)


def slow_chunk_sizes(peer: "Peer") -> None:
    peer.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    peer.drip(b"1\r\nx\r\n" * 1000)


def slow_body_to_the_close(peer: "Peer") -> None:
    peer.send(HEAD + b"\r\n")
    peer.drip(b"x" * 1000)


def slow_100_continue(peer: "Peer") -> None:
    while not peer.stopped.wait(0.02):
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def slow_trailers(peer: "Peer") -> None:
    peer.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
    peer.drip(b"X-Trailer: 1\r\n" * 1000)


SLOW = [
    stall,
    slow_status_line,
    slow_headers,
    slow_body,
    slow_chunk_sizes,
    slow_body_to_the_close,
    slow_100_continue,
    slow_trailers,
]


@pytest.mark.parametrize("behaviour", SLOW, ids=lambda each: each.__name__)
def test_a_slow_endpoint_is_cut_at_the_deadline(
    client: Client, serve: "Serve", behaviour: "Callable[[Peer], None]"
) -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        behaviour(peer)

    started = time.monotonic()
    outcome = post(client, serve(script).url(), timeout_seconds=TIMEOUT_SECONDS)
    elapsed = time.monotonic() - started
    assert TIMEOUT_SECONDS <= elapsed <= TIMEOUT_SECONDS + GRACE_SECONDS
    assert outcome.error is not None
    assert outcome.error.code == "timeout"
    assert outcome.error.message == "The endpoint did not answer within 0.4 s."


def test_an_endpoint_that_does_not_read_is_cut_at_the_deadline(
    client: Client, serve: "Serve"
) -> None:
    started = time.monotonic()
    url = serve(stall).url()
    outcome = post(client, url, b"x" * 30_000_000, timeout_seconds=TIMEOUT_SECONDS)
    assert time.monotonic() - started <= TIMEOUT_SECONDS + GRACE_SECONDS
    assert outcome.error is not None
    assert outcome.error.code == "timeout"


def test_an_endpoint_that_never_accepts_is_cut_at_the_deadline(client: Client) -> None:
    """With the backlog full, the kernel leaves further connections without an answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        started = time.monotonic()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        outcome = post(client, url, timeout_seconds=TIMEOUT_SECONDS)
        elapsed = time.monotonic() - started
        for each in waiting:
            each.close()
    assert elapsed <= TIMEOUT_SECONDS + GRACE_SECONDS
    assert outcome.error is not None
    assert outcome.error.code == "timeout"


def test_what_came_before_the_deadline_is_kept(client: Client, serve: "Serve") -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 500 Oh no\r\nX-A: 1\r\nContent-Length: 100\r\n\r\nbegun")
        stall(peer)

    url = serve(script).url()
    for seconds in (TIMEOUT_SECONDS, 10 * TIMEOUT_SECONDS, 100 * TIMEOUT_SECONDS):
        outcome = post(client, url, timeout_seconds=seconds)
        if outcome.body:
            break  # on a busy machine nothing may have come yet
    assert outcome.error is not None
    assert (outcome.error.code, outcome.status_code, outcome.body) == ("timeout", 500, b"begun")
    assert ("X-A", "1") in outcome.headers


def flood(start: bytes, endless: bytes) -> "Callable[[Peer], None]":
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(start)
        while not peer.stopped.is_set():
            peer.send(endless * 500)

    return script


@pytest.mark.parametrize(
    ("start", "endless"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 100 Continue\r\n", b"X-A: " + b"a" * 1000 + b"\r\n"),
        (HEAD, b"X-A: " + b"a" * 1000 + b"\r\n"),
    ],
    ids=["100 Continue", "headers of 100 Continue", "headers"],
)
def test_a_flood_before_the_body_is_an_answer_too_large(
    client: Client, serve: "Serve", start: bytes, endless: bytes
) -> None:
    outcome = post(client, serve(flood(start, endless)).url())
    assert outcome.error is not None
    assert outcome.error.code == "answer_too_large"
    assert outcome.latency_ms < 1000 * PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("start", "endless"),
    [
        (HEAD + b"\r\n", b"x" * 100),
        (HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", b"x" * 100),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", b"x" * 100),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", b"x" * 100),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", b"X-T: 1\r\n"),
    ],
    ids=["to the close", "huge length", "chunks", "huge chunk", "negative chunk", "trailers"],
)
def test_a_flood_in_the_body_is_cut_at_64_kib(
    client: Client, serve: "Serve", start: bytes, endless: bytes
) -> None:
    outcome = post(client, serve(flood(start, endless)).url())
    assert (outcome.status_code, outcome.body_truncated, outcome.error) == (200, True, None)
    assert len(outcome.body) <= 4096
    assert outcome.latency_ms < 1000 * PATIENCE_SECONDS


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"HTTP/1.1 200",
        HEAD + b"Content-Type: te",
        HEAD + b"Content-Length: 10\r\n\r\nshort",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab",
    ],
    ids=[
        "nothing",
        "half a status line",
        "half the headers",
        "lying length",
        "half a chunk",
        "garbage chunk",
    ],
)
def test_an_answer_cut_short_has_not_succeeded(
    client: Client, serve: "Serve", response: bytes
) -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(response)

    outcome = post(client, serve(script).url())
    assert outcome.error is not None
    assert outcome.error.code in {"connection_lost", "bad_response"}
    assert not outcome.succeeded


def test_a_reset_is_a_lost_connection(client: Client, serve: "Serve") -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.reset()

    outcome = post(client, serve(script).url())
    assert outcome.error is not None
    assert outcome.error.code == "connection_lost"


def test_an_alert_of_tls_says_that_the_url_wants_https(client: Client, serve: "Serve") -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(b"\x15\x03\x01\x00\x02\x02\x16")

    outcome = post(client, serve(script).url())
    assert outcome.error is not None
    assert outcome.error.code == "bad_response"
    assert "speaks HTTPS alone. Write https:// in the URL instead" in outcome.error.message


@pytest.mark.parametrize(
    "response",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 99999 Far\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        HEAD + b"Content-Length: 1, 2\r\n\r\nab",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        HEAD + b"Content-Length: +2\r\n\r\nab",
        HEAD + b"".join(b"X-%d: 1\r\n" % index for index in range(200)) + b"\r\n",
    ],
)
def test_garbage_is_a_bad_response(
    client: Client, answer: "Callable[..., Server]", response: bytes
) -> None:
    outcome = post(client, answer(response).url())
    assert outcome.error is not None
    assert outcome.error.code == "bad_response"
    assert outcome.error.message.startswith("The endpoint's answer is not valid HTTP/1.1")


@pytest.mark.parametrize("is_polite", [True, False], ids=["shuts down first", "only closes"])
def test_an_early_answer_to_a_long_body_is_read(
    client: Client, serve: "Serve", is_polite: bool
) -> None:
    """Closing with the body unread resets the connection while we are still sending."""

    def script(peer: "Peer") -> None:
        peer.connection.recv(1000)
        peer.send(b"HTTP/1.1 413 Too large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        if is_polite:
            peer.connection.shutdown(socket.SHUT_WR)

    outcome = post(client, serve(script).url(), b"x" * 3_000_000)
    assert (outcome.status_code, outcome.error) == (413, None)
