"""In which trace calls are made, by W3C Trace Context: a given one, or else OpenTelemetry's."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any

NAMES = ("traceparent", "tracestate")
_given: ContextVar[Mapping[str, str] | None] = ContextVar("opensink_trace", default=None)


@contextmanager
def tracing(trace: str | Mapping[str, str]) -> Iterator[None]:
    """Make the calls of this block in a trace: a `traceparent`, or headers that may have one.

    Such as those of the call that OpenSink made, or the `trace` of what `verify_call` returns.
    """
    token = _given.set(trace_in(trace))
    try:
        yield
    finally:
        _given.reset(token)


def trace_in(trace: str | Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a trace, and no others."""
    headers: Mapping[str, str] = {NAMES[0]: trace} if isinstance(trace, str) else trace
    return {name.lower(): value for name, value in headers.items() if name.lower() in NAMES}


def trace_headers() -> Mapping[str, str]:
    """Return the headers of the trace that goes on; OpenTelemetry's where a program has that."""
    given = _given.get()
    if given is not None:
        return given
    if "opentelemetry.trace" not in sys.modules:
        return {}
    headers: dict[str, str] = {}
    propagation: Any = import_module("opentelemetry.propagate")
    propagation.inject(headers)
    return trace_in(headers)
