"""The endpoint that is called in benchmarks: notes when each call arrived, and tells on GET.

python -m tests.benchmarks.endpoint FILE    writes its address to FILE
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_arrivals: dict[str, float] = {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        _arrivals[
            self.headers["X-OpenSink-Request-Id"] or self.headers["X-OpenSink-Execution-Id"]
        ] = time.monotonic()
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"{}")

    def do_GET(self) -> None:
        self._answer(json.dumps(_arrivals.copy()).encode())

    def do_DELETE(self) -> None:
        _arrivals.clear()
        self._answer(b"{}")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    file = Path(sys.argv[1])
    file.with_suffix(".new").write_text(f"http://127.0.0.1:{server.server_port}/execute")
    file.with_suffix(".new").rename(file)
    server.serve_forever()
