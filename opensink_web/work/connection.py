"""The connections to Redis: one that gives up at once, one that waits for work."""

import time
from typing import Any

from redis import Redis
from redis import TimeoutError as RedisTimeoutError
from redis.backoff import NoBackoff
from redis.retry import Retry

from opensink_web.work.stop_signal import StopSignal

# Half a second together: a server that is frozen may still let one connect, and answers nothing.
CONNECT_TIMEOUT_SECONDS = 0.2
ANSWER_TIMEOUT_SECONDS = 0.3
_LATE_SECONDS = 10
"""An answer may come so much later than Redis was asked to wait."""


def announcing_connection(redis_url: str) -> Redis:
    """Connect for the web: whoever answers a request waits half a second for Redis, not more.

    Nothing is asked while connecting (RESP 2, no name given), for each answer has its own limit.
    """
    return Redis.from_url(
        redis_url,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=ANSWER_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        driver_info=None,
    )


def working_connection(redis_url: str) -> Redis:
    """Connect for a worker; RQ sets the time limit for an answer."""
    return Redis.from_url(
        redis_url,
        socket_connect_timeout=2,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 0),
    )


def pop_in_time(connection: Redis, key: str, seconds: int, stop: StopSignal) -> Any:
    """Take the first element of a list, for which it waits so long; None when there was none.

    A stop ends the waiting too, which redis-py itself goes on with unless a handler raises.
    """
    pool = connection.connection_pool
    held: Any = pool.get_connection()
    answer, is_answered = None, False
    try:
        if not stop.is_set:
            held.send_command("BLPOP", key, seconds)
            ends_at = time.monotonic() + seconds + _LATE_SECONDS
            while not (is_there := held.can_read()) and not stop.is_set:
                left = ends_at - time.monotonic()
                if left <= 0:
                    raise RedisTimeoutError("Redis does not answer")
                stop.wait(left, held._get_socket())
            if is_there:
                answer, is_answered = held.read_response(), True
    finally:
        if not is_answered:
            held.disconnect()  # an answer that came late would be taken for that to the next
        pool.release(held)
    return answer and answer[1]
