"""Tries that all web servers count together, in Redis; without it, each counts on by itself."""

import logging

from redis import Redis, RedisError

from opensink_web import clock
from opensink_web.rate_limit import MemoryLimiter, Rate
from opensink_web.work.circuit_breaker import CircuitBreaker

# The same arithmetic as MemoryLimiter's. Times are in seconds; the key goes when it says nothing.
_SCRIPT = """
local now, window, tries = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
local interval = tonumber(ARGV[3])
local full_at = math.max(now, tonumber(redis.call("GET", KEYS[1]) or 0))
local wait = full_at + interval - window - now
if wait < 0.001 then wait = 0 end
if tries < 0 or (tries > 0 and wait == 0) then
  local spent = full_at + tries * interval - now
  if spent > 0 then
    local moment = string.format("%.6f", now + spent)
    redis.call("SET", KEYS[1], moment, "PX", math.ceil(spent * 1000))
  else
    redis.call("DEL", KEYS[1])
  end
end
return string.format("%.6f", wait)
"""
_log = logging.getLogger(__name__)


class SharedLimiter:
    """A RateLimiter on Redis; what it counts is also counted here, so its loss forgets nothing."""

    def __init__(self, connection: Redis, breaker: CircuitBreaker) -> None:
        self._connection = connection
        self._breaker = breaker
        self._here = MemoryLimiter()

    def take(self, rate: Rate, key: str) -> float:
        """Use up a try, as RateLimiter has it."""
        wait = self._ask(rate, key, 1)
        if wait:
            return wait
        alone = self._here.take(rate, key)
        return alone if wait is None else 0.0

    def give_back(self, rate: Rate, key: str) -> None:
        """Undo a try, as RateLimiter has it."""
        self._ask(rate, key, -1)
        self._here.give_back(rate, key)

    def seconds_to_wait(self, rate: Rate, key: str) -> float:
        """Look ahead, as RateLimiter has it."""
        wait = self._ask(rate, key, 0)
        return self._here.seconds_to_wait(rate, key) if wait is None else wait

    def _ask(self, rate: Rate, key: str, tries: int) -> float | None:
        """Count tries in Redis and return how long to wait; None when Redis does not answer."""
        begun_at = self._breaker.begin()
        if begun_at is None:
            return None
        times = (f"{clock.now().timestamp():.6f}", rate.seconds, rate.interval_seconds)
        try:
            answer = self._connection.eval(_SCRIPT, 1, f"limit:{rate.name}:{key}", *times, tries)
        except (RedisError, OSError) as error:
            _log.warning("Redis does not count tries; this process does so alone: %s", error)
            return None
        finally:
            self._breaker.end(begun_at)
        return float(answer)
