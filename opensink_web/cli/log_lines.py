"""How lines of the log are written."""

import logging

from opensink_web.trace_context import current_trace

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class TracedLines(logging.Formatter):
    """Ends a line with the trace of the call that was answered or made when it was written."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        line, trace = super().formatMessage(record), current_trace()
        return line if trace is None else f'{line} trace_id="{trace.trace_id}"'


def set_up() -> None:
    """Write what is logged to stderr, ours from INFO on."""
    handler = logging.StreamHandler()
    handler.setFormatter(TracedLines(_FORMAT))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("opensink").setLevel(logging.INFO)
