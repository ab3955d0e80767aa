"""One connection: reading requests, having them answered, sending; each within its time."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from functools import partial
from http import HTTPStatus
from io import BytesIO
from time import monotonic
from typing import TYPE_CHECKING, Protocol, cast

from opensink_web.http_server.held import MAY_HOLD, RESUMED, Held
from opensink_web.http_server.limits import SEND_BYTES, UNCOUNTED_BYTES, Limits
from opensink_web.http_server.request import Reading, Request, RequestReader
from opensink_web.http_server.thread_pool import Call, Share, ThreadPool
from opensink_web.http_server.wsgi import Address, Gateway, Response, Stream, environ_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Phase(Enum):
    """What a connection is at."""

    READING = "reading"
    ANSWERING = "answering"
    HELD = "held"
    SENDING = "sending"
    LINGERING = "lingering"


class Surroundings(Protocol):
    """What all connections of a server have in common."""

    limits: Limits
    loop: asyncio.AbstractEventLoop
    buffer: memoryview
    gateway: Gateway
    pool: ThreadPool
    fresh: Share
    large: Share
    resumed: Share
    patient: Share
    woken: Share
    is_patient: Callable[[bytes], bool]
    connections: "set[Connection]"
    is_stopping: bool
    refused: Counter[HTTPStatus]
    held_count: int
    response_bytes: int

    def new_reader(self) -> RequestReader:
        """Make what reads a connection."""

    def takes_body(self, connection: "Connection", count: int) -> bool:
        """Return True if so many more bytes of bodies may be kept."""

    def release_body(self, count: int) -> None:
        """Count bytes of bodies off that are kept no longer."""


class Connection(asyncio.BufferedProtocol):
    """The protocol of one accepted socket; everything here happens in the loop's thread."""

    def __init__(self, server: Surroundings) -> None:
        self._server = server
        self._reader = server.new_reader()
        self.phase = Phase.READING
        self.since = monotonic()
        self._moved = 0
        self._moved_at = self.since
        self._counted_body = 0
        self._environ: WSGIEnvironment = {}
        self._request: Request | None = None
        self._held: Held | None = None
        self._held_timer: asyncio.TimerHandle | None = None
        self._response: Response | None = None
        self._sent = 0
        self._counted_response = 0
        self._is_full = False
        self._has_ended = False

    # -- what asyncio calls ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)  # told as soon as the kernel takes no more
        self._client: Address = transport.get_extra_info("peername") or ("", 0)
        self._local: Address = transport.get_extra_info("sockname") or ("", 0)
        self._server.connections.add(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._server.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self.phase is Phase.LINGERING:
            return  # whatever comes now is not read
        before = self._reader.reading
        self._reader.feed(self._server.buffer[:nbytes])
        if self.phase is not Phase.READING:
            self._transport.pause_reading()  # a held answer goes before what came behind it
            return
        if self._reader.reading is not before:
            self.since = monotonic()
        self._count_body(self._reader.body_bytes if self.reading is Reading.BODY else 0)
        self._advance()

    def eof_received(self) -> bool:
        """Keep the half that is left, if there is still something to be said on it."""
        self._has_ended = True
        if self.phase is Phase.HELD:
            self.resume()
        return self.phase in {Phase.ANSWERING, Phase.SENDING}

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        if self.phase is Phase.SENDING:
            self._send_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        self._stop_holding()
        self._count_response(0)
        self._drop(self._response)
        self._response = None
        if self.phase is not Phase.ANSWERING:  # else the thread still has the body
            self._count_body(0)
        self._has_ended = True

    # -- reading --------------------------------------------------------------------------------

    @property
    def reading(self) -> Reading:
        """How much of the next request there is."""
        return self._reader.reading

    def _advance(self) -> None:
        """Do what comes next of what was read."""
        if self.phase is not Phase.READING or self._transport.is_closing():
            return
        if self._reader.whole:
            self._transport.pause_reading()
            self._answer(self._reader.whole.popleft())
        elif self._reader.refused is not None:
            self._refuse(self._reader.refused)
        elif self._has_ended or self._server.is_stopping:
            self._transport.close()
        elif self._reader.expects_continue:
            self._reader.expects_continue = False
            self._transport.write(_CONTINUE)

    def _count_body(self, count: int) -> None:
        """Count what is kept of a body from its first large part to its answer."""
        count = 0 if count <= UNCOUNTED_BYTES else count
        more, self._counted_body = count - self._counted_body, count
        if more <= 0:
            self._server.release_body(-more)
        elif not self._server.takes_body(self, more):
            self._counted_body -= more
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    # -- answering ------------------------------------------------------------------------------

    def _answer(self, request: Request) -> None:
        body_bytes = 0 if request.is_cut else request.length
        self._count_body(body_bytes)
        if self.phase is not Phase.READING:
            return  # there was no room for it
        self._request = request
        self._environ = environ_of(request, self._client, self._local)
        is_full = self._server.held_count >= self._server.limits.connections // 2
        self._environ[MAY_HOLD] = not is_full and not self._server.is_stopping
        if self._counted_body:
            self._call(request, self._server.large)
        elif self._server.is_patient(request.target):
            self._call(request, self._server.patient)
        else:
            self._call(request, self._server.fresh)

    def _call(self, request: Request, share: Share) -> None:
        self._turn(Phase.ANSWERING)
        if self._server.is_stopping:
            request.keeps_alive = False
        gateway, environ = self._server.gateway, self._environ.copy()
        self._server.pool.submit(
            Call(lambda: gateway.call(request, environ), self._answered), share
        )

    def _answered(self, answer: "Response | Held") -> None:
        if self._transport.is_closing():
            self._count_body(0)
            self._drop(answer)
        elif isinstance(answer, Response):
            self._count_body(0)
            self._send(self._affordable(answer))
        else:
            self._hold(answer)

    def _affordable(self, response: Response) -> Response:
        """Put off who reads much while others are being sent much; what was done is always told."""
        size = len(response.body)
        most = self._server.limits.responses_bytes
        is_read = self._environ["REQUEST_METHOD"] == "GET"
        if is_read and size > UNCOUNTED_BYTES and self._server.response_bytes + size > most:
            self._drop(response)
            return self._server.gateway.refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        return response

    def _hold(self, held: Held) -> None:
        self._turn(Phase.HELD)
        self._held = held
        if self._request is not None:  # its body has been read, and is not read again
            self._request.body = None
            self._environ["wsgi.input"] = BytesIO()
            self._count_body(0)
        self._server.held_count += 1
        loop = self._server.loop
        if self._has_ended or self._server.is_stopping:
            self.resume()
            return
        self._transport.resume_reading()  # to learn when whoever asked hangs up
        self._held_timer = loop.call_later(held.seconds, self.resume)

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self.resume)

        held.begin(wake)

    def resume(self) -> None:
        """Have the held answer made, whether what it waits for has happened or not."""
        if self._held is not None and self._request is not None:
            self._environ[RESUMED] = self._held
            self._environ[MAY_HOLD] = not (self._has_ended or self._server.is_stopping)
            self._stop_holding()
            self._transport.pause_reading()
            is_patient = self._server.is_patient(self._request.target)
            self._call(self._request, self._server.woken if is_patient else self._server.resumed)

    def _stop_holding(self) -> None:
        if self._held is not None:
            self._server.held_count -= 1
            self._held.end()
            self._held = None
        if self._held_timer is not None:
            self._held_timer.cancel()
            self._held_timer = None

    # -- sending --------------------------------------------------------------------------------

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer what the application does not see; it is the last that is read."""
        self._server.refused[status] += 1
        self._reader.give_up(status)
        self._count_body(0)
        self._send(self._server.gateway.refuse(status))

    def _send(self, response: Response) -> None:
        self._turn(Phase.SENDING)
        self._response = response
        self._sent = 0
        self._count_response(len(response.body))
        if len(response.body) <= SEND_BYTES:
            self._transport.write(response.head + response.body)
            self._sent = len(response.body)
        else:
            self._transport.write(response.head)
        self._send_on()

    def _send_on(self) -> None:
        response = self._response
        if response is None:
            return
        body = memoryview(response.body)
        while not self._is_full and (part := body[self._sent : self._sent + SEND_BYTES]):
            self._sent += len(part)
            self._transport.write(part)
        if not self._is_full and not self._transport.is_closing():
            self._response = None
            self._count_response(0)
            if response.rest is None:
                self._sent_all(keeps_alive=response.keeps_alive)
            else:
                self._go_on(response.rest, keeps_alive=response.keeps_alive)

    def _go_on(self, stream: Stream, *, keeps_alive: bool) -> None:
        """Have the next piece made, now that the one before has been sent."""
        self._turn(Phase.ANSWERING)
        go_on = partial(self._server.gateway.go_on, stream, keeps_alive=keeps_alive)
        self._server.pool.submit(Call(go_on, self._made), self._server.large)

    def _made(self, piece: Response | None) -> None:
        if piece is None:
            self._transport.abort()  # whoever reads must not take it for whole
        elif self._transport.is_closing():
            self._drop(piece)
        else:
            self._send(piece)

    def _drop(self, answer: "Response | Held | None") -> None:
        """Let the application end what nobody reads any more, if that is not whole."""
        if isinstance(answer, Response) and answer.rest is not None:
            self._server.pool.submit(Call(answer.rest.close, lambda _: None), self._server.large)

    def _sent_all(self, *, keeps_alive: bool) -> None:
        self._environ, self._request = {}, None
        if keeps_alive:
            self._turn(Phase.READING)
            if not self._reader.whole:
                self._transport.resume_reading()
            # in a turn of its own: many that came at once are not answered one within the other
            self._server.loop.call_soon(self._advance)
        elif self._has_ended or self._reader.refused is None:
            self._transport.close()
        else:
            # whoever still sends would be told of a reset before it reads the answer
            self._turn(Phase.LINGERING)
            self._transport.write_eof()
            self._transport.resume_reading()

    def _count_response(self, count: int) -> None:
        count = 0 if count <= UNCOUNTED_BYTES else count
        self._server.response_bytes += count - self._counted_response
        self._counted_response = count

    # -- time -----------------------------------------------------------------------------------

    def _turn(self, phase: Phase) -> None:
        self.phase = phase
        self.since = monotonic()

    def end_if_overdue(self, now: float) -> None:
        """End it if it takes longer than it may; answering and being held have their own ends."""
        seconds, moved = self._allowed()
        if moved != self._moved:
            self._moved, self._moved_at = moved, now
        # both: what stalls has moved fast before, and what trickles never stalls
        least_rate = self._server.limits.least_bytes_per_second
        if now < min(
            max(self._moved_at, self.since) + seconds, self.since + seconds + moved / least_rate
        ):
            return
        if self.phase is Phase.READING and self.reading is not Reading.NOTHING:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        elif self.phase is Phase.READING:
            self._transport.close()
        else:
            self._transport.abort()

    def _allowed(self) -> tuple[float, int]:
        """Return how many seconds its phase may take, and how many bytes it has moved in it."""
        limits = self._server.limits
        match self.phase:
            case Phase.READING if self.reading is Reading.BODY:
                return limits.body_seconds, self._reader.body_bytes
            case Phase.READING if self.reading is Reading.HEAD:
                return limits.head_seconds, 0
            case Phase.READING:
                return limits.keep_alive_seconds, 0
            case Phase.SENDING:
                return limits.send_seconds, self._sent - self._transport.get_write_buffer_size()
            case Phase.LINGERING:
                return limits.linger_seconds, 0
            case Phase.ANSWERING | Phase.HELD:
                return float("inf"), 0

    @property
    def can_be_given_up(self) -> bool:
        """Return True if it is slow, or idle, and nothing that was asked for is lost with it."""
        is_slow = self.phase in {Phase.READING, Phase.LINGERING}
        return is_slow and not self._transport.is_closing()

    @property
    def counted_body(self) -> int:
        """How many bytes of a large body are kept for it."""
        return self._counted_body

    def give_up(self) -> None:
        """End it now, to make room for others."""
        self._server.connections.discard(self)
        self._count_body(0)
        self._transport.abort()

    def stop(self) -> None:
        """End it in good order: what is whole is answered first, what is held is told as it is."""
        match self.phase:
            case Phase.READING | Phase.LINGERING:
                self._transport.close()
            case Phase.HELD:
                self.resume()
            case Phase.ANSWERING | Phase.SENDING:
                pass  # it ends when it has been sent
