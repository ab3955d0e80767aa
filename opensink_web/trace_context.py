"""W3C Trace Context: by which trace a program that calls us, and one that we call, find each other.

Read by https://www.w3.org/TR/trace-context-2/. What cannot be read is no error: there is no trace
then, and none is begun, for nothing here would show its beginning.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

TRACEPARENT, TRACESTATE = NAMES = ("traceparent", "tracestate")
TRACE_ID_LENGTH, SPAN_ID_LENGTH = 32, 16
STATE_LENGTH_MAX = 512
STATE_MEMBERS_MAX = 32
_LARGE_MEMBER = 128
"""Longer members of a list that is too long go first (section 3.3.1.5)."""
_KNOWN_FLAGS = 0b11
"""Sampled and random; a version that we do not know may have others, which are not ours to send."""
_PARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_MEMBER = re.compile(
    r"(?P<key>[a-z0-9][a-z0-9_\-*/@]{0,255})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A trace, the span in it that has called us, its flags, and what tracing systems add to it."""

    trace_id: str
    parent_id: str
    flags: str
    state: str | None = None

    def headers(self, span_id: str) -> tuple[tuple[str, str], ...]:
        """Return what a call of ours carries that is a span of this trace."""
        parent = (TRACEPARENT, f"00-{self.trace_id}-{span_id}-{self.flags}")
        return (parent,) if self.state is None else (parent, (TRACESTATE, self.state))


def read_trace(traceparent: str, tracestate: str = "") -> TraceContext | None:
    """Read the two headers, each as it is with commas between several; None if there is no trace.

    A `tracestate` that is not valid is left out, and does no harm to the other.
    """
    match = _PARENT.fullmatch(traceparent.strip(" \t"))
    if match is None or (match["version"] == "00" and match["more"] is not None):
        return None
    if set(match["trace"]) == {"0"} or set(match["parent"]) == {"0"}:
        return None
    flags = int(match["flags"], 16) & _KNOWN_FLAGS
    return TraceContext(match["trace"], match["parent"], f"{flags:02x}", _read_state(tracestate))


def is_trace_id(text: str) -> bool:
    """Return True if a trace can have this id."""
    return re.fullmatch(r"[0-9a-f]{32}", text) is not None and set(text) != {"0"}


def span_id_of(*what: object) -> str:
    """Return the id of the span that is this call: the same for the same, another for any other."""
    digest = hashlib.blake2b("\n".join(map(str, what)).encode(), digest_size=8).hexdigest()
    return digest if set(digest) != {"0"} else f"{1:016x}"


def current_trace() -> TraceContext | None:
    """Return the trace of the call that is being answered, or made."""
    return _current.get()


@contextmanager
def tracing(trace: TraceContext | None) -> Iterator[None]:
    """Let what happens in the block belong to this trace."""
    token = _current.set(trace)
    try:
        yield
    finally:
        _current.reset(token)


def enter_trace(trace: TraceContext | None) -> None:
    """Let what happens from now on in this thread belong to this trace, or to none."""
    _current.set(trace)


_current: ContextVar[TraceContext | None] = ContextVar("trace", default=None)


def _read_state(text: str) -> str | None:
    members = [member for each in text.split(",") if (member := each.strip(" \t"))]
    keys = [match["key"] for each in members if (match := _MEMBER.fullmatch(each))]
    is_valid = len(keys) == len(members) == len(set(keys)) <= STATE_MEMBERS_MAX
    if not is_valid or not members:
        return None
    # the oldest are last; those that are large go before them
    by_loss = sorted(members, key=lambda each: len(each) > _LARGE_MEMBER)
    while members and len(",".join(members)) > STATE_LENGTH_MAX:
        members.remove(by_loss.pop())
    return ",".join(members) or None
