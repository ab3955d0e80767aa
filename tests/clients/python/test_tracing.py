"""In which trace the client makes its calls: what is given, OpenTelemetry's, or none."""

import sys
from types import ModuleType

import pytest

from opensink_client import AsyncClient, Client, tracing, verify_call
from tests.support.event_loop import run_coroutine
from tests.support.http_server import HttpServer, Received, Reply

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = TRACEPARENT.replace("4b", "5c")


class Listening(HttpServer):
    """Keeps the trace that each call comes with."""

    def __init__(self) -> None:
        self.traces: list[tuple[str | None, str | None]] = []

    def respond(self, received: Received) -> Reply:
        headers = received.headers
        self.traces.append((headers.get("traceparent"), headers.get("tracestate")))
        return Reply(body=b"[]")


def test_calls_of_a_block_belong_to_its_trace() -> None:
    with Listening() as server, Client(server.origin, "key") as client:
        with tracing(TRACEPARENT):
            client.list_executions()
        with tracing({"Traceparent": TRACEPARENT, "tracestate": "a=1", "X-Other": "1"}):
            client.list_executions()
        client.list_executions()
    assert server.traces == [(TRACEPARENT, None), (TRACEPARENT, "a=1"), (None, None)]


def test_a_client_can_have_a_trace_of_its_own() -> None:
    with Listening() as server, Client(server.origin, "key", traceparent=OTHER) as client:
        client.list_executions()
        with tracing(TRACEPARENT):
            client.list_executions()
    assert server.traces == [(OTHER, None), (TRACEPARENT, None)]


def test_the_asynchronous_client_goes_on_with_it_too() -> None:
    async def call(url: str) -> None:
        async with AsyncClient(url, "key") as client:
            with tracing(TRACEPARENT):
                await client.list_executions()

    with Listening() as server:
        run_coroutine(call(server.origin))
    assert server.traces == [(TRACEPARENT, None)]


def test_a_program_that_has_opentelemetry_needs_to_say_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def inject(carrier: dict[str, str]) -> None:
        carrier.update({"traceparent": TRACEPARENT, "baggage": "customer=7"})

    package, propagation = ModuleType("opentelemetry"), ModuleType("opentelemetry.propagate")
    vars(propagation)["inject"] = inject
    modules = {"": package, ".trace": ModuleType("opentelemetry.trace"), ".propagate": propagation}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, f"opentelemetry{name}", module)
    with Listening() as server, Client(server.origin, "key") as client:
        client.list_executions()
        with tracing(OTHER):
            client.list_executions()
    assert server.traces == [(TRACEPARENT, None), (OTHER, None)]


def test_a_call_that_was_verified_says_its_trace() -> None:
    headers = {"X-OpenSink-Secret": "s", "Traceparent": TRACEPARENT, "Tracestate": "a=1"}
    call = verify_call(headers, b"{}", execution_secret="s")
    assert call.trace == {"traceparent": TRACEPARENT, "tracestate": "a=1"}
    assert verify_call({"X-OpenSink-Secret": "s"}, b"{}", execution_secret="s").trace == {}
