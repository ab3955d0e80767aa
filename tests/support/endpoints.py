"""Endpoints of many agents and functions in one server, which knows who called it when and at once.

The address says what happens: /quick/NAME answers at once, /slow-0.3/NAME after so many seconds,
/fail-0.3/NAME then with 500, /hang/NAME when `release` is called. One thread serves them all, so
that hundreds of calls can hang.
"""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import TracebackType

import httptools

from tests.support.real_servers import wait_until

_BODY = b'{"ok": true, "message": "Done", "tool_calls": []}'


@dataclass(frozen=True)
class Arrival:
    """A call that was read whole: when, by the monotonic clock and by the wall's."""

    name: str
    at: float
    wall: float
    headers: dict[str, str]

    @property
    def subject_id(self) -> str:
        """The id of the request or execution that it is about."""
        ids = ("x-opensink-execution-id", "x-opensink-request-id")
        return next((self.headers[name] for name in ids if name in self.headers), "")


class Endpoints(AbstractContextManager["Endpoints"]):
    """The server; its lists are appended to by its thread alone."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.open_now: Counter[str] = Counter()
        """How many calls of each name have no response yet."""
        self.most_at_once: Counter[str] = Counter()
        self.by_subject: dict[str, Arrival] = {}
        """The first call about each request or execution."""
        self.connections: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._held: list[tuple[_Connection, str]] = []
        self._is_released = False

    def __enter__(self) -> "Endpoints":
        # all of it in its own thread: in the caller's another loop may run, which drives a browser
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self._port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0, backlog=2048
        )

    async def _close(self) -> None:
        self._server.close()
        for connection in [*self.connections]:
            connection.close()
        await asyncio.sleep(0)  # the loop closes them then

    def url(self, behaviour: str, name: str) -> str:
        return f"http://127.0.0.1:{self._port}/{behaviour}/{name}"

    def calls(self, name: str) -> list[Arrival]:
        return [arrival for arrival in self.arrivals if arrival.name == name]

    def count(self, prefix: str = "") -> int:
        return sum(arrival.name.startswith(prefix) for arrival in [*self.arrivals])

    def hanging(self) -> int:
        """Return how many calls are held now."""
        return len(self._held)

    def wait_for(self, subject_id: str, *, seconds: float = 100) -> Arrival:
        """Wait for the call about a request or execution."""
        arrival: Arrival = wait_until(lambda: self.by_subject.get(subject_id), seconds=seconds)
        return arrival

    def release(self) -> None:
        """Answer what hangs, and from here on everything at once."""

        def answer_all() -> None:
            self._is_released = True
            for connection, name in self._held:
                self.answer(connection, name, 200)
            self._held.clear()

        self._loop.call_soon_threadsafe(answer_all)

    def count_anew(self, name: str) -> None:
        """Forget how many calls of a name there were at once till now."""
        self.most_at_once[name] = self.open_now[name]

    def accept(self, connection: "_Connection", path: str, headers: dict[str, str]) -> None:
        """Note a call, and answer it when it is time."""
        behaviour, name = path.strip("/").split("/", 1)
        arrival = Arrival(name, time.monotonic(), time.time(), headers)
        self.arrivals.append(arrival)
        self.by_subject.setdefault(arrival.subject_id, arrival)
        self.open_now[name] += 1
        self.most_at_once[name] = max(self.most_at_once[name], self.open_now[name])
        if behaviour == "hang" and not self._is_released:
            self._held.append((connection, name))
        elif behaviour == "quick" or self._is_released:
            self.answer(connection, name, 200)
        else:
            kind, _, seconds = behaviour.partition("-")
            status = {"slow": 200, "fail": 500}[kind]
            self._loop.call_later(float(seconds), self.answer, connection, name, status)

    def answer(self, connection: "_Connection", name: str, status: int) -> None:
        self.open_now[name] -= 1
        connection.answer(status)


class _Connection(asyncio.Protocol):
    """One caller's; the parser calls the methods that begin with `on_`."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._endpoints.connections.add(self)
        self._parser = httptools.HttpRequestParser(self)
        self._headers: dict[str, str] = {}
        self._path = ""

    def connection_lost(self, exc: Exception | None) -> None:
        self._endpoints.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._path = url.decode()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode("latin-1")

    def on_message_complete(self) -> None:
        path, headers = self._path, self._headers
        self._headers = {}
        self._endpoints.accept(self, path, headers)

    def answer(self, status: int) -> None:
        head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n"
        self._transport.write(f"{head}Content-Length: {len(_BODY)}\r\n\r\n".encode() + _BODY)

    def close(self) -> None:
        self._transport.abort()


@contextmanager
def silent_port() -> Iterator[int]:
    """Yield a port, at every address of this machine, that takes connections and says nothing."""
    with socket.create_server(("0.0.0.0", 0), backlog=4096) as server:  # noqa: S104 - 127.0.0.0/8
        yield server.getsockname()[1]
