"""Reading W3C Trace Context, and writing it for the calls that go on with a trace."""

import pytest

from opensink_web.trace_context import (
    TraceContext,
    current_trace,
    is_trace_id,
    read_trace,
    span_id_of,
    tracing,
)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"


def state_of(tracestate: str) -> str | None:
    trace = read_trace(TRACEPARENT, tracestate)
    assert trace is not None
    return trace.state


@pytest.mark.parametrize(
    ("traceparent", "flags"),
    [
        (TRACEPARENT, "01"),
        (f" {TRACEPARENT}\t", "01"),
        (f"00-{TRACE}-{SPAN}-00", "00"),
        (f"00-{TRACE}-{SPAN}-03", "03"),
        (f"00-{TRACE}-{SPAN}-ff", "03"),
        (f"01-{TRACE}-{SPAN}-01", "01"),
        (f"fe-{TRACE}-{SPAN}-01-what-comes-later", "01"),
        (f"cc-{TRACE}-{SPAN}-01-", "01"),
    ],
)
def test_a_trace_is_read_by_its_first_fields(traceparent: str, flags: str) -> None:
    assert read_trace(traceparent) == TraceContext(TRACE, SPAN, flags)


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "nonsense",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        TRACEPARENT.upper(),
        f"{TRACEPARENT}-more",
        f"{TRACEPARENT}-",
        f"01-{TRACE}-{SPAN}-01.more",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"0-{TRACE}-{SPAN}-01",
        f"{TRACEPARENT},{TRACEPARENT}",
        f"{TRACEPARENT}\n",
        TRACEPARENT.replace("4", "\u0664"),
    ],
)
def test_what_is_none_is_no_error(traceparent: str) -> None:
    assert read_trace(traceparent, "vendor=1") is None


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("", None),
        ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        ("a=1 , b=2,,\tc=3", "a=1,b=2,c=3"),
        ("0tenant@system=x y", "0tenant@system=x y"),
        ("a=1,a=2", None),
        ("A=1", None),
        ("a", None),
        ("a=", None),
        ("a=1=2", None),
        ("a=\u00fc", None),
        (",".join(f"k{n}=v" for n in range(32)), ",".join(f"k{n}=v" for n in range(32))),
        (",".join(f"k{n}=v" for n in range(33)), None),
        # of what is too long, large members go first, then the last ones
        (f"a={'x' * 255},b={'y' * 255},c=1", f"a={'x' * 255},c=1"),
        (
            ",".join(f"k{n}={'v' * 100}" for n in range(6)),
            ",".join(f"k{n}={'v' * 100}" for n in range(4)),
        ),
    ],
)
def test_state_is_kept_whole_or_shortened_by_members(sent: str, kept: str | None) -> None:
    assert state_of(sent) == kept


def test_a_call_is_a_span_of_its_own_in_the_same_trace() -> None:
    trace = read_trace(f"cc-{TRACE}-{SPAN}-01-x", "vendor=1")
    assert trace is not None
    first, second = span_id_of("delivery", 1), span_id_of("delivery", 2)
    assert first == span_id_of("delivery", 1) != second
    assert trace.headers(first) == (
        ("traceparent", f"00-{TRACE}-{first}-01"),
        ("tracestate", "vendor=1"),
    )
    assert read_trace(trace.headers(first)[0][1]) == TraceContext(TRACE, first, "01")


def test_an_id_is_32_hexadecimal_digits() -> None:
    assert is_trace_id(TRACE)
    assert not is_trace_id(TRACE.upper())
    assert not is_trace_id("0" * 32)
    assert not is_trace_id(TRACE + "0")


def test_what_happens_in_a_block_belongs_to_its_trace() -> None:
    trace = TraceContext(TRACE, SPAN, "01")
    with tracing(trace):
        assert current_trace() is trace
        with tracing(None):
            assert current_trace() is None
        assert current_trace() is trace
    assert current_trace() is None
