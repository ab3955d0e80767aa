"""What is read without http.client is read as http.client reads it, and only in one form."""

import io
from http.client import HTTPResponse
from typing import Any

import pytest

from opensink_web.outbound.whole_response import read_whole

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\n{}"


class Sent:
    """A socket that http.client reads an answer from."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self.data)


@pytest.mark.parametrize(
    "data",
    [
        WHOLE,
        b"HTTP/1.1 500 \r\ncontent-length:2\r\n\r\n{}",
        HEAD + b"X-Empty:\r\nX-Spaces:  a  b \r\nContent-Length: 0\r\nX-A: 1\r\nX-a: 2\r\n\r\n",
        HEAD + b"Connection: Keep-Alive\r\nContent-Length: 3\r\n\r\n\r\n\0",
    ],
)
def test_the_commonest_form_is_read_as_http_client_does(data: bytes) -> None:
    sent: Any = Sent(data)
    response = HTTPResponse(sent, method="POST")
    response.begin()
    whole = read_whole(data, "POST")
    assert whole is not None
    assert (whole.status, list(whole.headers)) == (response.status, response.headers.items())
    assert not response.will_close
    assert whole.body == response.read()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        WHOLE[:-1],
        WHOLE + b"H",
        WHOLE[:40],
        WHOLE.replace(b"1.1", b"1.0"),
        WHOLE.replace(b"200", b"100"),
        WHOLE.replace(b"200", b"204"),
        WHOLE.replace(b"200", b"304"),
        WHOLE.replace(b"200", b"2000"),
        WHOLE.replace(b"\r\n", b"\n"),
        WHOLE.replace(b"Content-Type:", b"Content-Type :"),
        WHOLE.replace(b"application", b"\r\n application"),
        WHOLE.replace(b"application", b"\xe9"),
        WHOLE.replace(b"application", b"\0"),
        WHOLE.replace(b"Length: 2", b"Length: +2"),
        WHOLE.replace(b"Length: 2", b"Length: 2, 2"),
        HEAD + b"\r\n",
        HEAD + b"Content-Length: 2\r\ncontent-length: 2\r\n\r\n{}",
        HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"X: 1\r\n" * 100 + b"Content-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_every_other_is_left_to_http_client(data: bytes) -> None:
    assert read_whole(data, "POST") is None


def test_an_answer_without_a_body_because_none_was_asked_for_is_too() -> None:
    assert read_whole(HEAD + b"Content-Length: 0\r\n\r\n", "HEAD") is None
