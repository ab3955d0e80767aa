"""How long to wait between attempts, and when to stop."""

from datetime import UTC, datetime
from random import Random

import pytest

from opensink_web.outbound.retry import (
    BACKOFF_MAX_SECONDS_DEFAULT,
    RETRY_AFTER_MAX_SECONDS,
    RetrySchedule,
    retry_after_seconds,
)


def delays(schedule: RetrySchedule, attempt: int) -> list[float]:
    found = [schedule.next_delay_seconds(attempt, Random(seed)) for seed in range(300)]
    return [delay for delay in found if delay is not None]


def test_by_default_nothing_is_tried_again() -> None:
    assert RetrySchedule().next_delay_seconds(1, Random(1)) is None


def test_stops_after_the_last_attempt() -> None:
    schedule = RetrySchedule(max_attempts=3)
    waits = [schedule.next_delay_seconds(attempt, Random(1)) for attempt in (1, 2, 3, 4)]
    assert [wait is None for wait in waits] == [False, False, True, True]


@pytest.mark.parametrize(("attempt", "ceiling"), [(1, 2), (2, 4), (3, 8), (4, 16)])
def test_the_ceiling_doubles_and_the_jitter_fills_it(attempt: int, ceiling: float) -> None:
    found = delays(RetrySchedule(max_attempts=10, initial_seconds=2), attempt)
    assert 0 <= min(found) < ceiling * 0.1
    assert ceiling * 0.9 < max(found) <= ceiling


@pytest.mark.parametrize("attempt", [20, 10_000])
def test_a_wait_never_exceeds_the_cap(attempt: int) -> None:
    found = delays(RetrySchedule(max_attempts=20_000), attempt)
    assert BACKOFF_MAX_SECONDS_DEFAULT * 0.9 < max(found) <= BACKOFF_MAX_SECONDS_DEFAULT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 59),
        ("Friday, 31-Dec-99 23:59:59 GMT", 59),
        ("Fri Dec 31 23:59:59 1999", 59),
        ("Fri, 31 Dec 1999 23:00:00 GMT", 0),
        ("99999999999999999999", RETRY_AFTER_MAX_SECONDS),
        ("Fri, 31 Dec 2100 23:59:59 GMT", RETRY_AFTER_MAX_SECONDS),
        *((nonsense, 0) for nonsense in ("", "-5", "1.5", "soon", "\u00b2", "Fri, 99 Dec 1999")),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date_and_bounded(text: str, seconds: int) -> None:
    now = datetime(1999, 12, 31, 23, 59, 0, tzinfo=UTC)
    assert retry_after_seconds((("retry-after", text),), now) == seconds


def test_without_retry_after_nothing_is_asked_for() -> None:
    assert retry_after_seconds((("date", "120"),), datetime.now(UTC)) == 0
