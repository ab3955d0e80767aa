"""Endpoints that send what HTTP is not, too much of it, or what nobody asked for."""

import gzip
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from opensink_web.outbound.client import KEPT_BODY_BYTES, Call, Client, Response
from opensink_web.outbound.connection import READ_LIMIT_BYTES, Bounds
from tests.outbound.conftest import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.outbound.conftest import Peer, Serve, Server

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
OK = HEAD + b"Content-Length: 2\r\n\r\nok"


def post(client: Client, url: str) -> Response:
    return client.send(Call("POST", url, (), b"{}", PATIENCE_SECONDS))


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Collect how many bytes each read from a socket brought."""
    sizes: list[int] = []
    count = Bounds.received

    def note(bounds: Bounds, size_bytes: int) -> None:
        sizes.append(size_bytes)
        count(bounds, size_bytes)

    monkeypatch.setattr(Bounds, "received", note)
    return sizes


ENDLESS = {
    "a status line": (b"HTTP/1.1 200 ", b"x"),
    "a header": (HEAD + b"X-A: ", b"x"),
    "headers": (HEAD, b"X-A: b\r\n"),
    "folded headers": (HEAD + b"X-A: b\r\n", b" c\r\n"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "102 Processing": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "103 Early Hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "digits of a chunk's size": (CHUNKED, b"0"),
    "a chunk's extension": (CHUNKED + b"1;", b"x"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "NUL": (b"", b"\0"),
    "no HTTP at all": (b"", b"hello "),
    "a body": (HEAD + b"\r\n", b"x"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_of_what_is_endless_64_kib_are_read_and_4_kept(
    client: Client, serve: "Serve", received: list[int], name: str
) -> None:
    start, endless = ENDLESS[name]

    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(start)
        while not peer.stopped.is_set():
            peer.send(endless * (8192 // len(endless)))

    outcome = post(client, serve(script).url())
    assert sum(received) <= READ_LIMIT_BYTES
    assert len(outcome.body) <= 4096
    assert outcome.latency_ms < 1000 * PATIENCE_SECONDS
    if outcome.error is not None:
        assert outcome.error.code in {"bad_response", "answer_too_large"}


@pytest.mark.parametrize(
    ("name", "limit_bytes"),
    [
        ("headers", READ_LIMIT_BYTES),
        ("folded headers", READ_LIMIT_BYTES),
        ("103 Early Hints", READ_LIMIT_BYTES),
        ("a body", READ_LIMIT_BYTES + 100_000),
        ("chunks", READ_LIMIT_BYTES + 100_000),
    ],
)
def test_of_a_body_that_is_wanted_more_is_read_but_not_of_headers(
    client: Client, serve: "Serve", received: list[int], name: str, limit_bytes: int
) -> None:
    start, endless = ENDLESS[name]

    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(start)
        while not peer.stopped.is_set():
            peer.send(endless * (8192 // len(endless)))

    wanted = KEPT_BODY_BYTES + 100_000
    outcome = client.send(Call("POST", serve(script).url(), (), b"{}", PATIENCE_SECONDS, wanted))
    assert sum(received) <= limit_bytes
    assert len(outcome.body) == (wanted if name == "a body" else len(outcome.body))
    assert outcome.latency_ms < 1000 * PATIENCE_SECONDS


@pytest.mark.parametrize(
    "response",
    [
        b"<html>HTTP/0.9 has no headers</html>",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
        b"\0" * 100,
        b"HTTP/1.1 200 OK\0\r\nContent-Length: 2\0\r\n\r\nok",
        b"ICY 200 OK\r\n\r\n",
        b"\r\n\r\n\r\n",
        HEAD + b"X: 1\r\n" * 1_000_000 + b"\r\n",
        CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n",
        CHUNKED + b" 2\r\nok\r\n0\r\n\r\n",
        CHUNKED + b"2_0\r\nok\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_http_1_is_an_outcome_and_no_exception(
    client: Client, serve: "Serve", response: bytes
) -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(response)

    outcome = post(client, serve(script).url())
    assert outcome.latency_ms < 1000 * PATIENCE_SECONDS
    assert outcome.error is None or outcome.error.message.endswith(".")


def test_a_gzip_bomb_that_nobody_asked_for_stays_as_small_as_it_came(
    client: Client, answer: "Callable[..., Server]"
) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    server = answer(
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(bomb), bomb)
    )
    outcome = post(client, server.url())
    assert b"Accept-Encoding: identity" in server.requests[0]
    assert (outcome.body, outcome.body_truncated) == (bomb[:4096], True)


@pytest.mark.parametrize(
    "line", [b"X-Secret hunter2", b" hunter2", b": hunter2", b"X\0: hunter2", b"hunter2"]
)
def test_a_secret_echoed_in_a_broken_header_is_not_logged(
    client: Client,
    answer: "Callable[..., Server]",
    caplog: pytest.LogCaptureFixture,
    line: bytes,
) -> None:
    caplog.set_level(logging.DEBUG)
    server = answer(HEAD + line + b"\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    client.send(Call("POST", server.url(), (), b"{}", 0.3))
    assert "hunter2" not in caplog.text


def test_a_second_answer_in_the_same_packet_is_nobodys(client: Client, serve: "Serve") -> None:
    def script(peer: "Peer") -> None:
        count = 0
        while peer.read_request():
            count += 1
            mine = HEAD + b"X-Call: %d\r\nContent-Length: 2\r\n\r\nok" % count
            peer.send(mine + b"HTTP/1.1 500 Not for you\r\nX-Call: 0\r\nContent-Length: 0\r\n\r\n")

    server = serve(script)
    for _ in range(3):
        outcome = post(client, server.url())
        assert outcome.status_code == 200
        assert ("X-Call", "0") not in outcome.headers


def test_an_answer_before_the_request_spoils_no_later_call(client: Client, serve: "Serve") -> None:
    def script(peer: "Peer") -> None:
        peer.send(OK)
        while peer.read_request():
            peer.send(OK)

    server = serve(script)
    for _ in range(3):
        outcome = post(client, server.url())
        assert outcome.error is None or outcome.error.code in {"connection_lost", "bad_response"}


def test_a_reset_in_the_body_is_a_lost_connection(client: Client, serve: "Serve") -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(HEAD + b"Content-Length: 100\r\n\r\nbegun")
        peer.stopped.wait(0.05)
        peer.reset()

    outcome = post(client, serve(script).url())
    assert outcome.error is not None
    assert outcome.error.code == "connection_lost"
