"""Counting tries: how many there are, when they come back, and whose they are."""

from datetime import UTC, datetime, timedelta

import pytest

from opensink_web import clock
from opensink_web.rate_limit import MemoryLimiter, Rate, network_of

THREE_A_MINUTE = Rate("test", 3, 60)


@pytest.fixture
def limiter() -> MemoryLimiter:
    return MemoryLimiter()


@pytest.fixture(autouse=True)
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands at the seconds in this list's only place."""
    passed = [0.0]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(seconds=passed[0]))
    return passed


def taken(limiter: MemoryLimiter, count: int, key: str = "a") -> list[float]:
    return [limiter.take(THREE_A_MINUTE, key) for _ in range(count)]


def test_so_many_at_once_and_then_one_each_interval(
    limiter: MemoryLimiter, seconds: list[float]
) -> None:
    assert taken(limiter, 4) == [0, 0, 0, 20]
    seconds[0] = 19
    assert taken(limiter, 1) == [1]
    seconds[0] = 20
    assert taken(limiter, 2) == [0, 20]


def test_refused_tries_do_not_put_off_the_next(
    limiter: MemoryLimiter, seconds: list[float]
) -> None:
    taken(limiter, 100)
    seconds[0] = 20
    assert taken(limiter, 1) == [0]


def test_after_a_while_all_are_back_and_no_more(
    limiter: MemoryLimiter, seconds: list[float]
) -> None:
    taken(limiter, 3)
    seconds[0] = 1000
    assert taken(limiter, 4) == [0, 0, 0, 20]


def test_a_try_can_be_given_back(limiter: MemoryLimiter) -> None:
    for _ in range(10):
        assert taken(limiter, 1) == [0]
        limiter.give_back(THREE_A_MINUTE, "a")
    assert taken(limiter, 4) == [0, 0, 0, 20], "and nobody gets more than there were"


def test_looking_ahead_uses_nothing_up(limiter: MemoryLimiter) -> None:
    assert [limiter.seconds_to_wait(THREE_A_MINUTE, "a") for _ in range(9)] == [0] * 9
    taken(limiter, 3)
    assert limiter.seconds_to_wait(THREE_A_MINUTE, "a") == 20


def test_keys_and_rates_do_not_share(limiter: MemoryLimiter) -> None:
    taken(limiter, 3)
    assert taken(limiter, 1, "b") == [0]
    assert limiter.take(Rate("other", 1, 60), "a") == 0


def test_memory_has_an_end_and_keeps_who_came_last() -> None:
    limiter = MemoryLimiter(keys_kept=2)
    for key in ("a", "b", "b", "b", "a", "c"):
        limiter.take(THREE_A_MINUTE, key)
    assert taken(limiter, 2) == [0, 20], "it has tried twice before"
    assert taken(limiter, 1, "b") == [0], "it was forgotten"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "::ffff:203.0.113.9"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_an_address_counts_for_its_network(address: str, network: str) -> None:
    assert network_of(address) == network
