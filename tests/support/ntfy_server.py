"""An ntfy server from 2.16 on, as far as we speak with it, which refuses what it refuses."""

import json
import re
from base64 import b64encode
from typing import Any

from tests.support.http_server import HttpServer, Received, Reply

OPEN, RESERVED = "alice-7Hk2", "reserved"
TOKEN = "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"
USER, PASSWORD = "phil", "mypäss"
_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")
_FIELDS = {
    "topic", "title", "message", "priority", "tags", "click", "actions", "sequence_id",
}  # fmt: skip


def refused(status: int, code: int, error: str) -> Reply:
    body = {"code": code, "http": status, "error": error, "link": "https://ntfy.sh/docs"}
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


class NtfyServer(HttpServer):
    """The server; `answers` are given first, each once, instead of its own."""

    def __init__(self, *, deletes: bool = True) -> None:
        self.shown: dict[str, dict[str, Any]] = {}
        """What a phone shows of all topics, by sequence id."""
        self.published: list[dict[str, Any]] = []
        self.answers: list[Reply] = []
        self.heard: list[tuple[str, str]] = []
        self._deletes = deletes

    def respond(self, received: Received) -> Reply:
        self.heard.append((received.method, received.path))
        if self.answers:
            return self.answers.pop(0)
        if (received.method, received.path) == ("POST", "/"):
            return self._publish(received)
        match = re.fullmatch(r"/([-_A-Za-z0-9]{1,64})/([-_A-Za-z0-9]{1,64})", received.path)
        if received.method != "DELETE" or match is None or not self._deletes:
            return refused(404, 40401, "page not found")
        if refusal := self._access(received, match[1]):
            return refusal
        self.shown.pop(match[2], None)
        return Reply(200, b'{"event":"message_delete"}')

    def _publish(self, received: Received) -> Reply:
        if len(received.raw) > 16_384:
            return refused(413, 41303, "JSON body too large")
        content = json.loads(received.raw)
        assert content.keys() <= _FIELDS, content.keys() - _FIELDS
        topic = content.get("topic", "")
        if not _TOPIC.fullmatch(topic) or topic in {"docs", "account"}:
            return refused(400, 40009, "invalid request: topic invalid")
        if refusal := self._access(received, topic):
            return refusal
        if content["priority"] not in range(1, 6):
            return refused(400, 40007, "invalid priority parameter")
        if not _TOPIC.fullmatch(content["sequence_id"]):
            return refused(400, 40049, "invalid request: sequence ID invalid")
        for action in content["actions"]:
            is_view = action.keys() == {"action", "label", "url", "clear"}
            if len(content["actions"]) > 3 or not is_view or action["action"] != "view":
                return refused(400, 40018, "invalid request: actions invalid")
        assert content["message"], "an empty one is shown as: triggered"
        assert len(content["message"].encode()) <= 4096, "a longer one becomes a file"
        self.published.append(content)
        self.shown[content["sequence_id"]] = content
        return Reply(200, b'{"id":"xE73Iyuabi","event":"message"}')

    def _access(self, received: Received, topic: str) -> Reply | None:
        given = received.headers.get("authorization")
        basic = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if given in {f"Bearer {TOKEN}", f"Basic {basic}"}:
            return None
        if given is not None:
            return refused(401, 40101, "unauthorized")
        return refused(403, 40301, "forbidden") if topic == RESERVED else None
