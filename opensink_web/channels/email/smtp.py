"""Handing one mail to a server over SMTP, with one deadline for all of it.

The socket is the bounded one of outbound calls: a server that answers byte by byte, or not at all,
holds a worker's thread no longer than TIMEOUT_SECONDS. Where it may lead is the operator's choice,
who named the server, so no policy of addresses is asked.
"""

import smtplib
import socket
import ssl
from contextlib import suppress

from opensink_web.channels.base import SmtpSecurity, SmtpServer
from opensink_web.outbound.connection import (
    BoundedSocket,
    BoundedTLSSocket,
    Bounds,
    ConnectFailed,
    ReadLimitReached,
    connect_to_any,
)
from opensink_web.outbound.redaction import spelled, without_secrets
from opensink_web.outbound.resolver import resolve
from opensink_web.outbound.trust import trusting_context

TIMEOUT_SECONDS = 20.0
_SAID_LENGTH = 200
EXPECTED_FAILURES = (smtplib.SMTPException, ConnectFailed, ReadLimitReached, OSError, ValueError)


class _BoundedSMTP(smtplib.SMTP):
    """smtplib's client, whose socket keeps within bounds."""

    def __init__(self, server: SmtpServer, bounds: Bounds, own_name: str) -> None:
        self._server, self._bounds = server, bounds
        self._tls = trusting_context(server.ca_bundle, BoundedTLSSocket)
        super().__init__(local_hostname=own_name)  # its own guess asks a name server
        self._host = server.host  # for whom a certificate must be

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        addresses = resolve(host, port, self._bounds.remaining_seconds())
        connected = connect_to_any(addresses, port, self._bounds)
        if self._server.security is not SmtpSecurity.TLS:
            return connected
        return self._within_tls(connected)

    def start_tls(self) -> None:
        """Change to TLS, or end. Raises: SMTPException, OSError."""
        code, answer = self.docmd("STARTTLS")
        if code != 220:
            raise smtplib.SMTPResponseException(code, answer)
        if not isinstance(self.sock, BoundedSocket):
            raise TypeError("a socket without bounds")
        # what was sent ahead of TLS must not be read as if it came within it
        self.sock, self.file = self._within_tls(self.sock), None
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features, self.does_esmtp = {}, False

    def _within_tls(self, connected: BoundedSocket) -> socket.socket:
        connected.settimeout(self._bounds.remaining_seconds())  # for the handshake
        try:
            secured = self._tls.wrap_socket(connected, server_hostname=self._server.host)
        except BaseException:
            connected.close()
            raise
        if isinstance(secured, BoundedTLSSocket):
            secured.bounds = self._bounds
        return secured


def hand_over(server: SmtpServer, own_name: str, sender: str, to: str, mail: bytes) -> None:
    """Return once the server has taken the mail. Raises: one of EXPECTED_FAILURES."""
    client = _BoundedSMTP(server, Bounds(TIMEOUT_SECONDS), own_name)
    try:
        _check(client.connect(server.host, server.port))
        client.ehlo_or_helo_if_needed()
        if server.security is SmtpSecurity.STARTTLS:
            client.start_tls()
            client.ehlo_or_helo_if_needed()
        if server.username:
            client.login(server.username, server.password)
        options = [] if (sender + to).isascii() else ["SMTPUTF8"]
        if options and not client.has_extn("smtputf8"):
            raise smtplib.SMTPNotSupportedError
        client.sendmail(sender, [to], mail, [*options, "BODY=8BITMIME"] if options else [])
        # it was taken: however badly the good-bye goes, it must not be sent again
        with suppress(*EXPECTED_FAILURES):
            client.quit()
    finally:
        client.close()


def _check(answer: tuple[int, bytes]) -> None:
    if answer[0] != 220:
        raise smtplib.SMTPConnectError(*answer)


def sentence_of(error: Exception, server: SmtpServer) -> str:
    """Say what went wrong, for people."""
    place = f"{server.host}:{server.port}"
    # smtplib calls whatever ends a read a disconnection
    is_lost = isinstance(error, smtplib.SMTPServerDisconnected)
    cause: BaseException | None = error.__context__ if is_lost else error
    match cause:
        case ConnectFailed():
            reason = (cause.cause.strerror or "no reason given").lower()
            return f"The mail server {place} cannot be reached ({reason})."
        case socket.gaierror():
            return f"The mail server {server.host} could not be found."
        case TimeoutError():
            return f"The mail server {place} did not answer within {TIMEOUT_SECONDS:g} s."
        case ssl.SSLError():
            reason = getattr(cause, "verify_message", None) or cause.reason or "no reason given"
            return f"No TLS connection to the mail server {place} came about ({reason})."
        case smtplib.SMTPNotSupportedError():
            return (
                f"The mail server {place} cannot do what this needs: signing in, or such addresses."
            )
        case smtplib.SMTPAuthenticationError():
            return f"The mail server {place} refused to let us sign in ({cause.smtp_code})."
        case smtplib.SMTPRecipientsRefused():
            code, answer = next(iter(cause.recipients.values()))
            said = _words(answer, server)
            return f"The mail server refused this address ({code} {said})."
        case smtplib.SMTPResponseException():
            said = _words(cause.smtp_error, server)
            return f"The mail server refused the mail ({cause.smtp_code} {said})."
        case _:
            return f"The mail server {place} closed the connection or answered what is no SMTP."


def is_refused_for_good(error: Exception) -> bool:
    """Return True if the server says that there is no such address (RFC 3463, 5.1.x)."""
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return False
    code, answer = next(iter(error.recipients.values()))
    return 500 <= code < 600 and _text_of(answer).startswith("5.1.")


def _words(answer: bytes | str, server: SmtpServer) -> str:
    """Return the beginning of what a server says, without what we signed in with, which is the
    operator's, as it is sent too (RFC 4616).
    """
    sent = f"\0{server.username}\0{server.password}"
    secrets = spelled((server.password, sent)) if server.password else ()
    return without_secrets(_text_of(answer), secrets)[:_SAID_LENGTH]  # or the cut goes through it


def _text_of(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())
