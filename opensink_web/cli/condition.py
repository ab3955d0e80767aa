"""How a running server is: what the doctor says of the sweeper, of the queue and of the disk."""

import shutil
from collections.abc import Iterator
from datetime import timedelta

from opensink_web import clock
from opensink_web.cli.finding import Finding, Verdict
from opensink_web.services import Readiness
from opensink_web.settings import Settings
from opensink_web.work.backlog import BacklogReader
from opensink_web.work.queue import Limits

SILENT = LATE = timedelta(minutes=1)
"""A sweeper goes round every second or so, and what is due is done within seconds."""
FREE_MIN_BYTES = 2**30


def sweeper(readiness: Readiness) -> Finding:
    """Say whether the sweeper goes round, of a Redis that answers."""
    at = readiness.swept_at
    if at is not None and clock.now() - at < SILENT:
        return Finding(Verdict.OK, "sweeper", "It goes round.")
    since = f"since {at:%Y-%m-%d %H:%M:%S} UTC" if at else "since this Redis is there"
    sentence = (
        f"It has not gone round {since}, so nothing expires and what was forgotten stays undone;"
        " start `opensink sweeper`, or look into its log."
    )
    # one that has only just been started is no failure
    return Finding(Verdict.FAIL if at else Verdict.WARN, "sweeper", sentence)


def queue(settings: Settings) -> Iterator[Finding]:
    """Name each kind of work that is late. Needs a transaction."""
    is_late = False
    for each in BacklogReader(Limits.of(settings)).read():
        if each.due_since is not None and clock.now() - each.due_since > LATE:
            is_late = True
            sentence = (
                f"{each.due} are due, the oldest since {each.due_since:%Y-%m-%d %H:%M:%S} UTC. If"
                " that stays so, look whether workers run and what they log, or start more."
            )
            yield Finding(Verdict.WARN, f"queue of {each.kind.replace('_', ' ')}", sentence)
    if not is_late:
        yield Finding(Verdict.OK, "queue", "Nothing has been due for over a minute.")


def disk(settings: Settings) -> Finding:
    """Say whether there is room where the data folder is."""
    free = shutil.disk_usage(settings.data_dir).free
    text = f"{free // 2**20:,} MiB are free where {settings.data_dir} is."
    if free < FREE_MIN_BYTES:
        text += " Make room: when it is full, nothing can be stored."
        return Finding(Verdict.WARN, "disk", text)
    return Finding(Verdict.OK, "disk", text)
