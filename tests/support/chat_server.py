"""Slack, as far as we speak with it, which refuses what it refuses; Mattermost as another."""

import json
import re
from typing import Any

from tests.support.http_server import HttpServer, Received, Reply

TOKEN = "xoxb-1234567890-abcdefghij"
CHANNEL = "C0123456789"
WEBHOOK = "/services/T0000/B0000/XXXXXXXX"
_SPECIAL = re.compile(r"<(?!https?://[^|<>\s]+\|[^|<>]*>)|&(?!amp;|lt;|gt;)")
"""An angle bracket or an ampersand that would be read as more than text."""


def block_error(blocks: Any) -> str | None:
    """Return what Slack would say against blocks."""
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= 50:
        return "invalid_blocks"
    for block in blocks:
        match block:
            case {"type": "header", "text": {"type": "plain_text", "text": str(text)}}:
                is_right = 0 < len(text) <= 150
            case {"type": "section", "text": {"type": "plain_text" | "mrkdwn", "text": str(text)}}:
                is_right = 0 < len(text) <= 3000
            case {"type": "context", "elements": [{"type": "mrkdwn", "text": str(text)}]}:
                is_right = 0 < len(text) <= 3000
            case {
                "type": "rich_text",
                "elements": [{"type": "rich_text_section", "elements": [*parts]}],
            }:
                if not all(map(_is_part, parts)):
                    return "invalid_blocks"
                continue  # its texts are shown as they are
            case _:
                return "invalid_blocks"
        if not is_right:
            return "invalid_blocks"
        assert _SPECIAL.search(text) is None, f"not escaped: {text}"
    return None


def _is_part(part: Any) -> bool:
    match part:
        case {"type": "text", "text": str(text)}:
            return bool(text)
        case {"type": "link", "url": str(url), "text": str(text), "style": {"bold": True}}:
            return bool(text) and url.startswith("https://")
        case _:
            return False


class ChatServer(HttpServer):
    """Both ways in; `answers` are given first, each once, instead of its own."""

    def __init__(self) -> None:
        self.posted: list[Any] = []
        """What a webhook posted."""
        self.messages: dict[str, Any] = {}
        """What the bot's channel shows, by `ts`."""
        self.answers: list[Reply] = []

    @property
    def webhook(self) -> str:
        return self.origin + WEBHOOK

    def respond(self, received: Received) -> Reply:
        if self.answers:
            return self.answers.pop(0)
        if received.method != "POST" or not received.headers["content-type"].startswith(
            "application/json"
        ):
            return Reply(400, b"invalid_payload")
        if received.path.startswith("/api/"):
            return self._method(received)
        if received.path != WEBHOOK:
            return Reply(404, b"no_service")
        content = received.body
        if not content.get("text"):
            return Reply(400, b"no_text")
        if "blocks" in content and (error := block_error(content["blocks"])):
            return Reply(400, error.encode())
        self.posted.append(content)
        return Reply(200, b"ok", {"Content-Type": "text/html"})

    def _method(self, received: Received) -> Reply:
        def answer(**fields: Any) -> Reply:
            return Reply(200, json.dumps(fields).encode(), {"Content-Type": "application/json"})

        content = received.body
        if received.headers.get("authorization") != f"Bearer {TOKEN}":
            return answer(ok=False, error="invalid_auth")
        if content["channel"] != CHANNEL:
            return answer(ok=False, error="channel_not_found")
        if error := block_error(content["blocks"]):
            return answer(ok=False, error=error)
        if received.path == "/api/chat.postMessage":
            ts = f"1700000000.{len(self.messages):06}"
        elif content["ts"] in self.messages:
            ts = content["ts"]
        else:
            return answer(ok=False, error="message_not_found")
        self.messages[ts] = content
        return answer(ok=True, ts=ts, channel=CHANNEL)
