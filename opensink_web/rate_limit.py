"""How often somebody may try: a rate, and counters of tries in this process's memory.

The arithmetic is the generic cell rate algorithm (ITU-T I.371, annex A): of each key no more is
kept than the moment at which all its tries are back, so a refusal can say exactly for how long.
"""

import ipaddress
import threading
from dataclasses import dataclass
from typing import Protocol

from opensink_web import clock

KEYS_KEPT = 50_000
"""Above this the key that was used longest ago is forgotten, so that memory has an end."""
ROUNDING_SECONDS = 0.001
"""Sums of times are not exact; nobody waits for so little."""
_IPV6_PREFIX_BITS = 64


def network_of(address: str) -> str:
    """Return whom tries from an address are counted for: itself, or its network if it is IPv6.

    Every customer of a provider has as many IPv6 addresses as they like, in one network of 64 bits.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, _IPV6_PREFIX_BITS), strict=False))
    return address


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` tries at once, and from then on another every `seconds / count`."""

    name: str
    count: int
    seconds: float

    @property
    def interval_seconds(self) -> float:
        """How long it takes until one try is back."""
        return self.seconds / self.count


class RateLimiter(Protocol):
    """Counts the tries of each key of a rate. Nothing here raises."""

    def take(self, rate: Rate, key: str) -> float:
        """Use up a try and return 0; if none is left, return in how many seconds one is."""

    def give_back(self, rate: Rate, key: str) -> None:
        """Undo a try that does not count after all."""

    def seconds_to_wait(self, rate: Rate, key: str) -> float:
        """Return what take() would, and use nothing up."""


class MemoryLimiter:
    """Counts in this process: for nothing, and for nobody else."""

    def __init__(self, keys_kept: int = KEYS_KEPT) -> None:
        self._keys_kept = keys_kept
        self._lock = threading.Lock()
        self._full_at: dict[tuple[str, str], float] = {}

    def take(self, rate: Rate, key: str) -> float:
        """Use up a try, as RateLimiter has it."""
        with self._lock:
            wait = self._wait(rate, key)
            if wait == 0:
                self._move(rate, key, rate.interval_seconds)
            return wait

    def give_back(self, rate: Rate, key: str) -> None:
        """Undo a try, as RateLimiter has it."""
        with self._lock:
            self._move(rate, key, -rate.interval_seconds)

    def seconds_to_wait(self, rate: Rate, key: str) -> float:
        """Look ahead, as RateLimiter has it."""
        with self._lock:
            return self._wait(rate, key)

    def _wait(self, rate: Rate, key: str) -> float:
        moment = clock.now().timestamp()
        full_at = self._full_at.get((rate.name, key), moment)
        wait = full_at + rate.interval_seconds - rate.seconds - moment
        return wait if wait > ROUNDING_SECONDS else 0.0

    def _move(self, rate: Rate, key: str, seconds: float) -> None:
        moment = clock.now().timestamp()
        full_at = self._full_at.pop((rate.name, key), moment)
        self._full_at[rate.name, key] = max(moment, full_at) + seconds
        if len(self._full_at) > self._keys_kept:
            del self._full_at[next(iter(self._full_at))]
