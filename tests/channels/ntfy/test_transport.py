"""ntfy, against a server that refuses what ntfy refuses."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from opensink_web.channels import exchange
from opensink_web.channels.base import Message, MessageKind
from opensink_web.channels.ntfy.transport import NtfyChannel
from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONObject
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
from tests.support.ntfy_server import OPEN, PASSWORD, RESERVED, TOKEN, USER, NtfyServer

CHANNEL = NtfyChannel()


@pytest.fixture
def server() -> Iterator[NtfyServer]:
    with NtfyServer() as made:
        yield made


def config(server: NtfyServer, **fields: str) -> JSONObject:
    return CHANNEL.check({"server": server.origin, "topic": OPEN, **fields}, TOOLS)


def test_a_message_says_what_is_asked_and_opens_its_page(server: NtfyServer) -> None:
    assert CHANNEL.send(config(server), message(), TOOLS).ok
    [shown] = server.shown.values()
    assert shown["title"] == "Buy 10 shares?"
    assert shown["message"] == "Asked by Trader\namount: 10\nsymbol: ACME"
    assert shown["click"] == URL
    assert shown["actions"] == [{"action": "view", "label": "Open", "url": URL, "clear": False}]


def test_its_buttons_open_what_asks_once_more(server: NtfyServer) -> None:
    asked = message(item(buttons=BUTTONS))
    sent = CHANNEL.send(config(server), asked, TOOLS)
    [shown] = server.shown.values()
    assert [(each["action"], each["label"], each["url"]) for each in shown["actions"]] == [
        ("view", "Approve", f"{URL}/decide/yes"),
        ("view", "Decline", f"{URL}/decide/decline"),
        ("view", "Open", URL),
    ]
    assert CHANNEL.send(config(server), withdrawal(asked, sent.provider_ref), TOOLS).ok
    assert server.shown == {}


def test_titles_beyond_ascii_arrive_as_they_are(server: NtfyServer) -> None:
    assert CHANNEL.send(config(server), message(headline="Käse für 5 € 🧀"), TOOLS).ok
    assert server.published[0]["title"] == "Käse für 5 € 🧀"


def test_what_is_decided_is_deleted(server: NtfyServer) -> None:
    asked = message()
    sent = CHANNEL.send(config(server), asked, TOOLS)
    CHANNEL.send(config(server), message(tag="request-other"), TOOLS)
    assert CHANNEL.send(config(server), withdrawal(asked, sent.provider_ref), TOOLS).ok
    assert len(server.published) == 2, "nothing more makes a sound"
    assert len(server.shown) == 1


def test_an_old_server_that_cannot_delete_is_not_tried_again() -> None:
    with NtfyServer(deletes=False) as old:
        sent = CHANNEL.send(config(old), message(), TOOLS)
        assert CHANNEL.send(config(old), withdrawal(message(), sent.provider_ref), TOOLS).ok
        assert len(old.published) == 1


def test_a_digest_lists_what_waits_and_is_deleted_as_a_whole(server: NtfyServer) -> None:
    sent = CHANNEL.send(config(server), digest(2, more=5), TOOLS)
    [shown] = server.shown.values()
    lines = ["• Request 0 (Trader)", "• Request 1 (Trader)", "… and 5 more"]
    assert shown["message"].splitlines() == lines
    back = replace(withdrawal(digest(2), sent.provider_ref), tag="another")
    assert CHANNEL.send(config(server), back, TOOLS).ok
    assert server.shown == {}


def test_a_test_says_that_it_arrived(server: NtfyServer) -> None:
    of = message(kind=MessageKind.TEST, outcome="Messages arrive.")
    assert CHANNEL.send(config(server), replace(of, items=()), TOOLS).ok
    assert server.published[0]["message"] == "Messages arrive."


def test_a_reminder_takes_the_place_of_what_it_reminds_of(server: NtfyServer) -> None:
    CHANNEL.send(config(server), message(), TOOLS)
    CHANNEL.send(config(server), message(kind=MessageKind.REMINDER), TOOLS)
    [shown] = server.shown.values()
    assert (shown["tags"], shown["priority"]) == (["alarm_clock"], 4)


@pytest.mark.parametrize(
    ("of", "priority"),
    [
        (message(item(priority=0)), 3),
        (message(item(priority=70)), 4),
        (message(item(priority=100)), 5),
        (message(item(priority=95), kind=MessageKind.ESCALATION), 5),
        (message(kind=MessageKind.ESCALATION), 4),
    ],
)
def test_priorities(server: NtfyServer, of: Message, priority: int) -> None:
    assert CHANNEL.send(config(server), of, TOOLS).ok
    assert server.published[0]["priority"] == priority


@pytest.mark.parametrize(
    "of",
    [
        message(item("x" * 9000, asked_by="", facts=("y" * 9000, HOSTILE))),
        message(item("", asked_by="", facts=())),
        digest(500),
        message(item(facts=("\U0001f600" * 1500,))),
        message(item(facts=('"\\\n' * 1500,))),
    ],
)
def test_it_fits_and_is_never_empty(server: NtfyServer, of: Message) -> None:
    sent = CHANNEL.send(config(server), of, TOOLS)
    assert sent.ok, sent.error


@pytest.mark.parametrize(
    "access", [{"token": TOKEN}, {"username": USER, "password": PASSWORD}], ids=["token", "user"]
)
def test_a_reserved_topic_takes_a_token_or_a_password(
    server: NtfyServer, access: dict[str, str]
) -> None:
    kept = config(server, topic=RESERVED, **access)
    sent = CHANNEL.send(kept, message(), TOOLS)
    assert sent.ok, sent.error
    assert CHANNEL.send(kept, withdrawal(message(), sent.provider_ref), TOOLS).ok
    assert server.shown == {}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"topic": RESERVED}, "enter a token that may publish to it"),
        ({"topic": RESERVED, "token": "tk_wrong"}, "Check the token"),
    ],
)
def test_who_may_not_publish_is_told_so_once(
    server: NtfyServer, fields: dict[str, str], says: str
) -> None:
    sent = CHANNEL.send(config(server, **fields), message(), TOOLS)
    assert (sent.ok, sent.is_final, sent.gone) == (False, True, False)
    assert says in sent.error
    assert "tk_" not in sent.error


@pytest.mark.parametrize(
    ("reply", "is_final", "wait"),
    [
        (Reply(429, b"{}", {"Retry-After": "30"}), False, 30),
        (Reply(507, b"\xff\x00garbage"), False, None),
        (Reply(599), False, None),
        (Reply(301, headers={"Location": "https://ntfy.example.com/"}), True, None),
        (Reply(404, b"<html>"), True, None),
    ],
)
def test_what_else_a_server_answers(
    server: NtfyServer, reply: Reply, is_final: bool, wait: float | None
) -> None:
    server.answers.append(reply)
    sent = CHANNEL.send(config(server), message(), TOOLS)
    assert not sent.ok
    assert (sent.is_final, sent.retry_after_seconds) == (is_final, wait)
    assert len(server.heard) == 1, "redirects are not followed"


def test_one_that_hangs_is_left(server: NtfyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "TIMEOUT_SECONDS", 0.2)
    with silent_port() as port:
        kept = config(server) | {"server": f"http://127.0.0.1:{port}"}
        for of in (message(), withdrawal(message(), {"kind": "single", "sequence_id": "x"})):
            sent = CHANNEL.send(kept, of, TOOLS)
            assert (sent.ok, sent.is_final) == (False, False)
            assert sent.error == "The ntfy server did not answer within 0.2 s."


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"topic": ""}, ["/topic"]),
        ({"topic": "a/b"}, ["/topic"]),
        ({"topic": "x" * 65}, ["/topic"]),
        ({"topic": "account"}, ["/topic"]),
        ({"topic": 7}, ["/topic"]),
        ({"server": "http://ntfy.example.com"}, ["/server"]),
        ({"server": "https://192.168.0.7"}, ["/server"]),
        ({"server": "https://ntfy.example.com/?x=1"}, ["/server"]),
        ({"server": "nonsense"}, ["/server"]),
        ({"username": "phil"}, ["/password"]),
        ({"password": "p"}, ["/username"]),
        ({"username": "a:b", "password": "p"}, ["/username"]),
        ({"username": "phil", "password": "p", "token": TOKEN}, ["/token"]),
        ({"token": "tk_\n"}, []),
        ({"token": "tk_\r\nX: y"}, ["/token"]),
        ({"token": "tké"}, ["/token"]),
        ({"topic": "", "server": "x", "password": "p"}, ["/server", "/topic", "/username"]),
    ],
)
def test_what_is_no_topic_is_refused(fields: dict[str, Any], pointers: list[str]) -> None:
    typed: JSONObject = {"topic": OPEN} | fields
    if not pointers:
        CHANNEL.check(typed, TOOLS)
        return
    with pytest.raises(InvalidInput) as refusal:
        CHANNEL.check(typed, tools("10.1.1.1"))
    assert [error.path for error in refusal.value.errors] == pointers


def test_without_a_server_it_is_ntfy_sh_and_the_topic_stays_secret() -> None:
    kept = CHANNEL.check({"topic": OPEN, "server": " "}, TOOLS)
    assert kept == {"topic": OPEN, "server": "https://ntfy.sh"}
    assert CHANNEL.shown(kept) == "ntfy.sh/ali…"
