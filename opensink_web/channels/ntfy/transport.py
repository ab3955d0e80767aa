"""Messages to a topic of an ntfy server, published as JSON (https://docs.ntfy.sh/publish/).

In JSON a title needs no encoding, which as a header it would. What is decided is deleted by its
sequence id, which servers know from 2.16 on; an older one refuses that and shows nothing more.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from opensink_web import json_value
from opensink_web.channels.base import (
    Button,
    ChannelTools,
    Field,
    FieldKind,
    Item,
    Message,
    MessageKind,
    Sent,
)
from opensink_web.channels.exchange import call_to, failed
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.outbound.client import Headers
from opensink_web.outbound.redaction import redact_url

_WHO = "The ntfy server"
SERVER_DEFAULT = "https://ntfy.sh"
MESSAGE_BYTES_MAX = 4096
"""ntfy makes a file of what is longer."""
_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")
_RESERVED = frozenset(
    ("docs", "static", "file", "app", "account", "settings", "pricing", "signup", "login")
)
_SECRET_MAX = 500
_SEQUENCE_ID_LENGTH = 40
_UNKNOWN = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.BAD_REQUEST)
_MENDING: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "Check the token, or the user name and password.",
    HTTPStatus.FORBIDDEN: "The topic is somebody's: enter a token that may publish to it.",
    HTTPStatus.NOT_FOUND: "Check that the address is that of an ntfy server.",
}


class NtfyChannel:
    """A topic. `config`: server, topic, and token or username and password where one needs them."""

    kind = "ntfy"
    label = "ntfy"
    can_withdraw = True
    withdraws_in_place = True
    needs_confirmation = False
    is_added_by_device = False
    fields: tuple[Field, ...] = (
        Field("topic", "Topic", "Whoever knows its name reads it: choose one that nobody guesses."),
        Field(
            "server", "Server", f"Empty: {SERVER_DEFAULT}", kind=FieldKind.URL, is_required=False
        ),
        Field(
            "token",
            "Access token",
            "Where the topic is reserved: tk_…",
            kind=FieldKind.SECRET,
            is_required=False,
        ),
        Field("username", "User name", "Instead of a token", is_required=False),
        Field("password", "Password", "Of that user", kind=FieldKind.SECRET, is_required=False),
    )

    def is_available(self, tools: ChannelTools) -> bool:
        """It takes nothing of the operator."""
        return True

    def check(self, config: JSONObject, tools: ChannelTools) -> JSONObject:
        """Return a topic as it is stored. Raises: InvalidInput."""
        typed = {field.name: _text(config, field.name) for field in self.fields}
        server = (typed["server"] or SERVER_DEFAULT).rstrip("/")
        errors = [*_place_errors(server, typed["topic"], tools), *_access_errors(typed)]
        if errors:
            raise InvalidInput("This topic cannot be used.", errors=tuple(errors))
        kept = {name: text for name, text in typed.items() if text}
        return {**kept, "server": server}

    def send(self, config: JSONObject, message: Message, tools: ChannelTools) -> Sent:
        """Publish one message, or delete the one that is taken back. Never raises."""
        if message.kind is MessageKind.WITHDRAWAL:
            return _delete(config, message, tools)
        body = json_value.dump(published(message, str(config["topic"]))).encode()
        headers = (*_authorization(config), ("Content-Type", "application/json"))
        call = call_to("POST", f"{config['server']}/", headers, body)
        response = tools.client.send(call)
        if response.succeeded:
            return Sent(ok=True, provider_ref={"sequence_id": sequence_id_of(message.tag)})
        mending = _MENDING.get(response.status_code or 0, "")
        topic = str(config["topic"])
        return failed(_WHO, call, response, tools.now(), topic=topic, detail=mending)

    def shown(self, config: JSONObject) -> str:
        """Show the server and how the topic begins: whoever knows all of it reads along."""
        server, topic = redact_url(str(config["server"])), str(config["topic"])
        return f"{server.removeprefix('https://')}/{topic[:3]}…"


def published(message: Message, topic: str) -> JSONObject:
    """Return what is published. Its buttons open a page: nothing is decided by a tap."""
    return {
        "topic": topic,
        "title": message.headline,
        "message": _cut("\n".join(_lines(message)) or message.workspace),
        "priority": _priority(message),
        "tags": list(_tags(message)),
        "click": message.url,
        "actions": [
            {"action": "view", "label": button.words, "url": button.url, "clear": False}
            for button in (*message.buttons, Button("Open", message.url))
        ],
        "sequence_id": sequence_id_of(message.tag),
    }


def sequence_id_of(tag: str) -> str:
    """Return by what ntfy knows which message another one replaces."""
    return hashlib.sha256(tag.encode()).hexdigest()[:_SEQUENCE_ID_LENGTH]


def _place_errors(server: str, topic: str, tools: ChannelTools) -> Iterator[FieldError]:
    if refusal := tools.client.check_url(server):
        yield FieldError("/server", refusal)
    elif "?" in server or "#" in server:
        yield FieldError("/server", "The address must end before a ? or #.")
    if not _TOPIC.fullmatch(topic) or topic in _RESERVED:
        sentence = "A topic has 1 to 64 letters, digits, - and _, and is none of ntfy's own."
        yield FieldError("/topic", sentence)


def _access_errors(typed: Mapping[str, str]) -> Iterator[FieldError]:
    if bool(typed["username"]) != bool(typed["password"]):
        missing = "password" if typed["username"] else "username"
        yield FieldError(f"/{missing}", "Enter both the user name and the password.")
    if typed["token"] and typed["username"]:
        yield FieldError("/token", "Enter a token or a user name, not both.")
    if not typed["token"].isascii():
        yield FieldError("/token", "A token has ASCII characters alone.")
    if ":" in typed["username"]:
        yield FieldError("/username", "A user name has no colon in it.")
    for name in ("token", "username", "password"):
        if len(typed[name]) > _SECRET_MAX or not typed[name].isprintable():
            yield FieldError(f"/{name}", f"At most {_SECRET_MAX} characters, in one line.")


def _delete(config: JSONObject, message: Message, tools: ChannelTools) -> Sent:
    sequence_id = (message.refers_to or {}).get("sequence_id") or sequence_id_of(message.tag)
    url = f"{config['server']}/{config['topic']}/{sequence_id}"
    call = call_to("DELETE", url, _authorization(config))
    response = tools.client.send(call)
    is_old_server = response.error is None and response.status_code in _UNKNOWN
    if response.succeeded or is_old_server:
        return Sent(ok=True)
    return failed(_WHO, call, response, tools.now())


def _authorization(config: JSONObject) -> Headers:
    if token := config.get("token"):
        return (("Authorization", f"Bearer {token}"),)
    if username := config.get("username"):
        both = f"{username}:{config.get('password', '')}".encode()
        return (("Authorization", f"Basic {b64encode(both).decode()}"),)
    return ()


def _lines(message: Message) -> list[str]:
    first = [message.outcome] if message.outcome else []
    if len(message.items) == 1:
        [item] = message.items
        by = [f"Asked by {item.asked_by}"] if item.asked_by else []
        return [*first, *by, *item.facts]
    titles = [f"• {_titled(item)}" for item in message.items]
    more = [f"… and {message.more_count:,} more"] if message.more_count else []
    return [*first, *titles, *more]


def _titled(item: Item) -> str:
    by = f" ({item.asked_by})" if item.asked_by else ""
    return f"{item.title or 'A request'}{by}"


def _cut(text: str) -> str:
    whole = text.encode()
    if len(whole) <= MESSAGE_BYTES_MAX:
        return text
    return whole[: MESSAGE_BYTES_MAX - 3].decode(errors="ignore") + "…"


def _priority(message: Message) -> int:
    """ntfy's 1 to 5, where 3 makes a sound and 5 does not stop by itself; ours go from 0 to 100."""
    highest = max((item.priority for item in message.items), default=0)
    if message.kind in {MessageKind.REMINDER, MessageKind.ESCALATION}:
        return 5 if highest >= 90 else 4
    return 5 if highest >= 90 else 4 if highest >= 70 else 3


def _tags(message: Message) -> tuple[str, ...]:
    """Emoji before the title, by their short codes."""
    match message.kind:
        case MessageKind.REMINDER:
            return ("alarm_clock",)
        case MessageKind.ESCALATION:
            return ("rotating_light",)
        case MessageKind.TEST:
            return ("wave",)
        case _:
            return ()


def _text(config: JSONObject, name: str) -> str:
    value = config.get(name)
    return value.strip() if isinstance(value, str) else ""
