"""Whether workers are alive, however the clocks of their machines go."""

import time
from datetime import timedelta

import pytest

from opensink_web import clock
from opensink_web.work.connection import announcing_connection
from opensink_web.work.presence import Presence, note_sweep, readiness

pytestmark = pytest.mark.server


@pytest.mark.parametrize("ahead", [-100, 100])
def test_a_worker_whose_clock_is_wrong_is_alive(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    right = time.time
    with announcing_connection(redis_url) as connection:
        presence = Presence(connection, 1)
        with monkeypatch.context() as there:
            there.setattr(time, "time", lambda: right() + ahead)
            note_sweep(connection)
            presence._say("elsewhere/1-x")
        state = readiness(connection)
    assert presence.count_workers() == state.workers == 1
    assert state.swept_at is not None
    assert abs(clock.now() - state.swept_at) < timedelta(seconds=90)
