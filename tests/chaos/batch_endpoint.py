"""What batches call: functions' endpoints, and over TLS the receiver of their callbacks.

Each call that was read whole is written down before it is answered. /BEHAVIOUR is a function's
address; plan.py says what goes wrong there.
"""

import json
import os
import ssl
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.chaos.endpoint import DELAYS_SECONDS, Server
from tests.chaos.plan import fault_of

CALL, CALLBACK = "call", "callback"


@dataclass(frozen=True)
class Arrival:
    """A call or a callback that arrived whole: of which execution or batch, under which id."""

    kind: str
    subject_id: str
    webhook_id: str


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer
    disable_nagle_algorithm = True
    seed: int
    record: int  # the descriptor of the file in which arrivals are written down
    counts: Counter[str]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True  # the caller was killed while it wrote
            return
        said = json.loads(body)
        if self.path == "/callback":
            self._note(CALLBACK, said.get("batch_id") or said["execution_id"])
            self._answer(200)
        else:
            self._carry_out()

    def _carry_out(self) -> None:
        execution_id = self.headers["X-OpenSink-Execution-Id"]
        self._note(CALL, execution_id)
        self.counts[execution_id] += 1
        behaviour = self.path.split("/")[1]
        fault = fault_of(self.seed, behaviour, execution_id, self.counts[execution_id])
        if fault == "lose":
            self.close_connection = True
            return
        time.sleep(DELAYS_SECONDS.get(fault or "", 0))
        self._answer(500 if fault == "fail" else 200)

    def _note(self, kind: str, subject_id: str) -> None:
        arrival = Arrival(kind, subject_id, self.headers["webhook-id"] or "")
        os.write(self.record, json.dumps(asdict(arrival)).encode() + b"\n")

    def _answer(self, status: int) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")
        except OSError:
            self.close_connection = True  # the caller was killed

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


class TLSServer(Server):
    """Shakes hands in a thread of the connection: callers are killed in the middle of it too."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self._context = context

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Speak TLS on the connection."""
        with self._context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)


def make_servers(record: str, seed: int, certificate: str, key: str) -> tuple[Server, Server]:
    """Make the servers of functions and of callbacks, which write arrivals to the file `record`."""
    Handler.record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    Handler.seed = seed
    Handler.counts = Counter()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return Server(("127.0.0.1", 0), Handler), TLSServer(context)


def main(arguments: Sequence[str]) -> None:
    """Serve until killed.

    Arguments: files for what arrives, the seed, the ports, and of the certificate and its key.
    """
    record, seed, port_file, certificate, key = arguments
    functions, callbacks = make_servers(record, int(seed), certificate, key)
    new = Path(port_file).with_suffix(".new")
    new.write_text(f"{functions.server_port} {callbacks.server_port}")
    new.rename(port_file)
    threading.Thread(target=callbacks.serve_forever, daemon=True).start()
    functions.serve_forever()


def arrivals_in(record: Path) -> list[Arrival]:
    """Read back what was written down."""
    if not record.exists():
        return []
    return [Arrival(**json.loads(line)) for line in record.read_text().splitlines()]
