"""The endpoint that is called in benchmarks: notes when each call arrived, and tells on GET.

    python -m tests.benchmarks.endpoint FILE    writes its address to FILE

GET tells all arrivals by name, GET /wait/NAME answers once that call has arrived, DELETE forgets.
It is a bare asyncio protocol with a parser in C: it must not be what limits that which calls it.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import httptools

_arrivals: dict[str, float] = {}
_waiting: dict[str, list["_Connection"]] = {}
_NAMES = (b"x-opensink-request-id", b"x-opensink-execution-id")
_EMPTY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class _Connection(asyncio.Protocol):
    """One client's connection; the parser calls the methods that begin with `on_`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)
        self._target, self._name = b"", ""

    def data_received(self, data: bytes) -> None:
        self._received_at = time.monotonic()
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._target = url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() in _NAMES:
            self._name = value.decode()

    def on_message_complete(self) -> None:
        method = self._parser.get_method()
        if method == b"POST":
            _arrivals.setdefault(self._name, self._received_at)
            self.answer()
            for connection in _waiting.pop(self._name, ()):
                connection.answer()
        elif method == b"DELETE":
            _arrivals.clear()
            self.answer()
        elif self._target.startswith(b"/wait/"):
            name = self._target.removeprefix(b"/wait/").decode()
            if name in _arrivals:
                self.answer()
            else:
                _waiting.setdefault(name, []).append(self)
        else:
            body = json.dumps(_arrivals).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            self._transport.write(body)

    def answer(self) -> None:
        """Say that all is well."""
        self._transport.write(_EMPTY)


async def _serve(file: Path) -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    file.with_suffix(".new").write_text(f"http://127.0.0.1:{port}/execute")
    file.with_suffix(".new").rename(file)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))  # noqa: TID251 - a process of its own
