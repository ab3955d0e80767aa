"""`opensink up`: the whole process tree, for real."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from opensink_web.cli.web_server import POSTGRESQL_PROCESSES
from opensink_web.settings import Settings
from tests.support import neighbour
from tests.support.slow_clients import KINDS, connect

if TYPE_CHECKING:
    from tests.support.opensink_up import Opensink

pytestmark = pytest.mark.server

Alive = Callable[[Mapping[int, str]], dict[int, str]]
PARTS = ("valkey-server", "web --fd", "opensink_web worker", "opensink_web sweeper", "watchdog")


def named(processes: Mapping[int, str], part: str) -> list[int]:
    return sorted(pid for pid, arguments in processes.items() if part in arguments)


def end_all(opensink: "Opensink", alive: Alive, number: signal.Signals) -> None:
    """Send a signal, and see everything end well; what hangs goes on for longer than we wait."""
    processes = opensink.descendants()
    opensink.end(number)
    assert opensink.process is not None
    assert opensink.process.returncode == 0
    assert alive(processes) == {}
    assert opensink.get("/healthz") == 0


def test_it_starts_everything_says_where_and_ctrl_c_ends_it(
    opensink: "Opensink", alive: Alive
) -> None:
    """The data folder can have any name, and no other process of the user reads a part's keys."""
    opensink.data_dir = opensink.data_dir.with_name("Ünser data = 100 %")
    redis_socket = Settings.from_env({"DATA_DIR": str(opensink.data_dir)}).embedded_redis_socket
    variables = {"SECRET_KEY": neighbour.SECRET}
    greeting = opensink.up(
        "--workers", "2", variables=variables, before=neighbour.WITHOUT_CAPABILITIES
    )
    assert greeting[0] == f"OpenSink is at http://127.0.0.1:{opensink.port}"
    assert str(opensink.data_dir) in greeting[1]
    assert (opensink.data_dir / "opensink.sqlite3").exists()
    assert redis_socket.exists()
    processes = opensink.descendants()
    assert all(named(processes, part) for part in PARTS)
    assert len(named(processes, "opensink_web worker")) == 2
    assert opensink.get("/healthz") == 200
    assert opensink.process is not None
    pids = [opensink.process.pid, *opensink.descendants()]
    assert len(pids) > len(PARTS)
    assert neighbour.what_a_neighbour_reads(pids) == {each: set() for each in pids}
    end_all(opensink, alive, signal.SIGINT)
    assert not redis_socket.parent.exists()


def test_nobody_else_can_read_what_it_writes(running: "Opensink") -> None:
    written = list(running.data_dir.rglob("*"))
    assert {path.name for path in written} >= {"opensink.sqlite3", "secret_key", "valkey.log"}
    assert [path for path in written if path.stat().st_mode & 0o077] == []


def test_the_first_run_prints_a_sign_up_link_until_there_is_a_user_and_may_be_killed(
    opensink: "Opensink", alive: Alive
) -> None:
    assert any("/sign-up/" in line for line in opensink.up("--workers", "1"))
    processes = opensink.descendants()
    opensink.end(signal.SIGKILL)
    opensink.wait_until(lambda: not alive(processes))
    made = opensink.run(
        *("user", "create", "alice@example.com", "--role", "admin", "--password-stdin"),
        text="a long password\n",
    )
    assert made.returncode == 0, made.stderr
    assert not any("/sign-up/" in line for line in opensink.up("--workers", "1"))
    key = opensink.run(
        *("api-key", "create", "--user", "alice@example.com", "--name", "k", "--scope", "all:all")
    )
    assert key.returncode == 0, key.stderr
    assert key.stderr == ""
    assert len(key.stdout.split()) == 1
    end_with_parts_that_were_started_again(opensink, alive)


def end_with_parts_that_were_started_again(opensink: "Opensink", alive: Alive) -> None:
    victims = [named(opensink.descendants(), part)[0] for part in PARTS]
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    opensink.wait_until(lambda: all(named(opensink.descendants(), part) for part in PARTS))
    opensink.wait_until(opensink.is_ready)
    assert not set(victims) & set(opensink.descendants())
    end_all(opensink, alive, signal.SIGTERM)


SECRET = b"hunter2"
UNREADABLE = {
    b"GET /api/v1/\xff\xc3 HTTP/1.1": 400,
    "GET /api/v1/ü HTTP/1.1".encode(): 400,
    SECRET: 400,
    b"GET /%b HTTP/9.9" % SECRET: 400,
    b"GET /%b HTTP/1.1" % (SECRET * 2_000): 414,
    b"GET / HTTP/1.1\r\nX-A: %b" % (SECRET * 2_000): 431,
    b"GET / HTTP/1.1\r\n" + b"X-A: 1\r\n" * 500: 431,
    b"GET / HTTP/1.1\r\nX A: %b" % SECRET: 400,
    b"GET / HTTP/1.1\r\nX-A: b\r\n %b" % SECRET: 400,
    b"GET / HTTP/1.1\r\nX-A: %b\0" % SECRET: 400,
    b"POST / HTTP/1.1\r\nContent-Length: %b" % SECRET: 400,
    b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2": 400,
    b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked": 400,
    b"POST / HTTP/1.1\r\nTransfer-Encoding: %b" % SECRET: 400,
}


def answer_to(port: int, request: bytes) -> tuple[int, bytes]:
    """Send bytes as they are; return status and body."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request + b"\r\n\r\n")
        answer = b""
        with suppress(ConnectionResetError):  # it hangs up on what it has not read
            while received := connection.recv(65536):
                answer += received
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Type: application/json" in head
    return int(head.split()[1]), body


def test_what_is_no_request_gets_the_error_body_and_is_not_repeated(running: "Opensink") -> None:
    for request, status in UNREADABLE.items():
        answered, body = answer_to(running.port, request)
        assert answered == status, request[:80]
        assert json.loads(body)["code"]
        assert SECRET not in body


def test_a_body_in_broken_chunks_is_a_bad_request(running: "Opensink") -> None:
    user = ("user", "create", "alice@example.com", "--role", "admin", "--password-stdin")
    running.run(*user, text="a long password\n")
    key = running.run(
        *("api-key", "create", "--user", "alice@example.com", "--name", "k", "--scope", "all:all")
    ).stdout.strip()
    head = (
        f"POST /api/v1/agents HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
        connection.sendall(head.encode() + b"zz\r\n{}\r\n0\r\n\r\n")
        assert connection.recv(1024).startswith(b"HTTP/1.1 400 ")


def test_it_runs_on_postgresql_and_a_redis_of_ones_own_and_ends_at_a_hangup(
    opensink: "Opensink", alive: Alive, database_url: str, redis_url: str
) -> None:
    opensink.up(variables={"DATABASE_URL": database_url, "REDIS_URL": redis_url})
    # it is ready when the first of the web processes is
    opensink.wait_until(
        lambda: len(named(opensink.descendants(), "web --fd")) == 1 + POSTGRESQL_PROCESSES
    )
    assert not named(opensink.descendants(), "valkey-server")
    assert not (opensink.data_dir / "opensink.sqlite3").exists()
    with ExitStack() as stack:
        for kind in (*KINDS,) * 16:
            stack.enter_context(connect(opensink.port, kind))
        assert opensink.get("/healthz") == 200
        end_all(opensink, alive, signal.SIGHUP)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_killed_starts_again(running: "Opensink", part: str) -> None:
    victim = named(running.descendants(), part)[0]
    os.kill(victim, signal.SIGKILL)

    def replaced() -> bool:
        pids = named(running.descendants(), part)
        return bool(pids) and victim not in pids

    running.wait_until(replaced)
    running.wait_until(running.is_ready)


def test_a_request_waits_while_web_starts_again(running: "Opensink") -> None:
    os.kill(named(running.descendants(), "web --fd")[0], signal.SIGKILL)
    time.sleep(0.3)
    assert running.get("/healthz") == 200


@pytest.mark.parametrize("size_bytes", [50_000, 200_000])
def test_a_large_body_refused_unread_does_not_spoil_the_next_request(
    running: "Opensink", size_bytes: int
) -> None:
    with closing(HTTPConnection("127.0.0.1", running.port, timeout=60)) as connection:
        for _ in range(5):
            connection.request("POST", "/api/v1/agents", b"x" * size_bytes)
            refused = connection.getresponse()
            assert (refused.status, json.loads(refused.read())["code"]) == (
                401,
                "not_authenticated",
            )
            assert refused.getheader("Connection") is None


@pytest.mark.parametrize("kind", KINDS)
def test_slow_clients_keep_nobody_waiting(running: "Opensink", kind: str) -> None:
    with ExitStack() as stack:
        for _ in range(64):  # twice as many as there are threads
            stack.enter_context(connect(running.port, kind))
        assert running.get("/healthz") == 200
        assert running.get("/readyz") == 200
