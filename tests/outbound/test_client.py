"""One call to a well-behaved endpoint: what is sent, and what is kept of the answer."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from opensink_web.outbound.client import Call, Client
from tests.outbound.conftest import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.outbound.conftest import Peer, Serve, Server


def post(
    url: str, *, body: bytes | None = b"{}", timeout_seconds: float = PATIENCE_SECONDS
) -> Call:
    return Call("POST", url, (("Content-Type", "application/json"),), body, timeout_seconds)


def test_sends_the_request_as_given(client: Client, answer: "Callable[..., Server]") -> None:
    server = answer()
    headers = (("X-One", "1"), ("X-Latin", "\xe9"), ("User-Agent", "test"))
    outcome = client.send(
        Call("PUT", server.url(path="/a/b?c=d#e"), headers, b'{"x":1}', PATIENCE_SECONDS)
    )
    assert outcome.succeeded
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"PUT /a/b?c=d HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}".encode() in lines
    assert {b"X-One: 1", b"X-Latin: \xe9", b"User-Agent: test", b"Content-Length: 7"} < set(lines)
    assert b"Accept-Encoding: identity" in lines
    assert body == b'{"x":1}'


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_without_a_body_sends_no_content_length(
    client: Client, answer: "Callable[..., Server]", method: str
) -> None:
    server = answer()
    assert client.send(Call(method, server.url(), (), None, PATIENCE_SECONDS)).succeeded
    assert b"content-length" not in server.requests[0].lower()
    assert b"transfer-encoding" not in server.requests[0].lower()


def test_keeps_status_reason_headers_body_address_and_latency(
    client: Client, answer: "Callable[..., Server]"
) -> None:
    server = answer(
        b"HTTP/1.1 418 Short and stout\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 3\r\n\r\ntea"
    )
    outcome = client.send(post(server.url()))
    assert (outcome.status_code, outcome.reason, outcome.body) == (418, "I'm a Teapot", b"tea")
    assert outcome.headers == (("X-A", "1"), ("X-A", "2"), ("Content-Length", "3"))
    assert outcome.error is None
    assert not outcome.succeeded
    assert not outcome.body_truncated
    assert outcome.remote_address == "127.0.0.1"
    assert 0 < outcome.latency_ms < 1000 * PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("status_line", "reason"),
    [
        (b"500 Bearer \x00sesame", "Internal Server Error"),
        (b"299 Bearer sesame", ""),
        (b"204", "No Content"),
    ],
)
def test_the_reason_is_the_statuss_own_whatever_was_sent(
    client: Client, answer: "Callable[..., Server]", status_line: bytes, reason: str
) -> None:
    server = answer(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % status_line)
    assert client.send(post(server.url())).reason == reason


@pytest.mark.parametrize("size_bytes", [0, 1, 4095, 4096])
def test_keeps_a_short_body_whole(
    client: Client, answer: "Callable[..., Server]", size_bytes: int
) -> None:
    body = b"x" * size_bytes
    server = answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size_bytes, body))
    outcome = client.send(post(server.url()))
    assert (outcome.body, outcome.body_truncated, outcome.succeeded) == (body, False, True)


@pytest.mark.parametrize("size_bytes", [4097, 60_000, 70_000, 5_000_000])
def test_keeps_the_first_4_kib_of_a_long_body_and_still_succeeds(
    client: Client, answer: "Callable[..., Server]", size_bytes: int
) -> None:
    body = bytes(index % 251 for index in range(4096)) + b"y" * (size_bytes - 4096)
    server = answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size_bytes, body))
    outcome = client.send(post(server.url()))
    assert (outcome.body, outcome.body_truncated) == (body[:4096], True)
    assert outcome.succeeded


def test_reads_chunks_and_skips_trailers(client: Client, answer: "Callable[..., Server]") -> None:
    server = answer(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;note=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"
    )
    outcome = client.send(post(server.url()))
    assert (outcome.body, outcome.succeeded) == (b"abcde", True)


def test_reads_an_http_1_0_answer_to_the_close(client: Client, serve: "Serve") -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(b"HTTP/1.0 200 OK\r\n\r\nto the end")

    outcome = client.send(post(serve(script).url()))
    assert (outcome.body, outcome.succeeded) == (b"to the end", True)


def test_waits_through_100_continue(client: Client, answer: "Callable[..., Server]") -> None:
    server = answer(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
    )
    assert client.send(post(server.url())).status_code == 201


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_does_not_follow_redirects(
    client: Client, answer: "Callable[..., Server]", status: int
) -> None:
    elsewhere = answer()
    server = answer(
        b"HTTP/1.1 %d Moved\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n"
        % (status, elsewhere.url().encode())
    )
    outcome = client.send(post(server.url()))
    assert (outcome.status_code, outcome.error) == (status, None)
    assert not outcome.succeeded
    assert elsewhere.connects == 0


def test_does_not_decompress(client: Client, answer: "Callable[..., Server]") -> None:
    """A few bytes that claim to be gzip, as a decompression bomb is, stay those few bytes."""
    server = answer(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"
    )
    outcome = client.send(post(server.url()))
    assert (outcome.body, outcome.succeeded) == (b"\x1f\x8b\x08\x00", True)


def test_takes_no_notice_of_proxy_variables_or_netrc(
    client: Client,
    answer: "Callable[..., Server]",
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    proxy, server = answer(), answer()
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url())
    monkeypatch.setenv("NETRC", str(netrc))
    assert client.send(post(server.url())).succeeded
    assert proxy.connects == 0
    assert b"authorization" not in server.requests[0].lower()


def test_sends_no_cookies_back(client: Client, answer: "Callable[..., Server]") -> None:
    server = answer(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")
    client.send(post(server.url()))
    client.send(post(server.url()))
    assert b"cookie" not in server.requests[1].lower()


def test_sends_a_large_body_whole(client: Client, answer: "Callable[..., Server]") -> None:
    server = answer()
    body = b"z" * 1_000_000
    assert client.send(post(server.url(), body=body)).succeeded
    assert server.requests[0].endswith(b"\r\n\r\n" + body)


def test_says_that_nothing_is_listening(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    outcome = client.send(post(f"http://127.0.0.1:{port}/"))
    assert outcome.error is not None
    assert outcome.error.code == "connection_refused"
    assert outcome.error.message == (
        f"Nothing is listening at 127.0.0.1:{port} (connection refused)."
    )
    assert outcome.status_code is None
    assert outcome.remote_address is None


@pytest.mark.parametrize(
    ("url", "code"),
    [("ftp://agent.example/", "invalid_url"), ("http://10.0.0.1/", "refused_by_policy")],
)
def test_reports_what_cannot_be_called(client: Client, url: str, code: str) -> None:
    outcome = client.send(post(url))
    assert outcome.error is not None
    assert (outcome.error.code, outcome.succeeded) == (code, False)


@pytest.mark.parametrize("header", [("X-A", "€"), ("X-A", "a\r\nX-B: c"), ("X:A", "b"), ("", "b")])
def test_sends_no_request_with_a_header_that_http_cannot_carry(
    client: Client, answer: "Callable[..., Server]", header: tuple[str, str]
) -> None:
    server = answer()
    outcome = client.send(Call("POST", server.url(), (header,), b"{}", PATIENCE_SECONDS))
    assert outcome.error is not None
    assert outcome.error.code == "invalid_request"
    assert server.requests == []


def test_head_and_body_leave_in_one_write(client: Client, serve: "Serve") -> None:
    """A second packet would wake the endpoint twice."""
    pieces: list[bytes] = []

    def script(peer: "Peer") -> None:
        pieces.append(peer.connection.recv(65536))
        peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    client.send(Call("POST", serve(script).url(), (), b"the body", PATIENCE_SECONDS))
    assert pieces[0].endswith(b"\r\n\r\nthe body")
