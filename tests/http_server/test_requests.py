"""What is a request is answered, however it comes; what could be read in two ways is not."""

import json
from typing import Any

import pytest

from opensink_web.http_server.connection import Connection
from opensink_web.http_server.limits import Limits
from tests.http_server.conftest import LARGE_BYTES, Application
from tests.support.real_servers import wait_until
from tests.support.running_server import (
    RunningServer,
    read,
    response,
    running,
    status_of,
    until_closed,
)

HEAD = b"GET /a%20b?c=d HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SECRET = b"hunter2"


def environ_of(server: RunningServer, data: bytes) -> Any:
    return read(server.connect(data))


def test_the_application_hears_what_was_sent(server: RunningServer) -> None:
    environ = environ_of(server, HEAD + b"X-A: b\r\nX-A: c\r\nCookie: d\r\nCookie: e\r\n\r\n")
    assert (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("GET", "/a b")
    assert (environ["QUERY_STRING"], environ["HTTP_HOST"]) == ("c=d", "a")
    assert (environ["HTTP_X_A"], environ["HTTP_COOKIE"]) == ("b, c", "d; e")
    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("127.0.0.1", "http")
    assert "CONTENT_LENGTH" not in environ


def test_a_header_that_looks_like_a_proxys_is_none(server: RunningServer) -> None:
    assert "HTTP_X_FORWARDED_FOR" not in environ_of(server, HEAD + b"X_Forwarded_For: a\r\n\r\n")


def test_the_host_of_a_whole_address_goes_before_the_header(server: RunningServer) -> None:
    environ = environ_of(server, b"GET http://b:1/c?d HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (environ["HTTP_HOST"], environ["PATH_INFO"]) == ("b:1", "/c")


@pytest.mark.parametrize(
    "data",
    [
        POST + b"Content-Length: 5\r\n\r\nhello",
        CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX: trailer\r\n\r\n",
    ],
)
def test_a_body_comes_whole(server: RunningServer, data: bytes) -> None:
    connection = server.connect()
    for byte in range(len(data)):
        connection.sendall(data[byte : byte + 1])
    environ = read(connection)
    assert (environ["body"], environ["CONTENT_LENGTH"]) == ("hello", "5")
    assert "HTTP_TRANSFER_ENCODING" not in environ
    assert "HTTP_X" not in environ


def test_who_expects_to_be_told_to_go_on_is(server: RunningServer) -> None:
    connection = server.connect(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(b"hello")
    assert read(connection)["body"] == "hello"


def test_who_expects_it_with_too_large_a_body_is_not(server: RunningServer) -> None:
    expecting = b"Content-Length: 9999999\r\nExpect: 100-continue\r\n\r\n"
    assert response(server.connect(POST + expecting)).status == 500  # the application read on


def test_requests_in_a_row_are_answered_in_order(server: RunningServer) -> None:
    paths = [f"/{number}" for number in range(10)]
    requests = [f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in paths]
    connection = server.connect(b"".join(requests) + b"nonsense\r\n\r\n")
    for path in paths:
        assert read(connection)["PATH_INFO"] == path
    assert response(connection).status == 400


def test_what_comes_behind_a_refused_request_is_not_read(
    server: RunningServer, application: Application
) -> None:
    server.answer_to(b"nonsense\r\n\r\n" + HEAD + b"\r\n")
    server.answer_to(POST + b"Content-Length: 9999999\r\n\r\n" + HEAD + b"\r\n")
    assert [call["PATH_INFO"] for call in application.calls] == ["/"]


def test_too_many_requests_ahead_of_their_answers_are_refused(server: RunningServer) -> None:
    answers = server.answer_to((HEAD + b"\r\n") * 50)
    assert b"HTTP/1.1 429 " in answers


def test_a_half_closed_connection_is_answered(server: RunningServer) -> None:
    connection = server.connect(HEAD + b"\r\n")
    connection.shutdown(1)
    assert response(connection).status == 200


def test_other_protocols_are_not_spoken(server: RunningServer) -> None:
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    connection = server.connect((HEAD + upgrade + b"\r\n") * 2)
    assert [response(connection).read()[:1] for _ in range(2)] == [b"{", b"{"]


@pytest.mark.parametrize(
    ("version", "header", "stays"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: keep-alive\r\n", True),
    ],
)
def test_a_connection_is_kept_if_the_client_wants(
    server: RunningServer, version: bytes, header: bytes, stays: bool
) -> None:
    connection = server.connect(b"GET / HTTP/%b\r\nHost: a\r\n%b\r\n" % (version, header))
    answer = response(connection)
    answer.read()
    assert answer.will_close is not stays
    if stays:
        connection.sendall(HEAD + b"\r\n")
        assert response(connection).status == 200
    else:
        assert connection.recv(1) == b""


def test_head_and_no_content_have_no_body(server: RunningServer) -> None:
    connection = server.connect(
        b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"
        + HEAD
        + b"\r\n"
    )
    received = b""
    while not received.endswith(b"}"):
        received += connection.recv(65536)
    head, nothing, answer = received.split(b"HTTP/1.1 ")[1:]
    assert head.endswith(b"\r\n\r\n")
    assert nothing.startswith(b"204")
    assert nothing.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in nothing
    assert answer.endswith(b"}")


def test_a_large_answer_comes_whole(server: RunningServer) -> None:
    connection = server.connect(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n" + HEAD + b"\r\n")
    assert response(connection).read() == b"x" * LARGE_BYTES
    assert response(connection).status == 200


@pytest.mark.parametrize("path", [b"/broken", b"/split"])
def test_an_application_that_fails_is_answered_for(server: RunningServer, path: bytes) -> None:
    answer = response(server.connect(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path))
    assert (answer.status, json.loads(answer.read())["code"]) == (500, "internal_error")


def _with_counted_body(server: RunningServer) -> list[Connection]:
    return [each for each in server.server.connections if each.counted_body]


class TestRefusals:
    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (b"GET /api/v1/\xff\xc3 HTTP/1.1", 400),
            ("GET /ü HTTP/1.1".encode(), 400),
            (SECRET, 400),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),  # TLS
            (b"GET /%b" % SECRET, 400),
            (b"GET /%b HTTP/9.9" % SECRET, 400),
            (b"PRI * HTTP/2.0\r\n\r\nSM", 400),
            (b"CONNECT a:1 HTTP/1.1\r\nHost: a", 400),
            (b"GET a HTTP/1.1\r\nHost: a", 400),
            (b"GET /a#b HTTP/1.1\r\nHost: a", 400),
            (b"GET ftp://a/ HTTP/1.1\r\nHost: a", 400),
            (b"GET http://a@b/ HTTP/1.1\r\nHost: a", 400),
            (b"GET http://a?b HTTP/1.1\r\nHost: a", 400),
            (b"GET / HTTP/1.1", 400),  # without Host
            (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b", 400),
            (b"GET /%b HTTP/1.1\r\nHost: a" % (SECRET * 2_000), 414),
            (HEAD + b"X-A: %b" % (SECRET * 2_000), 431),
            (HEAD + b"X-A: 1\r\n" * 500, 431),
            (HEAD + b"X-A: %b\r\n" % (b"a" * 8000) * 6, 431),
            (HEAD + b"X A: %b" % SECRET, 400),
            (HEAD + b"X-A: b\r\n %b" % SECRET, 400),
            (HEAD + b"X-A: %b\0" % SECRET, 400),
            (HEAD + b"X-A: a\rb", 400),
            (b"GET / HTTP/1.1\nHost: a", 400),
            (POST + b"Content-Length: %b" % SECRET, 400),
            (POST + b"Content-Length: +5", 400),
            (POST + b"Content-Length: 1\r\nContent-Length: 2", 400),
            (POST + b"Content-Length: 5, 5", 400),
            (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
            (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5", 400),
            (POST + b"Transfer-Encoding: %b" % SECRET, 400),
            (POST + b"Transfer-Encoding: gzip, chunked", 400),
            (POST + b"Transfer-Encoding : chunked", 400),
            (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
            (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked", 400),
            (CHUNKED + b"zz", 400),
            (CHUNKED + b"-1", 400),
            (CHUNKED + b"5 ", 400),
            (CHUNKED + b"fffffffffffffffff", 400),
            (CHUNKED + b"5\r\nhelloo", 400),
            (CHUNKED + b"5\nhello\n0\n", 400),
            (CHUNKED + b"0\r\n" + b"X: a\r\n" * 200, 431),
            (CHUNKED + b"5;" + b"a" * 500_000, 431),
            (CHUNKED + b"0\r\nX: " + b"a" * 500_000, 431),
        ],
    )
    def test_have_the_one_body_and_repeat_nothing(
        self, server: RunningServer, application: Application, data: bytes, status: int
    ) -> None:
        answer = server.answer_to(data + b"\r\n\r\n")
        assert status_of(answer) == status
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"Content-Type: application/json" in head
        assert set(json.loads(body)) == {"error", "detail", "code"}
        assert SECRET not in answer
        assert application.calls == []


class TestBodiesAboveTheLimit:
    @pytest.mark.parametrize(
        "data",
        [
            POST + b"Content-Length: 1001\r\n\r\n" + b"x" * 1001,
            CHUNKED + b"3e8\r\n" + b"x" * 1000 + b"\r\n1\r\nx\r\n0\r\n\r\n",
        ],
    )
    def test_are_the_applications_to_refuse_and_cannot_be_read(
        self, application: Application, data: bytes
    ) -> None:
        with running(application, Limits(threads=2), body_limit=lambda *_: 1000) as server:
            unread = server.answer_to(data.replace(b"POST /", b"POST /unread"))
            read_anyway = server.answer_to(data)
        assert int(application.calls[0]["CONTENT_LENGTH"]) == 1001
        assert (status_of(unread), status_of(read_anyway)) == (200, 500)

    def test_are_those_of_the_path(self, application: Application) -> None:
        with running(
            application, Limits(threads=2), body_limit=lambda _, path: 9 if path == "/b" else 5
        ) as server:
            for path, status in ((b"/a", 500), (b"/b", 200)):
                head = b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n" % path
                assert response(server.connect(head + b"x" * 9)).status == status


class TestMemory:
    def test_bodies_have_so_much_together(self, application: Application) -> None:
        with running(application, Limits(threads=2, bodies_bytes=300_000)) as server:
            first = server.connect(POST + b"Content-Length: 250000\r\n\r\n" + b"x" * 200_000)
            small = server.connect(POST + b"Content-Length: 60000\r\n\r\n" + b"x" * 60_000)
            assert response(small).status == 200
            second = POST + b"Content-Length: 250000\r\n\r\n" + b"x" * 250_000
            refused = response(server.connect(second))
            assert refused.status == 503
            assert refused.getheader("Retry-After") == "1"
            first.sendall(b"x" * 50_000)
            assert response(first).status == 200
            assert response(server.connect(second)).status == 200

    def test_a_slow_body_gives_way(self, application: Application) -> None:
        limits = Limits(threads=2, bodies_bytes=300_000)
        with running(application, limits) as server:
            slow = server.connect(POST + b"Content-Length: 250000\r\n\r\n" + b"x" * 200_000)
            (begun,) = wait_until(lambda: _with_counted_body(server))
            begun.since -= limits.body_seconds / 2
            second = POST + b"Content-Length: 250000\r\n\r\n" + b"x" * 250_000
            assert response(server.connect(second)).status == 200
            assert until_closed(slow) == b""

    def test_answers_have_so_much_together(self, application: Application) -> None:
        large = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"
        with running(
            application, Limits(threads=2, responses_bytes=LARGE_BYTES * 3 // 2)
        ) as server:
            first = response(server.connect(large))
            refused = response(server.connect(large))
            assert (refused.status, refused.getheader("Retry-After")) == (503, "1")
            assert len(first.read()) == LARGE_BYTES
            assert len(response(server.connect(large)).read()) == LARGE_BYTES
