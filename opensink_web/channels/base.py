"""What every channel takes and answers.

A message is plain text, made of what agents wrote: whoever makes one has bounded its texts and
marked what nobody would see (`one_line`). A channel escapes them for where they go.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from opensink_web.channels.push_keys import VapidKey
from opensink_web.json_value import JSONObject
from opensink_web.outbound.client import Client
from opensink_web.visible_text import isolated

HEADLINE_MAX = 160
TITLE_MAX = 200
FACT_MAX = 120


class MessageKind(StrEnum):
    """What a message is for."""

    SINGLE = "single"
    DIGEST = "digest"
    WITHDRAWAL = "withdrawal"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    TEST = "test"
    CONFIRMATION = "confirmation"


class SmtpSecurity(StrEnum):
    """When TLS begins on a connection to a mail server."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Button:
    """A decision in a word or two, and the page that asks for it once more."""

    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Item:
    """One request: what is asked, in a line, and where to answer.

    `title`, `asked_by` and `facts` are empty where somebody wants no details sent. `buttons`, two
    at most, are what its reader may decide without filling anything in.
    """

    request_id: str
    title: str
    asked_by: str
    facts: tuple[str, ...]
    url: str
    priority: int
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """What one person is told, once.

    `sender_id` stays the same however often it is tried, so that a receiver can tell a copy; `tag`
    is what a later message about the same request replaces. `refers_to` is what came back when the
    message was sent that this one takes back or goes on from, `outcome` what became of the request.
    `url` leads to where one answers, `settings_url` to where one says what one wants to be told.
    """

    kind: MessageKind
    headline: str
    items: tuple[Item, ...]
    more_count: int
    url: str
    workspace: str
    sender_id: str
    tag: str
    refers_to: JSONObject | None = None
    outcome: str | None = None
    settings_url: str = ""

    @property
    def buttons(self) -> tuple[Button, ...]:
        """Those of a message about one request that waits."""
        is_about_one = len(self.items) == 1 and self.kind is not MessageKind.WITHDRAWAL
        return self.items[0].buttons if is_about_one else ()


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of sending.

    `provider_ref` is what it takes to refer to the message later. With `error`, a sentence for
    people, it is tried again, unless it `is_final`: then it would fail again. `gone` says that the
    receiver is no more, and the channel stops.
    """

    ok: bool
    provider_ref: JSONObject | None = None
    error: str = ""
    gone: bool = False
    is_final: bool = False
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The mail server that the operator named, and who mails are from."""

    host: str
    port: int
    security: SmtpSecurity
    username: str
    password: str = field(repr=False)
    sender: str
    ca_bundle: Path | None


@dataclass(frozen=True, slots=True)
class ChannelTools:
    """What channels reach others with.

    `smtp` is None where the operator named no mail server, `vapid` before the first device is to be
    told. The client's policy is the one for what people name themselves (NotificationPolicy).
    """

    client: Client
    smtp: SmtpServer | None
    now: Callable[[], datetime]
    vapid: VapidKey | None = None


class FieldKind(StrEnum):
    """How the page asks for a field."""

    TEXT = "text"
    EMAIL = "email"
    URL = "url"
    SECRET = "secret"  # noqa: S105 - a word
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a person types to set a channel up; it stands in the configuration by `name`.

    What is empty is left out. A secret is not shown again: left empty, it stays as it is.
    """

    name: str
    label: str
    hint: str = ""
    kind: FieldKind = FieldKind.TEXT
    is_required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    """Each a value and what it is called."""


class Channel(Protocol):
    """A way to tell somebody something. It has no state: what it needs is handed in."""

    kind: str
    label: str
    can_withdraw: bool
    """Whether a message that was sent can be taken back, or answered in its place."""
    withdraws_in_place: bool
    """Whether that changes what was sent, rather than being one message more."""
    needs_confirmation: bool
    """Whether a code that was sent there shows first that it is the person's own."""
    is_added_by_device: bool
    """Whether a browser sets it up by itself, so that nothing is typed."""
    fields: tuple[Field, ...]
    """What a person types to set it up."""

    def is_available(self, tools: ChannelTools) -> bool:
        """Return True if the operator has set up what it takes."""
        ...

    def check(self, config: JSONObject, tools: ChannelTools) -> JSONObject:
        """Return a configuration as it is stored.

        Raises: InvalidInput with JSON Pointers into `config`.
        """
        ...

    def send(self, config: JSONObject, message: Message, tools: ChannelTools) -> Sent:
        """Send a message, within half a minute. Never raises."""
        ...

    def shown(self, config: JSONObject) -> str:
        """Say where it goes, for people, without what is secret in it."""
        ...


def one_line(text: str, length_max: int) -> str:
    """Return what an agent wrote as one line of so many characters at most, all of them visible."""
    # cut twice: a text may be a megabyte long, and marks make it longer
    line = isolated(" ".join(text[: 4 * length_max].split()))
    whole = len(line) <= length_max and len(text) <= 4 * length_max
    return line if whole else _closed(line[: length_max - 1].rstrip()) + "…"


def _closed(line: str) -> str:
    """End an isolation that the cut left open."""
    return line + "\u2069" if line.startswith("\u2068") and "\u2069" not in line else line
