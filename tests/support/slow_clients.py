"""Clients that are slow, on purpose or not: each kind keeps a connection and asks for little.

python -m tests.support.slow_clients PORT COUNT   keeps so many of all kinds open until it ends
"""

import asyncio
import socket
import sys
from contextlib import suppress

HEAD = b"GET /healthz HTTP/1.1\r\nX: a"
"""26 bytes, and no more."""
POST = b"POST /api/v1/agents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
LARGE = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"

KINDS = {
    "a head that does not end": (HEAD, b"a"),
    "a body that does not come": (POST + b"Content-Length: 100000\r\n\r\n", b"{"),
    "chunks that do not end": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
    "a reader that reads nothing": (LARGE * 4, b""),
}
"""By name: what is sent first, and then a little of every second."""


def connect(port: int, kind: str) -> socket.socket:
    """Open a connection of a kind, which then does nothing more."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    connection.sendall(KINDS[kind][0])
    return connection


async def _be_slow(port: int, kind: str) -> None:
    """Keep one connection open, and open it again when the server has lost patience."""
    first, more = KINDS[kind]
    loop = asyncio.get_running_loop()
    while True:
        with suppress(OSError), socket.socket() as connection:
            connection.setblocking(False)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await loop.sock_connect(connection, ("127.0.0.1", port))
            await loop.sock_sendall(connection, first)
            while True:
                await asyncio.sleep(1)
                await loop.sock_sendall(connection, more)
        await asyncio.sleep(0.1)


async def main(port: int, count: int) -> None:
    kinds = [*KINDS]
    clients = []
    for number in range(count):
        clients.append(asyncio.create_task(_be_slow(port, kinds[number % len(kinds)])))
        await asyncio.sleep(0.001)
    print("open", flush=True)
    await asyncio.gather(*clients)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))  # noqa: TID251 - a process of its own
