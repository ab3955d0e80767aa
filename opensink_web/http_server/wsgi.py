"""A whole request -> a WSGI application -> a response, within a thread (PEP 3333).

A response is whole, unless the application does not know its length and goes on for longer than is
sent at once: then it is a stream, whose next piece is made when the one before has been sent, in
whichever thread is free, but always in the context of variables in which it was begun.
"""

import io
import logging
import sys
import time
from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote_to_bytes

from opensink_web.http_server.held import HELD, Held
from opensink_web.http_server.limits import SEND_BYTES
from opensink_web.http_server.request import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Refusal = Callable[[HTTPStatus], bytes]
"""The JSON body with which something is refused that the application never sees."""
Address = tuple[Any, ...]

_BODILESS = ("204", "304")
_OURS = {"content-length", "connection", "date", "transfer-encoding", "keep-alive"}
_log = logging.getLogger("opensink.web")


@dataclass(frozen=True, slots=True)
class Response:
    """What is sent; the connection ends after it unless `keeps_alive`.

    It is a piece of one if there is a `rest`.
    """

    head: bytes
    body: bytes
    keeps_alive: bool
    rest: "Stream | None" = None


class Stream:
    """What is left of a response that is sent piece by piece, in chunks if the client knows them.

    One thread at a time goes on with it.
    """

    def __init__(self, answer: Iterable[bytes], context: Context) -> None:
        self._pieces = iter(answer)
        self._close: Callable[[], object] = getattr(answer, "close", lambda: None)
        self._context = context
        self.is_chunked = False

    def take(self) -> tuple[bytes, bool]:
        """Return as much as is sent at once, and whether there may be more."""
        parts: list[bytes] = []
        size = 0
        while size < SEND_BYTES:
            part = self._context.run(next, self._pieces, None)
            if part is None:
                return b"".join(parts), False
            parts.append(part)
            size += len(part)
        return b"".join(parts), True

    def close(self) -> None:
        """Let the application know that nothing more is wanted. Never raises."""
        try:
            self._context.run(self._close)
        except Exception:
            _log.exception("a response could not be ended")


def environ_of(request: Request, client: Address, server: Address) -> "WSGIEnvironment":
    """Make what the application is called with."""
    path, host = request.target, None
    if path[:1] != b"/" and b"://" in path:  # a proxy's form: its authority goes before Host
        host, _, path = path.partition(b"://")[2].partition(b"/")
        path = b"/" + path
    path, _, query = path.partition(b"?")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "REQUEST_URI": request.target.decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": str(client[0]),
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": _UnreadBody() if request.is_cut else request.body or io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        _add_header(environ, name.decode("latin-1"), value.decode("latin-1"))
    if host is not None:
        environ["HTTP_HOST"] = host.decode("latin-1")
    if request.length or "CONTENT_LENGTH" in environ:
        environ["CONTENT_LENGTH"] = str(request.length)
    return environ


def _add_header(environ: "WSGIEnvironment", name: str, value: str) -> None:
    if "_" in name or name == "transfer-encoding":
        return  # `X_Forwarded_For` would be read as a proxy's; the body is there without its chunks
    key = name.upper().replace("-", "_")
    if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
        key = f"HTTP_{key}"
    if key in environ:
        value = f"{environ[key]}{'; ' if name == 'cookie' else ', '}{value}"
    environ[key] = value


class _UnreadBody(io.RawIOBase):
    """The body that was too long to be read: nothing can be taken for the whole of it."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object, /) -> NoReturn:
        raise OSError("the body is longer than is read")


def _is_kept_whole(answer: Iterable[bytes], headers: list[tuple[str, str]]) -> bool:
    """Return True if all of a response is there already, or its length is known."""
    is_there = isinstance(answer, list | tuple)
    return is_there or any(name.lower() == "content-length" for name, _ in headers)


def _chunk(piece: bytes, *, is_last: bool) -> bytes:
    """Write a piece as a chunk (RFC 9112, 7.1)."""
    chunk = b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
    return chunk + b"0\r\n\r\n" if is_last else chunk


class Gateway:
    """Calls an application."""

    def __init__(self, application: "WSGIApplication", refusal: Refusal) -> None:
        self._application = application
        self._refusal = refusal
        self._date: tuple[int, str] = (0, "")

    def call(self, request: Request, environ: "WSGIEnvironment") -> Response | Held:
        """Return the application's response, or why it is held. Never raises."""
        started: list[tuple[str, list[tuple[str, str]]]] = []
        parts: list[bytes] = []
        context = copy_context()

        def start_response(
            status: str, headers: list[tuple[str, str]], _exc_info: object = None, /
        ) -> Callable[[bytes], object]:
            started.append((status, headers))
            return parts.append

        try:
            answer: Iterable[bytes] = context.run(self._application, environ, start_response)
            stream, has_more = Stream(answer, context), False
            try:
                more, has_more = stream.take()
                while has_more and _is_kept_whole(answer, started[-1][1]):
                    parts.append(more)
                    more, has_more = stream.take()
                # a response to HEAD has no body: it would be taken for the next response
                has_more = has_more and request.method != "HEAD"
            finally:
                if not has_more:
                    stream.close()
            held: Held | None = environ.pop(HELD, None)
            if held is not None:
                return held
            status, headers = started[-1]
            body = b"".join([*parts, more])
            return self._response(request, status, headers, body, stream if has_more else None)
        except Exception:
            _log.exception("%s %s failed", request.method, request.path)
            return self.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)

    def go_on(self, stream: Stream, *, keeps_alive: bool) -> Response | None:
        """Return the next piece of a response, None if it has come to a bad end. Never raises."""
        has_more = False
        try:
            piece, has_more = stream.take()
        except Exception:
            _log.exception("a response ended before it was whole")
            return None
        finally:
            if not has_more:
                stream.close()
        body = _chunk(piece, is_last=not has_more) if stream.is_chunked else piece
        return Response(b"", body, keeps_alive, stream if has_more else None)

    def refuse(self, status: HTTPStatus) -> Response:
        """Return the response to what the application is not called for."""
        headers = [
            ("Content-Type", "application/json"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
            headers.append(("Retry-After", "1"))
        line = f"{status.value} {status.phrase}"
        return self._response(Request(), line, headers, self._refusal(status))

    def _response(
        self,
        request: Request,
        status: str,
        headers: list[tuple[str, str]],
        body: bytes,
        rest: Stream | None = None,
    ) -> Response:
        lines = [f"HTTP/1.1 {status}", f"Date: {self._now()}"]
        for name, value in headers:
            if name.lower() not in _OURS:
                lines.append(f"{name}: {value}")
        if request.method == "HEAD":
            lines += [f"{name}: {value}" for name, value in headers if name == "Content-Length"]
            body = b""
        elif rest is not None and request.version != "1.0":
            rest.is_chunked = True
            lines.append("Transfer-Encoding: chunked")
            body = _chunk(body, is_last=False)
        elif rest is not None:
            request.keeps_alive = False  # its end is that of the connection
        elif not status.startswith(_BODILESS):
            lines.append(f"Content-Length: {len(body)}")
        else:
            body = b""
        if not request.keeps_alive:
            lines.append("Connection: close")
        elif request.version == "1.0":
            lines.append("Connection: keep-alive")
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header of the response has a line break in it")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        return Response(head, body, request.keeps_alive, rest)

    def _now(self) -> str:
        second = int(time.time())
        if self._date[0] != second:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]
