"""A mail server of the tests' own, over aiosmtpd: it keeps what it takes, and fails as it is told.

It keeps its port while it is down, so that it can come back.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

Answer = Callable[[str], str | None]
"""Given an address, what the server says instead of taking a mail for it; None takes it."""


@dataclass(frozen=True)
class ReceivedMail:
    """A mail, and whom the envelope named."""

    sender: str
    to: tuple[str, ...]
    raw: bytes
    over_tls: bool
    signed_in_as: str | None

    @property
    def mail(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, subtype: str) -> str:
        part = self.mail.get_body((subtype,))
        assert part is not None
        return str(part.get_content())


@dataclass
class _Handler:
    received: list[ReceivedMail] = field(default_factory=list)
    answer: Answer = lambda _address: None
    hold: Callable[[str], object] | None = None
    after_data: str = "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if self.hold is not None:
            await asyncio.to_thread(self.hold, address)
        refusal = self.answer(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        name: Any = session.auth_data
        self.received.append(
            ReceivedMail(
                envelope.mail_from or "",
                tuple(envelope.rcpt_tos),
                content,
                _is_tls(server),
                name.login.decode() if name else None,
            )
        )
        if self.after_data == "hang up":  # it was taken, and nobody hears of it
            transport = server.transport
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
        return self.after_data


def _is_tls(server: SMTP) -> bool:
    return (
        server.transport is not None and server.transport.get_extra_info("ssl_object") is not None
    )


class MailServer(AbstractContextManager["MailServer"]):
    """Listens while its block runs. `tls` is for STARTTLS, or from the first byte."""

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        *,
        at_once: bool = False,
        password: str | None = None,
    ) -> None:
        self._tls, self._at_once, self._password = tls, at_once, password
        self._handler = _Handler()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    @property
    def received(self) -> list[ReceivedMail]:
        """What came, oldest first."""
        return self._handler.received

    def refuse(self, answer: Answer) -> None:
        """Answer so to whom a mail is for."""
        self._handler.answer = answer

    def hold(self, wait: Callable[[str], object]) -> None:
        """Wait so, given an address, before taking a mail for it; others are served meanwhile."""
        self._handler.hold = wait

    def hang_up_after_taking(self) -> None:
        """Take mails and close the connection before saying so."""
        self._handler.after_data = "hang up"

    def answer_data(self, said: str) -> None:
        """Say this once a mail has come."""
        self._handler.after_data = said

    def start(self) -> None:
        """Listen, at the same port as before."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._server = self._do(self._listen(listener))

    def stop(self) -> None:
        """Listen no more."""
        server, self._server = self._server, None
        if server is not None:
            self._loop.call_soon_threadsafe(server.close)
            self._do(server.wait_closed())

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        self._do(_end_of_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self, listener: socket.socket) -> asyncio.Server:
        at_once = self._tls if self._at_once else None
        return await self._loop.create_server(self._protocol, sock=listener, ssl=at_once)

    def _protocol(self) -> SMTP:
        options: dict[str, Any] = {"hostname": "mail.test", "enable_SMTPUTF8": True}
        if self._tls is not None and not self._at_once:
            options |= {"tls_context": self._tls, "require_starttls": True}
        if self._password is not None:
            options |= {
                "authenticator": self._authenticate,
                "auth_required": True,
                "auth_require_tls": False,
            }
        return SMTP(self._handler, loop=self._loop, **options)

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        matches = data.password == (self._password or "").encode()
        return AuthResult(success=matches, handled=matches, auth_data=data)

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


async def _end_of_all() -> None:
    """End what still talks to somebody."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
