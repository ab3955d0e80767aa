"""Answers that are held: no thread waits for them, and each ends in one of four ways."""

import pytest

from opensink_web.http_server.limits import Limits
from opensink_web.http_server.request import Reading
from opensink_web.http_server.server import Server
from tests.http_server.conftest import Application
from tests.support.real_servers import wait_until
from tests.support.running_server import RunningServer, read, response, running

HELD = b"POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
OTHER = b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n"


def held(server: RunningServer, application: Application, count: int) -> None:
    wait_until(lambda: server.server.held_count == count == len(application.held.wakes))


def test_many_are_held_and_others_are_answered(
    server: RunningServer, application: Application
) -> None:
    waiters = [server.connect(HELD) for _ in range(50)]
    held(server, application, 50)
    assert read(server.connect(OTHER))["PATH_INFO"] == "/other"
    for wake in application.held.wakes:
        wake()
    assert {read(waiter)["PATH_INFO"] for waiter in waiters} == {"/held"}
    assert application.held.ended == 50


def test_one_is_answered_when_its_time_is_over(
    server: RunningServer, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application.held, "seconds", 0.1)
    assert read(server.connect(HELD))["PATH_INFO"] == "/held"


def test_one_is_answered_as_it_stands_when_the_client_sends_no_more(
    server: RunningServer, application: Application
) -> None:
    connection = server.connect(HELD)
    held(server, application, 1)
    connection.shutdown(1)
    assert read(connection)["PATH_INFO"] == "/held"


def test_one_is_held_no_longer_when_the_client_has_gone(
    server: RunningServer, application: Application
) -> None:
    connection = server.connect(HELD)
    held(server, application, 1)
    connection.close()
    wait_until(lambda: not server.server.connections)
    assert (server.server.held_count, application.held.ended) == (0, 1)


def test_what_comes_behind_a_held_answer_is_answered_after_it(
    server: RunningServer, application: Application
) -> None:
    connection = server.connect(HELD + OTHER)
    held(server, application, 1)
    connection.sendall(OTHER)
    application.held.wakes[0]()
    assert [read(connection)["PATH_INFO"] for _ in range(3)] == ["/held", "/other", "/other"]


def test_a_late_wake_is_nobodys(server: RunningServer, application: Application) -> None:
    connection = server.connect(HELD)
    held(server, application, 1)
    for _ in range(3):
        application.held.wakes[0]()
    assert read(connection)["PATH_INFO"] == "/held"
    connection.sendall(OTHER)
    assert read(connection)["PATH_INFO"] == "/other"


def test_no_more_than_half_of_the_connections_are_held(application: Application) -> None:
    with running(application, Limits(threads=2, connections=8)) as server:
        for _ in range(4):
            server.connect(HELD)
        held(server, application, 4)
        assert read(server.connect(HELD))["PATH_INFO"] == "/held"


def test_what_can_wait_takes_one_thread_from_others(application: Application) -> None:
    with running(application, Limits(threads=4), is_patient=lambda to: to == b"/late") as server:
        patient = [server.connect(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(20)]
        wait_until(lambda: len(application.calls) == 1)
        assert read(server.connect(OTHER))["PATH_INFO"] == "/other"
        assert len(application.calls) == 2
        application.gate.set()
        assert {response(each).read() for each in patient} == {b"late"}


def test_the_body_of_what_is_held_is_not_kept(application: Application) -> None:
    body = b"Host: a\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000
    with running(application, Limits(threads=2, bodies_bytes=300_000)) as server:
        for number in range(1, 4):
            server.connect(b"POST /held HTTP/1.1\r\n" + body)
            held(server, application, number)
        assert response(server.connect(b"POST / HTTP/1.1\r\n" + body)).status == 200


class TestTheEnd:
    def test_what_is_held_is_answered(
        self, server: RunningServer, application: Application
    ) -> None:
        waiters = [server.connect(HELD) for _ in range(5)]
        held(server, application, 5)
        server.stop()
        for waiter in waiters:
            answer = response(waiter)
            assert (answer.status, answer.getheader("Connection")) == (200, "close")
            answer.close()

    def test_what_is_being_answered_is_answered(
        self, server: RunningServer, application: Application
    ) -> None:
        connection = server.connect(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: application.calls)
        server.stop()
        wait_until(lambda: server.server.is_stopping)
        application.gate.set()
        assert response(connection).read() == b"late"

    def test_who_is_slow_or_idle_is_hung_up_on(self, server: RunningServer) -> None:
        idle = server.connect(OTHER)
        assert response(idle).read()
        slow = server.connect(OTHER[:20])
        # who hangs up with something unread sends a reset, so wait until it has been read
        wait_until(lambda: Reading.HEAD in {each.reading for each in server.server.connections})
        server.stop()
        assert (idle.recv(1), slow.recv(1)) == (b"", b"")

    def test_it_does_not_wait_for_a_call_that_does_not_end(self, application: Application) -> None:
        with running(application, Limits(threads=2, stop_seconds=0.1)) as server:
            server.connect(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_until(lambda: application.calls)
            made: Server = server.server
        assert made.loop.is_closed()
        application.gate.set()
