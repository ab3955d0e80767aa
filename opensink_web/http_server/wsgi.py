"""A whole request -> a WSGI application -> a whole response, within a thread (PEP 3333)."""

import io
import logging
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote_to_bytes

from opensink_web.http_server.held import HELD, Held
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
    """What is sent; the connection ends after it unless `keeps_alive`."""

    head: bytes
    body: bytes
    keeps_alive: bool


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

        def start_response(
            status: str, headers: list[tuple[str, str]], _exc_info: object = None, /
        ) -> Callable[[bytes], object]:
            started.append((status, headers))
            return parts.append

        try:
            answer: Iterable[bytes] = self._application(environ, start_response)
            try:
                parts.extend(answer)
            finally:
                close = getattr(answer, "close", None)
                if close is not None:
                    close()
            held: Held | None = environ.pop(HELD, None)
            if held is not None:
                return held
            status, headers = started[-1]
            return self._response(request, status, headers, b"".join(parts))
        except Exception:
            _log.exception("%s %s failed", request.method, request.path)
            return self.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)

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
        self, request: Request, status: str, headers: list[tuple[str, str]], body: bytes
    ) -> Response:
        lines = [f"HTTP/1.1 {status}", f"Date: {self._now()}"]
        for name, value in headers:
            if name.lower() not in _OURS:
                lines.append(f"{name}: {value}")
        if request.method == "HEAD":
            lines += [f"{name}: {value}" for name, value in headers if name == "Content-Length"]
            body = b""
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
        return Response(head, body, request.keeps_alive)

    def _now(self) -> str:
        second = int(time.time())
        if self._date[0] != second:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]
