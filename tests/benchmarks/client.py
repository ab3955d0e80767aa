"""The client of benchmarks, a process of its own: sends requests made beforehand, and times them.

    python -m tests.benchmarks.client < PLAN > RESULTS        both JSON

Plain sockets, one thread each: a client library would cost more than what is measured. A plan names
a port, how many clients there are and a list of requests (a name and the bytes). With `wait_port`
each client also waits until that endpoint has had the call of this name, before it sends the next.
"""

import json
import socket
import sys
import threading
import time
from queue import Empty, SimpleQueue


class Connection:
    """A connection on which one request follows the other."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = b""

    def ask(self, data: bytes) -> int:
        """Send a request and return the status of its whole response."""
        self._socket.sendall(data)
        received = self._left
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head = received[:end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        end += 4 + length
        while len(received) < end:
            received += self._more()
        self._left = received[end:]
        return int(head.split(b" ", 2)[1])

    def _more(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the server hung up")
        return data


def _work(
    port: int, wait_port: int | None, todo: "SimpleQueue[tuple[str, str]]", results: list[object]
) -> None:
    connection = Connection(port)
    endpoint = Connection(wait_port) if wait_port else None
    while True:
        try:
            name, text = todo.get_nowait()
        except Empty:
            return
        data = text.encode()
        begun_at = time.monotonic()
        status = connection.ask(data)
        ended_at = time.monotonic()
        results.append((name, begun_at, ended_at, status))
        if endpoint is not None:
            endpoint.ask(f"GET /wait/{name} HTTP/1.1\r\nHost: endpoint\r\n\r\n".encode())
            time.sleep(0.003)  # what follows the call is not to be in the way of the next


def main() -> None:
    plan = json.load(sys.stdin)
    todo: SimpleQueue[tuple[str, str]] = SimpleQueue()
    for name, text in plan["requests"]:
        todo.put((name, text))
    results: list[object] = []
    arguments = (plan["port"], plan.get("wait_port"), todo, results)
    threads = [threading.Thread(target=_work, args=arguments) for _ in range(plan["clients"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
