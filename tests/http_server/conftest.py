"""Applications to be served: one that tells what it was called with, and ones that misbehave."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest

from opensink_web.http_server.held import HELD, MAY_HOLD, RESUMED
from opensink_web.http_server.limits import Limits
from tests.support.running_server import RunningServer, running

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LARGE_BYTES = 8 * 2**20
PIECES = 200
PIECE_BYTES = 100_000
_made_by: ContextVar[str] = ContextVar("made_by")


class Application:
    """Answers by path; `calls` are the environs that it was called with, and their bodies."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.gate = threading.Event()
        self.held = Held()
        self.pieces_made = 0
        self.pieces_ended = threading.Event()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        texts = {name: value for name, value in environ.items() if isinstance(value, str)}
        self.calls.append(texts)
        match environ["PATH_INFO"]:
            case "/unread":
                body = b""
            case "/late":
                self.gate.wait(100)
                body = b"late"
            case "/large":
                body = b"x" * LARGE_BYTES
            case "/pieces" | "/broken-pieces" | "/few-pieces" as path:
                start_response("200 OK", [("Content-Type", "text/plain")])
                return self._pieces(2 if path == "/few-pieces" else PIECES, path)
            case "/nothing":
                start_response("204 No Content", [])
                return []
            case "/broken":
                raise ValueError("a bug")
            case "/split":
                start_response("200 OK", [("X-A", "b\r\nX-C: d")])
                return []
            case "/held" if RESUMED not in environ and environ[MAY_HOLD]:
                environ[HELD] = self.held
                body = b""
            case _:
                texts["body"] = environ["wsgi.input"].read().decode("latin-1")
                body = json.dumps(texts).encode()
        start_response("200 OK", [("Content-Type", "application/json")])
        return [body]

    def _pieces(self, count: int, path: str) -> Iterator[bytes]:
        """Make one after the other, in one context of variables, whatever thread it is in."""
        token = _made_by.set(path)
        try:
            for number in range(count):
                self.pieces_made = number + 1
                if number == PIECES - 1 and path == "/broken-pieces":
                    raise ValueError("a bug")
                yield (b"%07d\n" % number) * (PIECE_BYTES // 8)
        finally:
            _made_by.reset(token)
            self.pieces_ended.set()


class Held:
    """Why the answer at /held is held back."""

    seconds = 60.0

    def __init__(self) -> None:
        self.wakes: list[Callable[[], None]] = []
        self.ended = 0

    def begin(self, wake: Callable[[], None]) -> None:
        self.wakes.append(wake)

    def end(self) -> None:
        self.ended += 1


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def server(application: Application) -> Iterator[RunningServer]:
    with running(application, Limits(threads=2)) as started:
        yield started
    application.gate.set()
