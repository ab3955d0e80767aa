"""How a server is at a moment: what checks judge, and what operators see. No word of anybody's.

Read by a handful of queries, none of which costs more the more there is. Of workspaces nothing is
said but their ids.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

from sqlalchemy import exists, func, select, text
from sqlalchemy.exc import DBAPIError

from opensink_web import clock
from opensink_web.models import (
    Agent,
    AgentSession,
    ApiKey,
    AttemptOutcome,
    BackgroundJob,
    DeliveryAttempt,
    Function,
    InputRequest,
    NotificationChannel,
    Sink,
    db,
)
from opensink_web.models.base import Base, first_id_at
from opensink_web.models.transaction import is_outage, reading
from opensink_web.operations.status.backup_note import last_backup
from opensink_web.operations.status.figures import COUNTED_MAX, WaitingIn, waiting_now
from opensink_web.operations.status.parts import Backlog, Readiness
from opensink_web.settings import Settings

HOUR = timedelta(hours=1)
KEYS_END_WITHIN = timedelta(days=7)
CALLS_MAX = 1000
_DELETABLE = (Agent, AgentSession, BackgroundJob, Function, Sink)
_MIGRATIONS = Path(__file__).parents[2] / "migrations" / "versions"


@dataclass(frozen=True, slots=True)
class Disk:
    """Where the data is, and how much room there is."""

    folder: Path
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class FailingIn:
    """How many endpoints of a workspace are unhealthy, and since when the first is."""

    workspace_id: UUID
    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class LastHour:
    """Requests that were made, up to COUNTED_MAX; and of the last calls to agents, up to CALLS_MAX,
    how they ended and how long the quicker half and nine of ten took.
    """

    requests: int
    calls: int
    failed_calls: int
    median_ms: float | None
    p90_ms: float | None


@dataclass(frozen=True, slots=True)
class DatabaseCondition:
    """What stands in the database. `clock_ahead_seconds` is how much its clock is ahead."""

    waiting: Sequence[WaitingIn]
    backlog: Sequence[Backlog]
    failing: Sequence[FailingIn]
    last_hour: LastHour
    revision: str | None
    newest_revision: str
    clock_ahead_seconds: float
    has_mail_channels: bool
    keys_ending: int
    deleted_since: datetime | None

    @property
    def is_current(self) -> bool:
        """Return True if its tables are this program's; else nothing else was looked at."""
        return self.revision == self.newest_revision


@dataclass(frozen=True, slots=True)
class Condition:
    """All of it; without `database` that does not answer, without `disk` no folder is there."""

    at: datetime
    settings: Settings
    readiness: Readiness
    disk: Disk | None
    database: DatabaseCondition | None
    backup_at: datetime | None


def read_condition(
    settings: Settings, readiness: Readiness, backlog: Callable[[], Sequence[Backlog]]
) -> Condition:
    """Look at everything. Writes nothing, and opens the transaction itself."""
    database: DatabaseCondition | None = None
    try:
        with reading():
            database = read_database(backlog)
    except Exception as error:  # whatever a database that is away raises; the rest is said
        if not is_outage(error):
            raise
    return Condition(
        at=clock.now(),
        settings=settings,
        readiness=readiness,
        disk=disk_of(settings) if settings.data_dir.exists() else None,
        database=database,
        backup_at=last_backup(settings.data_dir),
    )


def disk_of(settings: Settings) -> Disk:
    """Say how much room there is where the data folder is."""
    usage = shutil.disk_usage(settings.data_dir)
    return Disk(settings.data_dir, usage.free, usage.total)


def read_database(backlog: Callable[[], Sequence[Backlog]]) -> DatabaseCondition:
    """Look at the database, within a transaction."""
    moment, revision = clock.now(), _revision()
    if revision != newest_revision():  # other tables than those that this asks
        none = LastHour(0, 0, 0, None, None)
        return DatabaseCondition((), (), (), none, revision, newest_revision(), 0.0, False, 0, None)
    return DatabaseCondition(
        waiting=waiting_now(),
        backlog=backlog(),
        failing=_failing(),
        last_hour=_last_hour(moment),
        revision=revision,
        newest_revision=newest_revision(),
        clock_ahead_seconds=_clock_ahead_seconds(),
        has_mail_channels=_has_mail_channels(),
        keys_ending=_keys_ending(moment),
        deleted_since=min(filter(None, map(_deleted_since, _DELETABLE)), default=None),
    )


@cache
def newest_revision() -> str:
    """Return the version of the tables that this program needs, by the names of its steps."""
    return max(path.name.partition("_")[0] for path in _MIGRATIONS.glob("[0-9]*_*.py"))


def _revision() -> str | None:
    try:
        revision: str | None = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    except DBAPIError as error:
        if is_outage(error):
            raise
        return None  # there is no such table, in a database that is empty
    return revision


def _failing() -> list[FailingIn]:
    since = Agent.endpoint_unhealthy_since
    query = (
        select(Agent.workspace_id, func.count().label("size"), func.min(since).label("first"))
        .where(since.is_not(None))
        .group_by(Agent.workspace_id)
    )
    rows = db.session.execute(query)
    return [FailingIn(row.workspace_id, row.size, row.first) for row in rows]


def _last_hour(moment: datetime) -> LastHour:
    since = first_id_at(moment - HOUR)
    some = select(InputRequest.id).where(InputRequest.id >= since).limit(COUNTED_MAX).subquery()
    requests = db.session.scalar(select(func.count()).select_from(some)) or 0
    attempt = DeliveryAttempt
    query = select(attempt.outcome, attempt.latency_ms).where(attempt.id >= since)
    rows = db.session.execute(query.order_by(attempt.id.desc()).limit(CALLS_MAX)).all()
    latencies = sorted(row.latency_ms for row in rows if row.latency_ms is not None)
    failed = sum(row.outcome is not AttemptOutcome.SUCCEEDED for row in rows)
    return LastHour(
        requests, len(rows), failed, _quantile(latencies, 0.5), _quantile(latencies, 0.9)
    )


def _quantile(ordered: Sequence[float], part: float) -> float | None:
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)] if ordered else None


def _clock_ahead_seconds() -> float:
    if db.engine.dialect.name == "sqlite":  # it has the clock of this machine
        return 0.0
    seconds = db.session.scalar(text("SELECT extract(epoch FROM clock_timestamp())"))
    return float(seconds or 0) - clock.now().timestamp()


def _has_mail_channels() -> bool:
    of_mail = exists().where(NotificationChannel.kind == "email", NotificationChannel.is_active)
    return bool(db.session.scalar(select(of_mail)))


def _keys_ending(moment: datetime) -> int:
    query = select(ApiKey.id).where(
        ApiKey.expires_at > moment,
        ApiKey.expires_at <= moment + KEYS_END_WITHIN,
        ApiKey.revoked_at.is_(None),
        ApiKey.last_used_at.is_not(None),
    )
    some = query.limit(COUNTED_MAX).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def _deleted_since(model: type[Base]) -> datetime | None:
    """Return since when the first row of those that are deleted has been so."""
    table = model.__table__  # of the class only those are found that are not deleted
    deleted_at = table.c.deleted_at
    query = select(func.min(deleted_at)).where(deleted_at.is_not(None))
    return db.session.connection().execute(query).scalar()
