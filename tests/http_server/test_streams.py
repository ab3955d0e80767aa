"""A response whose length nobody knows is sent piece by piece, no faster than it is read."""

import socket
from http.client import IncompleteRead

import pytest

from tests.http_server.conftest import PIECE_BYTES, PIECES, Application
from tests.support.real_servers import wait_until
from tests.support.running_server import RunningServer, response, until_closed

HEAD = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"
WHOLE = b"".join((b"%07d\n" % number) * (PIECE_BYTES // 8) for number in range(PIECES))


def test_it_comes_whole_in_chunks_and_the_connection_stays(server: RunningServer) -> None:
    connection = server.connect(HEAD % b"/pieces" + HEAD % b"/pieces")
    for _ in range(2):
        answer = response(connection)
        assert answer.getheader("Transfer-Encoding") == "chunked"
        assert answer.getheader("Content-Length") is None
        assert answer.read() == WHOLE


def test_a_head_of_it_has_no_body_and_is_ended(
    server: RunningServer, application: Application
) -> None:
    asked = b"HEAD /pieces HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    head, _, body = until_closed(server.connect(asked)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b""
    assert application.pieces_ended.is_set()


def test_what_is_over_soon_has_its_length(server: RunningServer) -> None:
    answer = response(server.connect(HEAD % b"/few-pieces"))
    assert answer.getheader("Content-Length") == str(2 * PIECE_BYTES)
    assert len(answer.read()) == 2 * PIECE_BYTES


def test_an_old_client_reads_until_the_connection_ends(server: RunningServer) -> None:
    received = until_closed(server.connect(b"GET /pieces HTTP/1.0\r\nHost: a\r\n\r\n"))
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert body == WHOLE


def test_no_more_is_made_than_is_read_and_nothing_for_who_hangs_up(
    server: RunningServer, application: Application
) -> None:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(HEAD % b"/pieces")
    assert connection.recv(100).startswith(b"HTTP/1.1 200")
    # others are answered meanwhile: who reads slowly keeps no thread
    for _ in range(5):
        assert response(server.connect(HEAD % b"/")).status == 200
    assert application.pieces_made < PIECES
    assert not application.pieces_ended.is_set()
    connection.close()
    wait_until(application.pieces_ended.is_set, seconds=60)
    assert application.pieces_made < PIECES


def test_one_that_breaks_is_not_taken_for_whole(
    server: RunningServer, application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    answer = response(server.connect(HEAD % b"/broken-pieces"))
    with pytest.raises((IncompleteRead, ConnectionError)):
        answer.read()
    assert application.pieces_ended.is_set()
    assert "a response ended before it was whole" in caplog.text
