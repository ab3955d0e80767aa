"""The agents' endpoints: one server, which writes down each call it has read before it answers.

/BEHAVIOUR/AGENT is an agent's address; plan.py says what goes wrong there.
"""

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.chaos.plan import AGENT_TIMEOUT_SECONDS, LATE_SECONDS, fault_of

DELAYS_SECONDS = {"hang": AGENT_TIMEOUT_SECONDS + 0.5, "late": LATE_SECONDS}


@dataclass(frozen=True)
class SeenCall:
    """A call that arrived whole."""

    request_id: str
    webhook_id: str
    body_sha256: str


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer
    disable_nagle_algorithm = True
    seed: int
    record: int  # the descriptor of the file in which calls are written down
    counts: Counter[str]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True  # the caller was killed while it wrote
            return
        call = SeenCall(
            request_id=self.headers["X-OpenSink-Request-Id"],
            webhook_id=self.headers["webhook-id"],
            body_sha256=hashlib.sha256(body).hexdigest(),
        )
        os.write(self.record, json.dumps(asdict(call)).encode() + b"\n")
        self.counts[call.request_id] += 1
        behaviour = self.path.split("/")[1]
        fault = fault_of(self.seed, behaviour, call.request_id, self.counts[call.request_id])
        if fault == "lose":
            self.close_connection = True
            return
        time.sleep(DELAYS_SECONDS.get(fault or "", 0))
        self._answer(500 if fault == "fail" else 200)

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


def make_server(record: str, seed: int) -> Server:
    """Make the server that writes calls to the file `record`."""
    Handler.record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    Handler.seed = seed
    Handler.counts = Counter()
    return Server(("127.0.0.1", 0), Handler)


def main(arguments: Sequence[str]) -> None:
    """Serve until killed. Arguments: the file for the calls, the seed, the file for the port."""
    record, seed, port_file = arguments
    server = make_server(record, int(seed))
    new = Path(port_file).with_suffix(".new")
    new.write_text(str(server.server_port))
    new.rename(port_file)
    server.serve_forever()


def calls_in(record: Path) -> list[SeenCall]:
    """Read back what was written down."""
    if not record.exists():
        return []
    return [SeenCall(**json.loads(line)) for line in record.read_text().splitlines()]
