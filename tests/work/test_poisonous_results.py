"""Results that no database could keep fail their execution alone, and say why."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from flask import Flask

from opensink_web.models import BatchStatus, ExecutionStatus
from tests.conftest import Cast
from tests.support.executions import batch, execution, make_function, submit_many

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]

LONG = "x" * 1024 * 1024
ANSWERS: tuple[tuple[int, bytes, str | None], ...] = (
    (200, b'{"text": "sound"}', None),
    (200, b'{"text": "nul \\u0000"}', "a NUL character"),
    (200, b'{"key \\u0000": 1}', "a NUL character"),
    (200, b'{"text": "nul \x00"}', "cannot be taken as JSON"),
    (200, b'{"text": "half \\ud800"}', "half a surrogate pair"),
    (200, b'{"text": "\xff\xfe"}', "not valid UTF-8"),
    (200, b'{"number": 1e999}', "a number that is too large"),
    (200, b'{"number": -1e999}', "a number that is too large"),
    (200, b'{"number": NaN}', "NaN is not a JSON number"),
    (200, b'{"number": 1' + b"0" * 5000 + b"}", "a number that is too large"),
    (200, b'{"a": 1, "a": 2}', "a key occurs twice"),
    (200, b"[" * 100_000 + b"]" * 100_000, "deeper than 64"),
    (200, b"[" * 65 + b"]" * 65, "deeper than 64"),
    (200, json.dumps(LONG).encode(), "longer than 1 MiB"),
    (200, json.dumps(LONG[:-2]).encode(), None),
    (200, b"[" * 64 + b"]" * 64, None),
    (200, b'{"number": 1' + b"0" * 399 + b"}", None),
    (200, b'{"number": 1.7976931348623157e308}', None),
    (200, '{"text": "\N{PILE OF POO} \N{LATIN SMALL LETTER U WITH DIAERESIS}"}'.encode(), None),
    (200, b"", "an empty body"),
    (500, b'{"error": "nul \\u0000"}', "nul \ufffd"),
    (500, b'{"error": "half \\ud800 and \\udfff"}', "half \ufffd and \ufffd"),
    (500, b"[" * 100_000, "500"),
    (200, b'{"status": "awaiting_input", "prompt": "\\ud800", "schema": {}}', "surrogate"),
    (
        200,
        b'{"status": "awaiting_input", "prompt": "a", "schema": {"type": 7}}',
        "the question is not valid",
    ),
)
"""The status and the body; a part of the error, None where the output can be kept."""


@pytest.fixture(scope="module")
def endpoint_url() -> Iterator[str]:
    """An endpoint that answers an input's number with that one of the ANSWERS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            called = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body, _ = ANSWERS[called["input"]["n"]]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_poisonous_result_fails_its_execution_alone(
    app: Flask, cast: Cast, work: Callable[[], None], endpoint_url: str
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice, endpoint_url)
        submitted = submit_many(cast.alice, function_id, len(ANSWERS))
        work()
        ended = [execution(each) for each in submitted.execution_ids]
        assert batch(submitted.id).ended_as is BatchStatus.PARTIAL
    for (_, body, error), each in zip(ANSWERS, ended, strict=True):
        if error is None:
            assert each.status is ExecutionStatus.COMPLETED, (body[:80], each.error)
            assert each.output_data == json.loads(body)
        else:
            assert each.status is ExecutionStatus.FAILED, body[:80]
            assert error in (each.error or ""), body[:80]
        assert [step.kind for step in each.steps] == ["queued", "started", each.status]
