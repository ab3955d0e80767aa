"""How lines of the log are written."""

import logging

from opensink_web.cli.log_lines import TracedLines
from opensink_web.trace_context import TraceContext, tracing


def line() -> str:
    record = logging.LogRecord("opensink.api", logging.INFO, "", 1, "%s failed", ("It",), None)
    return TracedLines("%(levelname)s %(name)s: %(message)s").format(record)


def test_a_line_ends_with_the_trace_in_which_it_was_written() -> None:
    with tracing(TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "01")):
        assert line() == 'INFO opensink.api: It failed trace_id="4bf92f3577b34da6a3ce929d0e0e4736"'
    assert line() == "INFO opensink.api: It failed"
