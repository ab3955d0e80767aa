"""Messages as the notifier makes them, and what channels need to send them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from opensink_web.channels.base import Button, ChannelTools, Item, Message, MessageKind
from opensink_web.channels.push_keys import VapidKey, new_private_key
from opensink_web.json_value import JSONObject
from opensink_web.outbound.client import Client
from opensink_web.outbound.notification_policy import NotificationPolicy

URL = "https://sink.example.com/w/main/requests/018f"
HOSTILE = (
    "<!channel> @everyone *b* _i_ `c` [x](https://evil.example) <https://evil.example|y> & ~s~"
)
BUTTONS = (Button("Approve", f"{URL}/decide/yes"), Button("Decline", f"{URL}/decide/decline"))
"""Of a message about a request that its reader may decide."""


def item(title: str = "Buy 10 shares?", **fields: Any) -> Item:
    whole: dict[str, Any] = {
        "request_id": "018f",
        "title": title,
        "asked_by": "Trader",
        "facts": ("amount: 10", "symbol: ACME"),
        "url": URL,
        "priority": 50,
    }
    return Item(**(whole | fields))


def message(*items: Item, **fields: Any) -> Message:
    """A single message unless told otherwise."""
    whole: dict[str, Any] = {
        "kind": MessageKind.SINGLE,
        "headline": "Buy 10 shares?",
        "items": items or (item(),),
        "more_count": 0,
        "url": URL,
        "workspace": "Main",
        "sender_id": "01-message",
        "tag": "request-018f",
    }
    return Message(**(whole | fields))


def withdrawal(of: Message, refers_to: JSONObject | None) -> Message:
    """What takes a message back."""
    return replace(
        of,
        kind=MessageKind.WITHDRAWAL,
        sender_id="02-message",
        refers_to=refers_to,
        outcome="Approved by bob@example.com",
    )


def digest(count: int = 3, more: int = 0) -> Message:
    items = [item(f"Request {number}", url=f"{URL}{number}") for number in range(count)]
    kind, tag = MessageKind.DIGEST, "digest-1"
    return message(*items, kind=kind, tag=tag, headline=f"{count} requests wait", more_count=more)


def tools(*listed: str) -> ChannelTools:
    """Tools whose client may call this machine, and nothing else that is not public."""
    policy = NotificationPolicy.from_entries(listed or ("127.0.0.0/8",))
    vapid = VapidKey(new_private_key(), "mailto:ops@example.com")
    return ChannelTools(Client(policy), None, lambda: datetime.now(UTC), vapid)


TOOLS = tools()
"""Of this process: its key is the one that devices are subscribed with."""
