"""Which workers are alive, told by themselves every two seconds."""

import logging
import threading
import time
from collections.abc import Callable

from redis import Redis, RedisError

from opensink_web.services import Readiness

_KEY = "opensink:workers"
_BEAT_SECONDS = 2.0
_COUNTS_AS_ALIVE_SECONDS = 6.0
_log = logging.getLogger(__name__)


def readiness(connection: Redis) -> Readiness:
    """Ask Redis whether it is there and how many workers are. Never raises."""
    try:
        alive = connection.zcount(_KEY, time.time() - _COUNTS_AS_ALIVE_SECONDS, "+inf")
    except (RedisError, OSError):
        return Readiness(redis=False, workers=0)
    return Readiness(redis=True, workers=int(alive))


class Presence:
    """Says in the background that this worker is alive, as long as it is entered."""

    def __init__(self, connection: Redis, name: str) -> None:
        self._connection = connection
        self._name = name
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="presence", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._tell(lambda: self._connection.zrem(_KEY, self._name))

    def _beat(self) -> None:
        while not self._stopped.is_set():
            self._tell(self._say)
            self._stopped.wait(_BEAT_SECONDS)

    def _say(self) -> None:
        moment = time.time()
        with self._connection.pipeline() as pipeline:
            pipeline.zadd(_KEY, {self._name: moment})
            pipeline.zremrangebyscore(_KEY, "-inf", moment - 10 * _COUNTS_AS_ALIVE_SECONDS)
            pipeline.execute()

    def _tell(self, say: Callable[[], object]) -> None:
        try:
            say()
        except (RedisError, OSError) as error:
            _log.warning("Redis did not hear that worker %s is alive: %s", self._name, error)
