"""How long to wait between attempts, and when to stop."""

from random import Random

import pytest

from opensink_web.outbound.retry import MAX_DELAY_SECONDS, RetrySchedule


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
    found = delays(RetrySchedule(max_attempts=10, backoff_seconds=2), attempt)
    assert 0 <= min(found) < ceiling * 0.1
    assert ceiling * 0.9 < max(found) <= ceiling


@pytest.mark.parametrize("attempt", [20, 10_000])
def test_a_wait_never_exceeds_the_cap(attempt: int) -> None:
    found = delays(RetrySchedule(max_attempts=20_000), attempt)
    assert MAX_DELAY_SECONDS * 0.9 < max(found) <= MAX_DELAY_SECONDS
