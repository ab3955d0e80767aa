"""An answer in its commonest form, which came in one piece; http.client reads all the others.

What http.client does with the head of an answer costs more than the rest of a call. This knows one
form alone: HTTP/1.1, header lines without anything unusual, one length, and a body of just that
length. Whatever differs in the least is none of this module's business (RFC 9112).
"""

import re
from dataclasses import dataclass

_HEAD = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9][0-9]) [\x20-\x7e]*\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\x20-\x7e]*\r\n){1,99})\r\n"
)
_LENGTH = re.compile(r"[0-9]{1,9}")
_WITHOUT_BODY = frozenset((204, 304))


@dataclass(frozen=True, slots=True)
class WholeResponse:
    """An answer that was read to its end; the connection stays open."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def read_whole(data: bytes, method: str) -> WholeResponse | None:
    """Read what has come first of an answer; None unless it is all of one in the commonest form."""
    head = _HEAD.match(data)
    if head is None or method == "HEAD":
        return None
    status, body = int(head[1]), data[head.end() :]
    lines = head[2].decode("ascii").split("\r\n")[:-1]
    headers = tuple((name, value.lstrip()) for name, _, value in (e.partition(":") for e in lines))
    lengths = []
    for name, value in headers:
        match name.lower():
            case "content-length":
                lengths.append(value)
            case "connection" if value.lower() != "keep-alive":
                return None
            case "transfer-encoding":
                return None
    if status in _WITHOUT_BODY or len(lengths) != 1 or not _LENGTH.fullmatch(lengths[0]):
        return None
    return WholeResponse(status, headers, body) if len(body) == int(lengths[0]) else None
