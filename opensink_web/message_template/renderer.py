"""What a server calls to have templates checked and filled in. Safe to use from many threads.

It happens in a process for each batch, or each thousand of a larger one, which the kernel ends when
it takes too long or too much memory. Few run at once, and no owner (a workspace) has all of them:
whoever writes templates that never end waits for their own.
"""

import json
import socket
import weakref
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from opensink_web.errors import Unavailable
from opensink_web.isolation import frames
from opensink_web.isolation.host import Host
from opensink_web.json_value import JSONObject, dump
from opensink_web.message_template.permits import Permits

CHECK_CPU_SECONDS = 1
CPU_SECONDS = 2
INPUTS_PER_CPU_SECOND = 1000
WALL_SECONDS = 10.0
"""How long a process may be there, however busy the machine is."""
INPUTS_PER_PROCESS = 1000
"""Of a batch of more, each thousand is filled in by a process of its own, one after the other."""
TEXTS_BYTES_MAX = 32 * 1024**2
"""Of all messages of a thousand chats together: what the longest templates are in so many."""
TEXTS_BYTES_ALL_MAX = 128 * 1024**2
"""Of all messages of a batch together, however large it is: they are in memory at once."""
_SLICE_LENGTH = 64 * 1024
_SLICE_INPUTS = 200
_TOO_MUCH = "The messages take too long to fill in with these values, or need too much memory."
_TOO_LONG = (
    f"Filled in, the messages of this batch are longer than {TEXTS_BYTES_MAX // 1024**2} MiB "
    "together. Submit it in several."
)
_ALL_TOO_LONG = (
    "Filled in, the messages of this batch are longer than "
    f"{TEXTS_BYTES_ALL_MAX // 1024**2} MiB together. Submit it in several."
)


class TemplatesRefused(Exception):
    """Some are no templates: `errors` says of each what is wrong, or None."""

    def __init__(self, message: str, errors: Sequence[str | None] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.errors = errors


class NotFilledIn(Exception):
    """The templates cannot be filled in with the input at `index`; the sentence says why."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.message = message
        self.index = index


class TemplateRenderer:
    """Has templates filled in by processes of a host, which it starts when it is first needed.

    Nothing may be locked meanwhile: of a batch each thousand takes up to WALL_SECONDS, and it may
    wait before.
    """

    def __init__(self) -> None:
        self._host = Host("opensink_web.message_template.host", WALL_SECONDS)
        weakref.finalize(self, self._host.close)
        self._permits = Permits()

    def check(self, owner: Hashable, sources: Sequence[str]) -> None:
        """Look whether these are templates. Raises: TemplatesRefused; RateLimited; Unavailable."""
        if sources:
            with self._permits.permit(owner), self._process(sources, CHECK_CPU_SECONDS):
                pass

    def render(
        self, owner: Hashable, sources: Sequence[str], inputs: Sequence[JSONObject]
    ) -> list[list[str]]:
        """Fill all templates in with each of the inputs.

        Raises: TemplatesRefused; NotFilledIn; RateLimited; Unavailable.
        """
        if not sources:
            return [[] for _ in inputs]
        texts: list[list[str]] = []
        left = TEXTS_BYTES_ALL_MAX
        with self._permits.permit(owner):
            for start in range(0, len(inputs), INPUTS_PER_PROCESS):
                some = inputs[start : start + INPUTS_PER_PROCESS]
                cpu_seconds = CPU_SECONDS + len(some) // INPUTS_PER_CPU_SECOND
                try:
                    with self._process(sources, cpu_seconds) as process:
                        texts += process.render(some)
                except NotFilledIn as failure:
                    raise NotFilledIn(failure.message, start + failure.index) from None
                left -= process.received_bytes
                if left < 0:
                    raise NotFilledIn(_ALL_TOO_LONG, len(texts) - 1)
        return texts

    def close(self) -> None:
        """End the host, if there is one."""
        self._host.close()

    @contextmanager
    def _process(self, sources: Sequence[str], cpu_seconds: int) -> "Iterator[_Process]":
        try:
            connection = self._host.connect()
        except OSError:
            raise _busy() from None
        with connection:
            process = _Process(connection)
            process.read(sources, cpu_seconds)
            yield process


class _Process:
    """The process of one batch, seen from here."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.settimeout(WALL_SECONDS + 1)  # by then the kernel has ended it
        self._ends_at = monotonic() + WALL_SECONDS
        self._left_bytes = TEXTS_BYTES_MAX

    @property
    def received_bytes(self) -> int:
        """How long all is that it has sent."""
        return TEXTS_BYTES_MAX - self._left_bytes

    def read(self, sources: Sequence[str], cpu_seconds: int) -> None:
        """Have the templates read. Raises: TemplatesRefused; Unavailable."""
        try:
            self._send(frames.CALL, json.dumps([cpu_seconds, WALL_SECONDS, *sources]))
            frames.receive(self._connection)
        except (EOFError, OSError):  # there is no process to be had
            raise _busy() from None
        try:
            errors = self._result()
        except (EOFError, OSError):
            self._refuse_if_busy()
            message = "The templates take too long to read, or need too much memory."
            raise TemplatesRefused(message) from None
        if any(errors):
            raise TemplatesRefused("Some of these are no templates.", errors)

    def render(self, inputs: Sequence[JSONObject]) -> list[list[str]]:
        """Return the messages for each input. Raises: NotFilledIn; Unavailable."""
        done: list[list[str]] = []
        try:
            for part in _parts([dump(each) for each in inputs]):
                self._send(frames.CALL, f"[{','.join(part)}]")
                for _ in part:
                    result = self._result()
                    if isinstance(result, str):
                        raise NotFilledIn(result, len(done))
                    done.append(result)
        except (EOFError, OSError):
            self._refuse_if_busy()
            raise NotFilledIn(_TOO_MUCH, len(done)) from None
        except frames.TooLong:
            raise NotFilledIn(_TOO_LONG, len(done)) from None
        return done

    def _send(self, kind: bytes, text: str) -> None:
        self._connection.sendall(frames.pack(kind, text.encode()))

    def _result(self) -> Any:
        _, payload = frames.receive(self._connection, most_bytes=self._left_bytes)
        self._left_bytes -= len(payload)
        return json.loads(payload)

    def _refuse_if_busy(self) -> None:
        """Raise Unavailable if it was not given its share of the processor, or the host was."""
        if monotonic() >= self._ends_at:
            raise _busy()


def _parts(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield the texts in order, some at a time: each costs two processes a wait for the other."""
    part: list[str] = []
    length = 0
    for text in texts:
        if part and (len(part) >= _SLICE_INPUTS or length + len(text) > _SLICE_LENGTH):
            yield part
            part, length = [], 0
        part.append(text)
        length += len(text)
    if part:
        yield part


def _busy() -> Unavailable:
    return Unavailable(
        "The server is too busy to fill in templates now. Nothing was stored; please try again."
    )
