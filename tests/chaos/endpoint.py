"""What is called: agents' and functions' endpoints, and over TLS the receiver of callbacks.

Each call that was read whole is written down before it is answered. /BEHAVIOUR is the address of a
function, /BEHAVIOUR/AGENT of an agent; plan.py says what goes wrong there.
"""

import hashlib
import json
import os
import ssl
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.chaos.plan import AGENT_TIMEOUT_SECONDS, fault_of

ANSWER, CALL, CALLBACK = "answer", "call", "callback"
HANG_SECONDS = AGENT_TIMEOUT_SECONDS + 0.5


@dataclass(frozen=True)
class Arrival:
    """A call that arrived whole: of which request, execution or batch, under which id."""

    kind: str
    subject_id: str
    webhook_id: str
    body_sha256: str


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer
    disable_nagle_algorithm = True
    seed: int
    record: int  # the descriptor of the file in which arrivals are written down
    let_go: Path  # while there is no such file, calls are held
    counts: Counter[str]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True  # the caller was killed while it wrote
            return
        kind, subject_id = self._subject(body)
        body_sha256 = hashlib.sha256(body).hexdigest()
        arrival = Arrival(kind, subject_id, self.headers["webhook-id"] or "", body_sha256)
        os.write(self.record, json.dumps(asdict(arrival)).encode() + b"\n")
        fault = None
        if kind != CALLBACK:
            self.counts[subject_id] += 1
            behaviour = self.path.split("/")[1]
            fault = fault_of(self.seed, behaviour, subject_id, self.counts[subject_id])
        if fault == "lose":
            self.close_connection = True
            return
        if fault == "hang":
            time.sleep(HANG_SECONDS)
        while fault == "hold" and not self.let_go.exists():
            time.sleep(0.02)
        self._answer(500 if fault == "fail" else 200)

    def _subject(self, body: bytes) -> tuple[str, str]:
        if self.path == "/callback":
            said = json.loads(body)
            return CALLBACK, said.get("batch_id") or said["execution_id"]
        if "X-OpenSink-Execution-Id" in self.headers:
            return CALL, self.headers["X-OpenSink-Execution-Id"]
        return ANSWER, self.headers["X-OpenSink-Request-Id"]

    def _answer(self, status: int) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")
        except OSError:
            self.close_connection = True  # the caller was killed, or had no patience

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers are killed in the middle of their calls; that is the point."""


class TLSServer(Server):
    """Shakes hands in a thread of the connection: callers are killed in the middle of it too."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self._context = context

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Speak TLS on the connection."""
        with self._context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)


def main(arguments: Sequence[str]) -> None:
    """Serve until killed.

    Arguments: the file for what arrives, the seed, the file for the ports; and for callbacks the
    files of a certificate and its key.
    """
    record, seed, port_file, *certificate = arguments
    Handler.record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    Handler.let_go = let_go_of(Path(record))
    Handler.seed = int(seed)
    Handler.counts = Counter()
    servers = [Server(("127.0.0.1", 0), Handler)]
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        servers.append(TLSServer(context))
    new = Path(port_file).with_suffix(".new")
    new.write_text(" ".join(str(server.server_port) for server in servers))
    new.rename(port_file)
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


def let_go_of(record: Path) -> Path:
    """Return the file that lets calls go which are held; `record` is where arrivals are written."""
    return record.with_suffix(".go")


def arrivals_in(record: Path) -> list[Arrival]:
    """Read back what was written down."""
    if not record.exists():
        return []
    return [Arrival(**json.loads(line)) for line in record.read_text().splitlines()]
