"""An application of somebody's own: it ingests documents, and believes OpenSink's tokens alone.

Its backend submits documents for a signed-in user. Its function is called by OpenSink and calls
the application's API as that user; its hooks are told of the ends. Whoever calls it, is asked for
by `GET /auth/me`.
"""

import json
import ssl
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

QUESTION = {
    "status": "awaiting_input",
    "prompt": "Which **language** is this document in?",
    "schema": {
        "type": "object",
        "properties": {"language": {"enum": ["de", "en"]}},
        "required": ["language"],
    },
}


@dataclass
class IngestingApplication(AbstractContextManager["IngestingApplication"]):
    """Document 7 needs a person; document 13 cannot be read."""

    opensink_url: str
    bundle: Path
    tls: ssl.SSLContext
    processed: list[tuple[int, str]] = field(default_factory=list)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __enter__(self) -> "IngestingApplication":
        application = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
                status, answer = application.handle(self.path, bearer, body)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def handle(self, path: str, bearer: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Answer whoever OpenSink vouches for."""
        me = requests.get(
            f"{self.opensink_url}/auth/me",
            headers={"Authorization": f"Bearer {bearer}"},
            timeout=60,
        )
        if me.status_code != 200:
            self.refused.append(path)
            return 401, {"error": "who are you?"}
        email: str = me.json()["email"]
        if path == "/functions/ingest":
            return self._ingest(bearer, body)
        if path.startswith("/hooks/"):
            self.told.append((email, body))
            return 200, {}
        self.processed.append((int(path.split("/")[-2]), email))
        return 200, {}

    def _ingest(self, bearer: str, body: dict[str, Any]) -> tuple[int, Any]:
        number = body["input"]["document"]
        if number == 13:
            return 422, {"error": "this is no document"}
        if number == 7 and "resume" not in body:
            return 200, QUESTION
        answer = requests.post(
            f"{self.url}/api/v1/documents/{number}/mark-processed",
            json={},
            headers={"Authorization": f"Bearer {bearer}"},
            verify=str(self.bundle),
            timeout=60,
        )
        answer.raise_for_status()
        return 200, {"document": number, "said": body.get("resume", {}).get("response")}
