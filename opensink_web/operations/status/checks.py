"""What may be wrong with a server that runs, one function per subject, and what to do about it.

The one list of checks: `opensink doctor` prints it among what it finds of the set-up, `opensink
status` and the status page show it first. Nothing here reads or changes a row: what is judged was
read before (condition.py).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from opensink_web import clock
from opensink_web.operations.status.condition import Condition, DatabaseCondition, Disk
from opensink_web.operations.status.finding import Finding, Verdict
from opensink_web.operations.status.parts import Backlog, Readiness
from opensink_web.setting_values import is_this_machine
from opensink_web.settings import Settings

SILENT = LATE = timedelta(minutes=1)
"""A sweeper goes round every second or so, and what is due is done within seconds."""
DELETED_LATE = timedelta(hours=1)
BACKUP_OLD = timedelta(days=7)
SKEW_SECONDS = 5.0
FREE_MIN_BYTES = 2**30
SECRET_LENGTH_MIN = 32


def findings_of(condition: Condition) -> Iterator[Finding]:
    """Judge a server that runs, the parts that all else needs first."""
    settings, database = condition.settings, condition.database
    yield from of_redis(settings, condition.readiness)
    if database is None:
        sentence = (
            "It does not answer, so nothing can be stored; look whether it runs, and its log."
        )
        yield Finding(Verdict.FAIL, "database", sentence)
    else:
        yield tables(database.revision, database.newest_revision)
        if database.is_current:  # else nothing of it was looked at
            yield from of_database(settings, database)
    if condition.disk is not None:
        yield disk(condition.disk)
    yield from of_settings(settings)
    yield backup(settings, condition.backup_at)


def of_redis(settings: Settings, readiness: Readiness) -> Iterator[Finding]:
    """Judge Redis and what is known by it: workers, the sweeper, clocks and hosts."""
    if not readiness.redis:
        sentence = (
            "It does not answer, so nothing is done at once; look whether it runs, and its log."
        )
        yield Finding(Verdict.FAIL, "Redis", sentence)
        return
    yield Finding(Verdict.OK, "Redis", "It answers.")
    yield workers(settings, readiness)
    yield sweeper(readiness)
    yield from clock_of("Redis", readiness.clock_ahead_seconds)
    hosts = sorted({worker.host for worker in readiness.seen if worker.is_alive})
    if settings.uses_sqlite and len(hosts) > 1:
        sentence = (
            f"Workers on {', '.join(hosts)} each have a SQLite file of their own, or share one over"
            " a network, which breaks it. Run all parts on one machine, or move to PostgreSQL."
        )
        yield Finding(Verdict.FAIL, "hosts", sentence)


def of_database(settings: Settings, database: DatabaseCondition) -> Iterator[Finding]:
    """Judge what stands in the database."""
    yield from queue(database.backlog)
    yield from clock_of("the database", database.clock_ahead_seconds)
    failing = sum(each.count for each in database.failing)
    if failing:
        since = _written(min(each.since for each in database.failing))
        sentence = (
            f"{_of(failing, 'agent')} cannot be reached, the first since {since}. Their calls wait"
            " and are tried once a minute; the agents' pages say what went wrong."
        )
        yield Finding(Verdict.WARN, "agents' endpoints", sentence)
    if database.has_mail_channels and not settings.smtp_host:
        sentence = (
            "People have e-mail for notifications, and none is sent; set SMTP_HOST and SMTP_FROM."
        )
        yield Finding(Verdict.WARN, "mail server", sentence)
    if database.keys_ending:
        sentence = (
            f"{_of(database.keys_ending, 'API key')} in use will expire within a week; their owners"
            " make new ones on the page API keys, or programs will be refused."
        )
        yield Finding(Verdict.WARN, "API keys", sentence)
    left = database.deleted_since
    if left is not None and clock.now() - left > DELETED_LATE:
        sentence = (
            f"What was deleted, or was kept for long enough, is still there since {_written(left)};"
            " look into the sweeper's log."
        )
        yield Finding(Verdict.WARN, "deletion", sentence)


def of_settings(settings: Settings) -> Iterator[Finding]:
    """Judge what was set, and how secret it is kept."""
    yield secret_key(settings)
    yield public_url(settings)
    is_local = is_this_machine(urlsplit(settings.public_url).hostname or "")
    if not settings.metrics_token and not is_local:
        sentence = (
            "It is not set, so nobody can read /metrics or the status page; set METRICS_TOKEN to 32"
            " random characters."
        )
        yield Finding(Verdict.WARN, "metrics token", sentence)
    elif 0 < len(settings.metrics_token) < SECRET_LENGTH_MIN:
        sentence = f"METRICS_TOKEN is too short; use {SECRET_LENGTH_MIN} random characters."
        yield Finding(Verdict.WARN, "metrics token", sentence)


def tables(revision: str | None, newest_revision: str | None) -> Finding:
    """Say whether the tables are those that this version needs."""
    if revision == newest_revision:
        sentence = "It answers, and its tables match this version."
        return Finding(Verdict.OK, "database", sentence)
    sentence = (
        "Its tables do not match this version; start `opensink up`, or run `opensink db upgrade`."
    )
    if revision is None:
        sentence = "It has no tables yet; start `opensink up`, or run `opensink db upgrade`."
    elif newest_revision is not None and revision > newest_revision:
        sentence = (
            f"This program is older than the database, whose tables are of version {revision}; it"
            f" knows those up to {newest_revision}. Install the newer version."
        )
    return Finding(Verdict.FAIL, "database", sentence)


def workers(settings: Settings, readiness: Readiness) -> Finding:
    """Say whether worker processes are alive, and as many as there should be."""
    count = readiness.workers
    if count == 0:
        at = readiness.worker_seen_at
        since = f" since {_written(at)}" if at else ""
        sentence = f"None is running{since}, so no agent is called; start `opensink worker`."
        return Finding(Verdict.FAIL, "workers", sentence)
    if settings.supervised and count < settings.workers:
        sentence = (
            f"{count} of {settings.workers} running. `opensink up` starts them again: if that does"
            " not help, look into its log."
        )
        return Finding(Verdict.WARN, "workers", sentence)
    return Finding(Verdict.OK, "workers", f"{count} running.")


def sweeper(readiness: Readiness) -> Finding:
    """Say whether the sweeper goes round, of a Redis that answers."""
    at = readiness.swept_at
    if at is not None and clock.now() - at < SILENT:
        return Finding(Verdict.OK, "sweeper", "It goes round.")
    since = f"since {_written(at)}" if at else "since this Redis is there"
    sentence = (
        f"It has not gone round {since}, so nothing expires and what was forgotten stays undone;"
        " start `opensink sweeper`, or look into its log."
    )
    # one that has only just been started is no failure
    return Finding(Verdict.FAIL if at else Verdict.WARN, "sweeper", sentence)


def queue(backlog: Sequence[Backlog]) -> Iterator[Finding]:
    """Name each kind of work that is late, or that workers took and were not heard of since."""
    is_late = False
    for each in backlog:
        subject = f"queue of {each.kind.replace('_', ' ')}"
        if each.due_since is not None and clock.now() - each.due_since > LATE:
            is_late = True
            sentence = (
                f"{each.due} are due, the oldest since {_written(each.due_since)}. If that stays"
                " so, look whether workers run and what they log, or start more."
            )
            yield Finding(Verdict.WARN, subject, sentence)
        elif each.lost:
            is_late = True
            sentence = (
                f"{each.lost} were taken by a worker that was not heard of since. The sweeper has"
                " others go on with them; look why workers end."
            )
            yield Finding(Verdict.WARN, subject, sentence)
    if not is_late:
        yield Finding(Verdict.OK, "queue", "Nothing has been due for over a minute.")


def clock_of(who: str, ahead_seconds: float) -> Iterator[Finding]:
    """Warn of a clock that is not ours: what is due, and who is alive, is told by clocks."""
    if abs(ahead_seconds) > SKEW_SECONDS:
        way = "ahead of" if ahead_seconds > 0 else "behind"
        sentence = (
            f"The clock of {who} is {abs(ahead_seconds):,.0f} s {way} this machine's; have NTP set"
            " both."
        )
        yield Finding(Verdict.WARN, "clocks", sentence)


def disk(space: Disk) -> Finding:
    """Say whether there is room where the data folder is."""
    text = f"{space.free_bytes // 2**20:,} MiB are free where {space.folder} is."
    if space.free_bytes < FREE_MIN_BYTES:
        text += " Make room: when it is full, nothing can be stored."
        return Finding(Verdict.WARN, "disk", text)
    return Finding(Verdict.OK, "disk", text)


def backup(settings: Settings, made_at: datetime | None) -> Finding:
    """Say when `opensink backup` last made one; there are other ways, so none is no warning."""
    if not settings.uses_sqlite:
        sentence = "With PostgreSQL, `pg_dump` makes them; OpenSink does not see them."
        return Finding(Verdict.OK, "backup", sentence)
    if made_at is None:
        return Finding(Verdict.OK, "backup", "`opensink backup` has made none here yet.")
    sentence = f"`opensink backup` last made one on {_written(made_at)}."
    if clock.now() - made_at > BACKUP_OLD:
        return Finding(Verdict.WARN, "backup", f"{sentence} Run it again, best every night.")
    return Finding(Verdict.OK, "backup", sentence)


def secret_key(settings: Settings) -> Finding:
    """Say where the key is that signs cookies, and whether others can read it."""
    path = settings.data_dir / "secret_key"
    verdict, sentence = Verdict.OK, f"It is in {path}, which only this user can read."
    if settings.secret_key:
        sentence = "SECRET_KEY is set."
        if len(settings.secret_key) < SECRET_LENGTH_MIN:
            verdict = Verdict.WARN
            sentence = f"SECRET_KEY is too short; use {SECRET_LENGTH_MIN} random characters."
    elif not path.exists():
        sentence = f"It will be created in {path} at the first start."
    elif path.stat().st_mode & 0o077:
        verdict, sentence = Verdict.FAIL, f"Other users can read {path}; run chmod 600 on it."
    return Finding(verdict, "secret key", sentence)


def public_url(settings: Settings) -> Finding:
    """Say whether links lead people here, and safely."""
    parts = urlsplit(settings.public_url)
    is_local = is_this_machine(parts.hostname or "")
    verdict, sentence = Verdict.OK, f"People and agents connect to {settings.public_url}."
    if is_local and not settings.listens_on_loopback:
        verdict = Verdict.WARN
        sentence = (
            f"Links would lead to {settings.public_url}, which works only on this machine; set"
            " PUBLIC_URL."
        )
    elif not is_local and parts.scheme != "https":
        verdict = Verdict.WARN
        sentence = "PUBLIC_URL is not https://, so passwords cross the network unprotected."
    elif not is_local and settings.listens_on_loopback:
        sentence += f" A proxy on this machine must forward them to port {settings.port}."
    return Finding(verdict, "public URL", sentence)


def _of(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
