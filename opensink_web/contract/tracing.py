"""The trace that a request came with: everything that happens because of it belongs to that."""

from flask import Flask, request

from opensink_web.contract.surface import surface_of
from opensink_web.trace_context import TRACEPARENT, TRACESTATE, enter_trace, read_trace


def set_up(app: Flask) -> None:
    """Let operations know of the trace of the request that is being answered."""
    app.before_request(_enter)
    app.teardown_request(_leave)


def _enter() -> None:
    traceparent = request.headers.get(TRACEPARENT)
    # a person's browser, or the proxy before us, asks for nothing and goes on with nothing
    if traceparent is None or surface_of(request.path) is None:
        enter_trace(None)
    else:
        enter_trace(read_trace(traceparent, ",".join(request.headers.getlist(TRACESTATE))))


def _leave(_error: BaseException | None) -> None:
    enter_trace(None)
