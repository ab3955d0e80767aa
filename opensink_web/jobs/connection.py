"""The connections to Redis: one that gives up at once, one that waits for work."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

ANNOUNCE_TIMEOUT_SECONDS = 0.5


def announcing_connection(redis_url: str) -> Redis:
    """Connect for the web: whoever answers a request waits half a second for Redis, not more."""
    return Redis.from_url(
        redis_url,
        socket_connect_timeout=ANNOUNCE_TIMEOUT_SECONDS,
        socket_timeout=ANNOUNCE_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def working_connection(redis_url: str) -> Redis:
    """Connect for a worker or the sweeper; RQ sets the time limit for its own blocking wait."""
    return Redis.from_url(
        redis_url,
        socket_connect_timeout=2,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 0),
    )
