"""Mails over SMTP, against a real server: how TLS begins, what is refused, what takes too long."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opensink_web.channels.base import ChannelTools, Message, SmtpSecurity, SmtpServer
from opensink_web.channels.email import smtp
from opensink_web.channels.email.transport import EmailChannel
from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.outbound.client import Client
from opensink_web.outbound.policy import EndpointPolicy
from tests.channels.email.test_mail import MESSAGE
from tests.support.authority import Authority, make_authority
from tests.support.mail_server import MailServer

CHANNEL = EmailChannel()
BOB: JSONObject = {"address": "bob@example.com"}


def tools_for(server: SmtpServer | None) -> ChannelTools:
    client = Client(EndpointPolicy.from_entries(()))
    return ChannelTools(client, server, lambda: datetime(2026, 5, 4, tzinfo=UTC))


def reached_at(port: int, security: SmtpSecurity = SmtpSecurity.NONE) -> SmtpServer:
    return SmtpServer("127.0.0.1", port, security, "", "", "OpenSink <sink@example.com>", None)


def send(server: SmtpServer | None, message: Message = MESSAGE) -> tuple[bool, str]:
    sent = CHANNEL.send(BOB, message, tools_for(server))
    return sent.ok, sent.error


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@contextmanager
def listening(script: bytes = b"", *, drip: bool = False) -> Iterator[int]:
    """A server that says this, whole or byte by byte, and then nothing."""
    stopped = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            for index in range(len(script)):
                connection.sendall(script[index : index + 1])
                if drip and stopped.wait(0.02):
                    return
            stopped.wait()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopped.set()
        listener.close()
        thread.join(5)


def test_a_mail_arrives_with_whom_it_is_from_and_for() -> None:
    with MailServer() as server:
        sent = CHANNEL.send(BOB, MESSAGE, tools_for(reached_at(server.port)))
    assert sent.ok
    assert sent.provider_ref == {"message_id": "<0197-ab@example.com>"}
    [mail] = server.received
    assert (mail.sender, mail.to) == ("sink@example.com", ("bob@example.com",))
    assert mail.mail["Subject"] == "[Desk] Sell 10 shares?"


@pytest.mark.filterwarnings("ignore:Session.login_data", "ignore:Requiring AUTH while not")
@pytest.mark.parametrize("at_once", [False, True])
def test_tls_is_used_once_connected_or_from_the_first_byte(
    authority: Authority, at_once: bool
) -> None:
    security = SmtpSecurity.TLS if at_once else SmtpSecurity.STARTTLS
    context = authority.server_context()
    with MailServer(context, at_once=at_once, password="s3cret") as server:
        place = replace(reached_at(server.port, security), ca_bundle=authority.bundle)
        signed_in = replace(place, username="sink", password="s3cret")
        assert send(signed_in) == (True, "")
        is_sent, error = send(replace(signed_in, password="wrong"))
    assert (is_sent, "sign in" in error) == (False, True)
    assert "wrong" not in error
    [mail] = server.received
    assert (mail.over_tls, mail.signed_in_as) == (True, "sink")


@pytest.mark.parametrize("security", [SmtpSecurity.TLS, SmtpSecurity.STARTTLS])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    authority: Authority, security: SmtpSecurity
) -> None:
    at_once = security is SmtpSecurity.TLS
    with MailServer(authority.server_context(), at_once=at_once) as server:
        is_sent, error = send(reached_at(server.port, security))
    assert (is_sent, server.received) == (False, [])
    assert "TLS" in error


def test_a_server_without_starttls_gets_no_mail_and_no_password() -> None:
    with MailServer() as server:
        is_sent, _error = send(reached_at(server.port, SmtpSecurity.STARTTLS))
    assert (is_sent, server.received) == (False, [])


def test_an_address_that_is_none_is_not_tried_again_and_one_put_off_is() -> None:
    with MailServer() as server:
        tools = tools_for(reached_at(server.port))
        server.refuse(lambda _: "550 5.1.1 No such user")
        unknown = CHANNEL.send(BOB, MESSAGE, tools)
        server.refuse(lambda _: "451 4.7.1 Greylisted, try later")
        later = CHANNEL.send(BOB, MESSAGE, tools)
        server.refuse(lambda _: None)
        server.answer_data("554 5.7.1 Relay denied")
        denied = CHANNEL.send(BOB, MESSAGE, tools)
    assert (unknown.ok, unknown.is_final) == (False, True)
    assert "No such user" in unknown.error
    assert (later.ok, later.is_final) == (False, False)
    assert (denied.ok, denied.is_final) == (False, False)


@pytest.mark.parametrize(
    ("script", "drip"), [(b"", False), (b"220 " + b"x" * 5000, True), (b"220 hi\r\n", False)]
)
def test_a_server_that_hangs_or_answers_byte_by_byte_is_given_up(
    monkeypatch: pytest.MonkeyPatch, script: bytes, drip: bool
) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.3)
    with listening(script, drip=drip) as port:
        is_sent, error = send(reached_at(port))
    assert not is_sent
    assert "did not answer within" in error


def test_what_speaks_no_smtp_or_is_not_there_is_an_error() -> None:
    with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert send(reached_at(port))[0] is False
    with MailServer() as server:
        gone = server.port
    is_sent, error = send(reached_at(gone))
    assert (is_sent, "cannot be reached" in error) == (False, True)
    assert send(None)[0] is False


def test_a_mail_that_was_taken_counts_although_the_good_bye_fails() -> None:
    with MailServer() as server:
        server.hang_up_after_taking()
        is_sent, _error = send(reached_at(server.port))
        assert (is_sent, len(server.received)) == (False, 1)  # nobody said that it was taken
        server.answer_data("250 OK")
        assert send(reached_at(server.port)) == (True, "")
    assert len({mail.mail["Message-ID"] for mail in server.received}) == 1


def test_addresses_in_every_script_are_written_as_servers_read_them() -> None:
    tools = tools_for(None)
    assert CHANNEL.check({"address": " bob@bücher.example "}, tools) == {
        "address": "bob@xn--bcher-kva.example"
    }
    with MailServer() as server:
        address = CHANNEL.check({"address": "höhe@bücher.example"}, tools)
        sent = CHANNEL.send(address, MESSAGE, tools_for(reached_at(server.port)))
    assert sent.ok
    assert "höhe@" in server.received[0].to[0]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "bob",
        "bob@",
        "a@b.com, c@d.com",
        "a@b.com\r\nBcc: c@d.com",
        "<a@b.com>",
        "Bob <bob@b.com>",
        5,
        "a@" + "b" * 9000,
    ],
)
def test_what_is_no_single_address_is_refused(address: object) -> None:
    with pytest.raises(InvalidInput) as refusal:
        CHANNEL.check({"address": address}, tools_for(None))  # type: ignore[dict-item]
    assert [error.path for error in refusal.value.errors] == ["/address"]


def test_no_password_is_in_what_a_log_shows(tmp_path: Path) -> None:
    assert "s3cret" not in repr(replace(reached_at(1), password="s3cret"))
