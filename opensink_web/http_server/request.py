"""Whole requests out of bytes; what is no request, or could be read in two ways, is refused."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from io import BytesIO

import httptools

from opensink_web.http_server.limits import (
    MAX_HEAD_BYTES,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    MAX_PIPELINED,
    MAX_TARGET_BYTES,
    MAX_UNREAD_HEAD_BYTES,
)

_TARGET = re.compile(rb"/[^#]*|https?://[^/@?#]+(/[^#]*)?|\*", re.DOTALL)
BodyLimit = Callable[[str, str], int]
"""From method and path to how many bytes of body are read."""


class _Enough(Exception):
    """Raised in a callback of the parser, which then stops; why stands in the reader."""


class Reading(Enum):
    """How much of the next request has come."""

    NOTHING = "nothing"
    HEAD = "head"
    BODY = "body"


@dataclass(slots=True)
class Request:
    """A request.

    `length` is how long its body is, or how long it was when reading it ended because it is longer
    than may be (`is_cut`): `body` is empty then.
    """

    method: str = ""
    target: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    version: str = "1.1"
    body: BytesIO | None = None
    length: int = 0
    is_cut: bool = False
    keeps_alive: bool = False

    @property
    def path(self) -> str:
        """The path as it was sent."""
        return self.target.partition(b"?")[0].decode("latin-1")

    def values(self, name: bytes) -> list[bytes]:
        """Return what the headers of a name say; names are in lower case."""
        return [value for each, value in self.headers if each == name]


class RequestReader:
    """Reads one connection: `feed` it, and take what is `whole`.

    `refused` says why nothing is read any more, once that is so. What was whole before it is to be
    answered first.
    """

    def __init__(self, body_limit: BodyLimit) -> None:
        self.whole: deque[Request] = deque()
        self.refused: HTTPStatus | None = None
        self.reading = Reading.NOTHING
        self.body_bytes = 0
        self.expects_continue = False
        self._body_limit = body_limit
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._head_bytes = 0
        self._headers = 0
        self._unread_bytes = 0
        self._limit = 0

    def feed(self, data: memoryview) -> None:
        """Read on, unless something was refused."""
        unread_bytes, body_bytes = len(data), self.body_bytes
        while data and self.refused is None:
            try:
                self._parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as upgrade:
                # no other protocol is spoken here: what follows is the next request
                data = data[upgrade.args[0] :]
                self._parser = httptools.HttpRequestParser(self)
            except httptools.HttpParserError:
                self._refuse(HTTPStatus.BAD_REQUEST)  # unless a callback had a reason of its own
        # what the parser keeps or skips: a head without end, trailers, chunk extensions
        is_read = self.reading is Reading.NOTHING or self.body_bytes > body_bytes
        self._unread_bytes = 0 if is_read else self._unread_bytes + unread_bytes
        if self._unread_bytes > MAX_UNREAD_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def give_up(self, status: HTTPStatus) -> None:
        """Read nothing more, and keep nothing of what was read."""
        self.refused = status
        self.whole.clear()
        self._request = Request()

    def on_message_begin(self) -> None:
        if len(self.whole) >= MAX_PIPELINED:
            raise self._refuse(HTTPStatus.TOO_MANY_REQUESTS)
        self._request = Request()
        self._head_bytes = 0
        self._headers = 0
        self._unread_bytes = 0
        self.body_bytes = 0
        self.reading = Reading.HEAD

    def on_url(self, part: bytes) -> None:
        self._request.target += part
        if len(self._request.target) > MAX_TARGET_BYTES:
            raise self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        size = len(name) + len(value)
        self._head_bytes += size
        self._headers += 1
        if (
            size > MAX_HEADER_BYTES
            or self._head_bytes > MAX_HEAD_BYTES
            or self._headers > MAX_HEADERS
        ):
            raise self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if self.reading is Reading.HEAD:  # else it is a trailer
            self._request.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        request = self._request
        request.method = self._parser.get_method().decode("ascii")
        request.version = self._parser.get_http_version()
        request.keeps_alive = self._parser.should_keep_alive()
        self._check_head(request)
        self.reading = Reading.BODY
        self._limit = self._body_limit(request.method, request.path)
        lengths = request.values(b"content-length")
        if lengths and int(lengths[0]) > self._limit:
            raise self._cut(int(lengths[0]))
        expectations = [value.lower() for value in request.values(b"expect")]
        self.expects_continue = b"100-continue" in expectations and request.version == "1.1"

    def _check_head(self, request: Request) -> None:
        """Refuse what llhttp takes, and another server in front of us might read otherwise."""
        codings = request.values(b"transfer-encoding")
        hosts = request.values(b"host")
        is_one_way = (
            request.version in {"1.0", "1.1"}
            and request.method != "CONNECT"
            and _TARGET.fullmatch(request.target) is not None
            and (not codings or ([each.lower() for each in codings] == [b"chunked"]))
            and (not codings or request.version == "1.1")
            and (len(hosts) == 1 or (not hosts and request.version == "1.0"))
        )
        if not is_one_way:
            raise self._refuse(HTTPStatus.BAD_REQUEST)

    def on_body(self, part: bytes) -> None:
        request = self._request
        self.expects_continue = False
        self.body_bytes += len(part)
        if self.body_bytes > self._limit:
            raise self._cut(self.body_bytes)
        if request.body is None:
            request.body = BytesIO()
        request.body.write(part)

    def on_message_complete(self) -> None:
        request = self._request
        request.length = self.body_bytes
        if request.body is not None:
            request.body.seek(0)
        self._hand_over(request)

    def _cut(self, length: int) -> _Enough:
        """Hand over what is too long, for the application to refuse in its own words."""
        request = self._request
        request.body, request.length, request.is_cut = None, length, True
        request.keeps_alive = False
        self._hand_over(request)
        return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def _hand_over(self, request: Request) -> None:
        self.reading = Reading.NOTHING
        self.expects_continue = False
        self.whole.append(request)

    def _refuse(self, status: HTTPStatus) -> _Enough:
        """Note why nothing is read any more; return what to raise in the parser."""
        self.refused = self.refused or status
        return _Enough()
