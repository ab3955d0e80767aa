"""Telling every web process what changed: pages that are open look again.

As best one can: a message names workspaces and what of them changed, and nothing else. Whoever
listens is told when it may have missed something, and looks everywhere then.
"""

import atexit
import json
import logging
import os
import threading
import time
from collections.abc import Collection
from uuid import UUID

from redis import Redis, RedisError
from redis.client import PubSub

from opensink_web.models.transaction import Area, Change
from opensink_web.services import ChangeListener
from opensink_web.work.connection import announcing_connection

CHANNEL = "opensink:changes"
BLIND_SECONDS = 3.0
"""How often everything may have changed for those whom Redis tells nothing."""
IDLE_SECONDS = 10.0
"""A publisher that nobody needs any more leaves no thread behind."""
_TOGETHER_SECONDS = 0.05
"""What changes within this time is told at once: a batch ends hundreds of executions a second."""
_PING_SECONDS = 3.0
_LAST_WORDS_SECONDS = 0.3
_log = logging.getLogger(__name__)


class ChangePublisher:
    """Publishes in a thread of its own: nobody who commits waits for Redis."""

    def __init__(self, connection: Redis) -> None:
        self._connection = connection
        self._changed = threading.Condition()
        self._pending: set[Change] = set()
        self._is_sending = False
        self._process: int | None = None

    def publish(self, changes: Collection[Change]) -> None:
        """Tell it soon. Never raises, never waits."""
        with self._changed:
            self._pending.update(changes)
            if self._process != os.getpid():  # a thread is not forked with its process
                self._process = os.getpid()
                threading.Thread(target=self._run, name="publisher", daemon=True).start()
                atexit.register(self._finish)
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._pending, IDLE_SECONDS):
                    self._process = None  # the next change begins another thread
                    atexit.unregister(self._finish)
                    return
                changes, self._pending = self._pending, set()
                self._is_sending = True
            self._send(changes)
            with self._changed:
                self._is_sending = False
                self._changed.notify_all()
            time.sleep(_TOGETHER_SECONDS)

    def _send(self, changes: set[Change]) -> None:
        try:
            self._connection.publish(CHANNEL, _written(changes))
        except (RedisError, OSError) as error:
            _log.debug("Redis did not take what changed: %s", error)  # wakeups.py warns already

    def _finish(self) -> None:
        """Let a command that ends tell what it has changed."""
        with self._changed:
            self._changed.wait_for(
                lambda: not (self._pending or self._is_sending), _LAST_WORDS_SECONDS
            )


class ChangeFeed:
    """Listens in a thread, for as long as the process lives."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._hears = True

    def follow(self, listener: ChangeListener) -> None:
        """Begin to tell a listener."""
        thread = threading.Thread(target=self._run, args=(listener,), name="changes", daemon=True)
        thread.start()

    def _run(self, listener: ChangeListener) -> None:
        while True:
            try:
                with announcing_connection(self._redis_url) as connection:
                    self._listen(connection.pubsub(), listener)
            except Exception as error:  # whatever it is: this thread listens for everybody
                if self._hears:
                    _log.warning("Pages that are open look for news by themselves: %s", error)
                self._hears = False
            listener.may_have_missed()
            time.sleep(BLIND_SECONDS)

    def _listen(self, channel: PubSub, listener: ChangeListener) -> None:
        """Tell what is heard, until Redis has gone or says nothing any more."""
        channel.subscribe(CHANNEL)
        is_asked = False
        while True:
            message = channel.get_message(timeout=_PING_SECONDS)
            if message is None:
                if is_asked:
                    raise TimeoutError("Redis does not answer.")
                channel.ping()
            elif message["type"] == "subscribe":
                self._hears = True
                listener.may_have_missed()  # from here on nothing is
            elif message["type"] == "message":
                _tell(listener, message["data"])
            is_asked = message is None


def _written(changes: Collection[Change]) -> str:
    # who listens compares moments of the one who speaks: the order is the same for all of them
    moment = time.time_ns() // 1_000_000
    return json.dumps([moment, [[each.workspace_id.hex, each.area] for each in changes]])


def _tell(listener: ChangeListener, text: bytes) -> None:
    try:
        moment, changes = json.loads(text)
        read = {Change(UUID(workspace_id), Area(area)) for workspace_id, area in changes}
        listener.changed(read, int(moment))
    except (ValueError, TypeError, AttributeError):  # whoever can write to Redis wrote it
        _log.warning("Nobody knows what to do with %.200r", text)
        listener.may_have_missed()
