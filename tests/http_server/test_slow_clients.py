"""Whoever is slow costs a connection: others are answered, and it ends when its time is over."""

import time

import pytest

from opensink_web.http_server.limits import Limits
from tests.http_server.conftest import LARGE_BYTES, Application
from tests.support.real_servers import wait_until
from tests.support.running_server import RunningServer, response, running, status_of, until_closed

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"
SLOW = {
    "nothing": b"",
    "26 bytes of a head": b"GET /healthz HTTP/1.1\r\nX: a",
    "a body that does not come": POST + b"Content-Length: 100000\r\n\r\n{",
    "chunks that do not end": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "trailers that do not end": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: a",
    "a reader that reads nothing": LARGE * 3,
    "a reader of small answers that reads nothing": (HEAD + b"\r\n") * 10,
}


@pytest.mark.parametrize("first", SLOW.values(), ids=SLOW)
def test_others_are_answered(server: RunningServer, first: bytes) -> None:
    for _ in range(64):
        server.connect(first)
    assert response(server.connect(HEAD + b"\r\n")).status == 200


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (SLOW["nothing"], None),
        (SLOW["26 bytes of a head"], 408),
        (SLOW["a body that does not come"], 408),
        (SLOW["chunks that do not end"], 408),
        (SLOW["trailers that do not end"], 408),
    ],
)
def test_who_sends_too_slowly_is_hung_up_on(
    application: Application, first: bytes, told: int | None
) -> None:
    limits = Limits(threads=2, head_seconds=0.2, body_seconds=0.2, keep_alive_seconds=0.2)
    with running(application, limits) as server:
        answer = server.answer_to(first)
    assert (status_of(answer) if answer else None) == told
    assert application.calls == []


def test_who_reads_too_slowly_is_hung_up_on(application: Application) -> None:
    with running(application, Limits(threads=2, send_seconds=0.2)) as server:
        connection = server.connect(LARGE * 3)
        wait_until(lambda: server.server.connections)
        wait_until(lambda: not server.server.connections)
        assert len(until_closed(connection)) < 3 * LARGE_BYTES
        assert server.server.response_bytes == 0


def test_a_body_that_moves_has_the_time_it_needs(application: Application) -> None:
    limits = Limits(threads=2, body_seconds=2, least_bytes_per_second=1000)
    with running(application, limits) as server:
        connection = server.connect(POST + b"Content-Length: 100000\r\n\r\n")
        for _ in range(20):
            connection.sendall(b"x" * 5000)
            time.sleep(0.12)
        assert response(connection).status == 200


def test_a_body_that_moved_fast_and_stalls_is_hung_up_on(application: Application) -> None:
    with running(
        application, Limits(threads=2, body_seconds=0.2, least_bytes_per_second=1)
    ) as server:
        answer = server.answer_to(POST + b"Content-Length: 100000\r\n\r\n" + b"x" * 99_999)
    assert status_of(answer) == 408


def test_what_is_slow_gives_way_when_there_are_too_many_connections(
    application: Application,
) -> None:
    with running(application, Limits(threads=2, connections=8)) as server:
        slow = [server.connect(SLOW["26 bytes of a head"]) for _ in range(30)]
        assert response(server.connect(HEAD + b"\r\n")).status == 200
        assert until_closed(slow[0]) == b""
        assert len(server.server.connections) <= 8
