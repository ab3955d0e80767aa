"""What one process commits, others hear: through a Redis that is there, frozen, gone, or back."""

import os
import queue
import signal
import threading
from collections.abc import Collection
from uuid import uuid4

import pytest

from opensink_web.models.transaction import Area, Change
from opensink_web.work import changes as module
from opensink_web.work.changes import CHANNEL, ChangeFeed, ChangePublisher
from opensink_web.work.connection import announcing_connection
from tests.support.real_servers import EmbeddedRedis

pytestmark = pytest.mark.server

PATIENCE_SECONDS = 60.0
MISSED = "may have missed"


class Ear:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: queue.Queue[object] = queue.Queue()

    def changed(self, changes: Collection[Change], moment: int) -> None:
        self.told.put((set(changes), moment))

    def may_have_missed(self) -> None:
        self.told.put(MISSED)

    def next(self) -> object:
        return self.told.get(timeout=PATIENCE_SECONDS)

    def next_changes(self) -> set[Change]:
        while True:
            told = self.next()
            if isinstance(told, tuple):
                changes: set[Change] = told[0]
                return changes


def listening(redis_url: str) -> Ear:
    ear = Ear()
    ChangeFeed(redis_url).follow(ear)
    assert ear.next() == MISSED, "whoever begins to listen knows nothing of what was before"
    return ear


def publisher(redis_url: str) -> ChangePublisher:
    return ChangePublisher(announcing_connection(redis_url))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PING_SECONDS", 0.1)
    monkeypatch.setattr(module, "BLIND_SECONDS", 0.05)


def test_everybody_who_listens_hears_what_changed_and_when(redis_url: str) -> None:
    ears = [listening(redis_url), listening(redis_url)]
    change = Change(uuid4(), Area.REQUESTS)
    publisher(redis_url).publish({change})
    told = [ear.next() for ear in ears]
    assert told[0] == told[1]
    assert isinstance(told[0], tuple)
    assert told[0][0] == {change}


def test_whoever_has_nothing_to_tell_keeps_no_thread_and_is_heard_again(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.01)
    ear, speaker, before = listening(redis_url), publisher(redis_url), {*threading.enumerate()}
    for _ in range(2):
        change = Change(uuid4(), Area.REQUESTS)
        speaker.publish({change})
        assert ear.next_changes() == {change}
        for thread in {*threading.enumerate()} - before:
            if thread.name == "publisher":
                thread.join(PATIENCE_SECONDS)
                assert not thread.is_alive()


def test_what_changes_at_nearly_the_same_time_is_told_at_once(redis_url: str) -> None:
    ear, speaker = listening(redis_url), publisher(redis_url)
    changes = [Change(uuid4(), Area.EXECUTIONS) for _ in range(200)]
    for change in changes:
        speaker.publish({change})
    heard: list[set[Change]] = []
    while len(set().union(*heard)) < len(changes):
        heard.append(ear.next_changes())
    assert len(heard) < len(changes) / 4


def test_a_silent_redis_is_noticed_and_listened_to_again(
    redis_server: EmbeddedRedis, redis_url: str, quick: None
) -> None:
    ear = listening(redis_url)
    os.kill(redis_server.process.pid, signal.SIGSTOP)
    try:
        assert [ear.next(), ear.next()] == [MISSED, MISSED]
        publisher(redis_url).publish({Change(uuid4(), Area.REQUESTS)})  # which waits for nothing
    finally:
        os.kill(redis_server.process.pid, signal.SIGCONT)
    assert_hears(ear, redis_url)


def assert_hears(ear: Ear, redis_url: str) -> None:
    """It hears again, sooner or later: what is said before that is lost."""
    change, speaker = Change(uuid4(), Area.SESSIONS), publisher(redis_url)
    for _ in range(600):
        speaker.publish({change})
        try:
            told = ear.told.get(timeout=0.1)
        except queue.Empty:
            continue
        if isinstance(told, tuple) and change in told[0]:
            return
    raise AssertionError("it hears nothing any more")


def test_what_nobody_understands_makes_everybody_look(redis_url: str) -> None:
    ear = listening(redis_url)
    for text in ("", "{}", "[1, [[2, 3]]]", '[1, [["x", "requests"]]]', '["now", []]'):
        announcing_connection(redis_url).publish(CHANNEL, text)
        assert ear.next() == MISSED
    assert_hears(ear, redis_url)


def test_the_thread_that_publishes_begins_anew_in_a_process_that_was_forked(redis_url: str) -> None:
    ear, speaker = listening(redis_url), publisher(redis_url)
    speaker.publish({Change(uuid4(), Area.REQUESTS)})
    ear.next_changes()
    change = Change(uuid4(), Area.DELIVERIES)
    child = os.fork()
    if child == 0:
        speaker.publish({change})
        speaker._finish()
        os._exit(0)
    os.waitpid(child, 0)
    assert ear.next_changes() == {change}
