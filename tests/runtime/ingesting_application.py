"""An application of somebody's own: it ingests documents, and believes OpenSink's tokens alone.

Its backend submits documents for a signed-in user. Its function is called by OpenSink and calls
the application's API as that user; its hooks are told of the ends. Whoever calls it, is asked for
by `GET /auth/me`.
"""

import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.support.http_server import HttpServer, Received, Reply

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
class IngestingApplication(HttpServer):
    """Document 7 needs a person; document 13 cannot be read."""

    opensink_url: str
    bundle: Path
    tls: ssl.SSLContext | None
    processed: list[tuple[int, str]] = field(default_factory=list)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.origin

    def respond(self, received: Received) -> Reply:
        bearer = received.headers.get("authorization", "").removeprefix("Bearer ")
        status, answer = self.handle(received.path, bearer, received.body)
        return Reply(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})

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
