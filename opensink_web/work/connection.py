"""The connections to Redis: one that gives up at once, one that waits for work."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# Half a second together: a server that is frozen may still let one connect, and answers nothing.
CONNECT_TIMEOUT_SECONDS = 0.2
ANSWER_TIMEOUT_SECONDS = 0.3


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
    """Connect for a worker or the sweeper; RQ sets the time limit for its own blocking wait."""
    return Redis.from_url(
        redis_url,
        socket_connect_timeout=2,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 0),
    )
