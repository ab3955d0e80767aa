"""Chats, against a server that refuses what Slack refuses."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from opensink_web.channels import exchange
from opensink_web.channels.base import Message, MessageKind
from opensink_web.channels.slack.transport import SlackChannel
from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONObject
from tests.support.chat_server import CHANNEL as ROOM
from tests.support.chat_server import TOKEN, ChatServer
from tests.support.endpoints import silent_port
from tests.support.http_server import Reply
from tests.support.messages import (
    BUTTONS,
    HOSTILE,
    TOOLS,
    URL,
    digest,
    item,
    message,
    tools,
    withdrawal,
)

BOT: JSONObject = {"bot_token": TOKEN, "channel": ROOM}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as made:
        yield made


@pytest.fixture
def slack(server: ChatServer) -> SlackChannel:
    """The channel, to which this machine is Slack."""
    return SlackChannel(f"{server.origin}/api", ("127.0.0.1",))


def texts(content: Any) -> list[str]:
    """Return what blocks show, in order, links of theirs by their words."""

    def text_of(block: Any) -> str:
        if block["type"] == "rich_text":
            return "".join(part["text"] for part in block["elements"][0]["elements"])
        text = block["elements"][0] if block["type"] == "context" else block["text"]
        return str(text["text"])

    return [text_of(block) for block in content["blocks"]]


def test_a_webhook_is_told_what_is_asked(server: ChatServer, slack: SlackChannel) -> None:
    config = slack.check({"webhook_url": server.webhook}, TOOLS)
    sent = slack.send(config, message(), TOOLS)
    assert sent.ok, sent.error
    [posted] = server.posted
    assert posted["text"] == "Buy 10 shares?"
    assert texts(posted) == [
        "Buy 10 shares?",
        "Asked by Trader\namount: 10\nsymbol: ACME",
        f"<{URL}|Open in OpenSink> · Main",
    ]


def test_it_has_a_link_and_no_button(server: ChatServer, slack: SlackChannel) -> None:
    """Slack shows a warning to whoever clicks on a button for which no app answers."""
    slack.send({"webhook_url": server.webhook}, digest(), TOOLS)
    assert "button" not in json.dumps(server.posted)


@pytest.mark.parametrize("is_bot", [False, True])
def test_what_can_be_decided_are_links_to_what_asks_once_more(
    server: ChatServer, slack: SlackChannel, is_bot: bool
) -> None:
    config = slack.check(BOT if is_bot else {"webhook_url": server.webhook}, TOOLS)
    hostile = replace(BUTTONS[0], words="<!here> *b* |x>")
    sent = slack.send(config, message(item(buttons=(hostile, BUTTONS[1]))), TOOLS)
    assert sent.ok, sent.error
    [posted] = server.messages.values() if is_bot else server.posted
    assert "<!here> *b* |x>   Decline   Open" in texts(posted)
    [links] = [each for each in posted["blocks"] if each["type"] == "rich_text"]
    urls = [part.get("url") for part in links["elements"][0]["elements"]]
    assert urls[::2] == [*(each.url for each in BUTTONS), URL]
    assert "button" not in json.dumps(posted)


def test_others_get_them_as_addresses(server: ChatServer) -> None:
    asked = message(item("t" * 200, facts=("f" * 3000,), buttons=BUTTONS))
    SlackChannel().send({"webhook_url": server.webhook}, asked, TOOLS)
    text = server.posted[0]["text"]
    assert text.splitlines()[-3:] == [*(f"{each.words}: {each.url}" for each in BUTTONS), URL]
    assert len(text) <= 2000


def test_a_webhook_is_told_the_decision_in_a_line(server: ChatServer, slack: SlackChannel) -> None:
    config: JSONObject = {"webhook_url": server.webhook}
    sent = slack.send(config, message(), TOOLS)
    assert slack.send(config, withdrawal(message(), sent.provider_ref), TOOLS).ok
    assert texts(server.posted[1]) == [
        "Buy 10 shares?",
        "Approved by bob@example.com",
        f"<{URL}|See it> · Main",
    ]


def test_a_bot_changes_its_message(server: ChatServer, slack: SlackChannel) -> None:
    config = slack.check(BOT, TOOLS)
    sent = slack.send(config, message(), TOOLS)
    assert slack.send(config, withdrawal(message(), sent.provider_ref), TOOLS).ok
    [shown] = server.messages.values()
    assert texts(shown)[:2] == ["Buy 10 shares?", "Approved by bob@example.com"]


def test_a_digest_is_changed_when_all_of_it_is_decided(
    server: ChatServer, slack: SlackChannel
) -> None:
    sent = slack.send(BOT, digest(3, more=2), TOOLS)
    [shown] = server.messages.values()
    assert "… and 2 more" in texts(shown)
    assert slack.send(BOT, withdrawal(digest(), sent.provider_ref), TOOLS).ok
    [shown] = server.messages.values()
    assert texts(shown)[0] == "3 requests wait"
    assert "Request 0" not in str(shown)


def test_a_message_that_somebody_deleted_is_back_already(
    server: ChatServer, slack: SlackChannel
) -> None:
    sent = slack.send(BOT, message(), TOOLS)
    server.messages.clear()
    assert slack.send(BOT, withdrawal(message(), sent.provider_ref), TOOLS).ok


@pytest.mark.parametrize(
    "of",
    [
        message(item(HOSTILE, asked_by=HOSTILE, facts=(HOSTILE,) * 3), headline=HOSTILE),
        message(item("x", facts=("&" * 9000,)), headline="<" * 160),
        digest(500, more=7),
        message(item("", asked_by="", facts=())),
    ],
)
def test_what_agents_write_is_text(server: ChatServer, slack: SlackChannel, of: Message) -> None:
    """The server asserts that nothing in a block reads as a mention or a link but our own."""
    hook: JSONObject = {"webhook_url": server.webhook}
    for config in (hook, BOT):
        sent = slack.send(config, of, TOOLS)
        assert sent.ok, sent.error


def test_others_get_markdown_in_which_nothing_is_formatted_or_called(server: ChatServer) -> None:
    mattermost = SlackChannel()
    hostile = message(item("x", asked_by="", facts=(HOSTILE,)), headline=HOSTILE)
    assert mattermost.send({"webhook_url": server.webhook}, hostile, TOOLS).ok
    [posted] = server.posted
    assert posted.keys() == {"text"}
    first, second, last = posted["text"].splitlines()
    assert last == URL
    assert first.startswith("**")
    for line in (first.strip("*"), second):
        assert not re.search(r"(?<!\\)[*_`~\[\]<>]", line.replace("&lt;", ""))
        assert "@everyone" not in line
        assert "://" not in line
        assert "\\*b\\*" in line


def test_others_get_no_more_than_they_take(server: ChatServer) -> None:
    for of in (digest(500), message(headline="x" * 5000)):
        assert SlackChannel().send({"webhook_url": server.webhook}, of, TOOLS).ok
    assert all(len(posted["text"]) <= 2000 for posted in server.posted)
    assert all(posted["text"].endswith(URL) for posted in server.posted)


@pytest.mark.parametrize(
    ("reply", "is_final", "is_gone", "says"),
    [
        (Reply(404, b"no_service"), True, True, "was removed"),
        (Reply(410, b"channel_is_archived"), True, True, "archived"),
        (Reply(403, b"action_prohibited"), True, False, "admins do not permit"),
        (Reply(400, b"invalid_payload"), True, False, "did not understand"),
        (Reply(404, b"<html>404</html>"), True, False, "404"),
        (Reply(200, b"<!DOCTYPE html>"), True, False, "web page"),
        (Reply(429, b"", {"Retry-After": "30"}), False, False, "429"),
        (Reply(500, b"rollup_error"), False, False, "500"),
        (Reply(502, b"\xff\xfe garbage"), False, False, "502"),
        (Reply(302, headers={"Location": "http://10.0.0.1/"}), True, False, "not followed"),
    ],
)
def test_what_else_a_webhook_answers(
    server: ChatServer, slack: SlackChannel, reply: Reply, is_final: bool, is_gone: bool, says: str
) -> None:
    server.answers.append(reply)
    sent = slack.send({"webhook_url": server.webhook}, message(), TOOLS)
    assert (sent.ok, sent.is_final, sent.gone) == (False, is_final, is_gone)
    assert says in sent.error
    assert sent.retry_after_seconds == (30 if reply.status == 429 else None)
    assert server.posted == [], "redirects are not followed"


@pytest.mark.parametrize(
    ("answer", "is_final", "is_gone"),
    [
        (b'{"ok": false, "error": "not_in_channel"}', True, False),
        (b'{"ok": false, "error": "token_revoked"}', True, True),
        (b'{"ok": false, "error": "ratelimited"}', False, False),
        (b'{"ok": false, "error": "something new"}', True, False),
        (b'{"ok": false, "error": 7}', True, False),
        (b"[]", False, False),
        (b"<html>", False, False),
    ],
)
def test_what_else_slack_answers_a_bot(
    server: ChatServer, slack: SlackChannel, answer: bytes, is_final: bool, is_gone: bool
) -> None:
    server.answers.append(Reply(200, answer))
    sent = slack.send(BOT, message(), TOOLS)
    assert (sent.ok, sent.is_final, sent.gone) == (False, is_final, is_gone)
    assert sent.error
    assert "something new" not in sent.error


def test_a_wrong_token_or_room_is_said(slack: SlackChannel) -> None:
    wrong = slack.send(BOT | {"bot_token": "xoxb-0000000000"}, message(), TOOLS)
    assert "token is not valid" in wrong.error
    assert "no such channel" in slack.send(BOT | {"channel": "C9999999"}, message(), TOOLS).error


def test_one_that_hangs_is_left(slack: SlackChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "TIMEOUT_SECONDS", 0.2)
    with silent_port() as port:
        sent = slack.send({"webhook_url": f"http://127.0.0.1:{port}/"}, message(), TOOLS)
    assert (sent.ok, sent.is_final) == (False, False)
    assert sent.error == "The chat server did not answer within 0.2 s."


@pytest.mark.parametrize(
    ("typed", "pointers"),
    [
        ({}, ["/webhook_url"]),
        ({"webhook_url": "https://hooks.slack.com/services/x", **BOT}, ["/webhook_url"]),
        ({"webhook_url": "https://127.0.0.1/x"}, ["/webhook_url"]),
        ({"webhook_url": "http://hooks.slack.com/x"}, ["/webhook_url"]),
        ({"webhook_url": "http://[::1]/x"}, ["/webhook_url"]),
        ({"webhook_url": 7}, ["/webhook_url"]),
        ({"bot_token": TOKEN}, ["/channel"]),
        ({"channel": ROOM}, ["/bot_token"]),
        ({"bot_token": "xoxp-1234567890-x", "channel": "#general"}, ["/bot_token", "/channel"]),
        ({"bot_token": TOKEN + "\r\nX: y", "channel": ROOM}, ["/bot_token"]),
    ],
)
def test_what_is_no_chat_is_refused(typed: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        SlackChannel().check(typed, tools("10.1.1.1"))
    assert [error.path for error in refusal.value.errors] == pointers


def test_it_is_shown_without_what_is_secret(slack: SlackChannel) -> None:
    assert slack.shown({"webhook_url": "https://hooks.slack.com/services/T/B/x"}) == (
        "hooks.slack.com"
    )
    assert slack.shown(BOT) == f"Slack, channel {ROOM}"


def test_messages_of_each_kind_arrive(server: ChatServer, slack: SlackChannel) -> None:
    for kind in MessageKind:
        assert slack.send({"webhook_url": server.webhook}, message(kind=kind), TOOLS).ok
