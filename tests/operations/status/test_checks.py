"""What is said of a server, by how it is: a sentence that says what to do, or one calm word."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from opensink_web import clock
from opensink_web.operations.status.checks import findings_of
from opensink_web.operations.status.condition import (
    Condition,
    DatabaseCondition,
    Disk,
    FailingIn,
    LastHour,
)
from opensink_web.operations.status.finding import Finding, Verdict
from opensink_web.operations.status.parts import Backlog, Readiness, SeenWorker
from opensink_web.operations.status.report import worst
from opensink_web.settings import Settings

pytestmark = pytest.mark.unit
NOW = clock.now()
LONG_AGO = NOW - timedelta(days=30)
WORKER = SeenWorker("a/1-x", "a", NOW, is_alive=True)
WELL = Condition(
    at=NOW,
    settings=Settings.from_env({"SECRET_KEY": "k" * 32}),
    readiness=Readiness(True, 1, NOW, (WORKER,), NOW),
    disk=Disk(Path("/data"), 2**40, 2**41),
    database=DatabaseCondition(
        (), (), (), LastHour(0, 0, 0, None, None), "0001", "0001", 0.0, False, 0, None
    ),
    backup_at=NOW,
)
PUBLIC = replace(WELL.settings, public_url="https://sink.example.com", metrics_token="t" * 32)


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass since NOW, however long other tests take."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


def wrong(condition: Condition) -> list[Finding]:
    return [each for each in findings_of(condition) if each.verdict is not Verdict.OK]


def test_nothing_is_said_of_a_server_that_is_well() -> None:
    assert wrong(WELL) == []
    assert wrong(replace(WELL, settings=PUBLIC, backup_at=None)) == []
    assert worst(list(findings_of(WELL))) is Verdict.OK


def with_database(**fields: object) -> Condition:
    assert WELL.database is not None
    return replace(WELL, database=replace(WELL.database, **fields))  # type: ignore[arg-type]  # by name


def with_redis(**fields: object) -> Condition:
    return replace(WELL, readiness=replace(WELL.readiness, **fields))  # type: ignore[arg-type]  # as above


def with_settings(**fields: object) -> Condition:
    return replace(WELL, settings=replace(PUBLIC, **fields))  # type: ignore[arg-type]  # as above


CASES: dict[str, tuple[Callable[[], Condition], str, Iterable[str]]] = {
    "no Redis": (lambda: replace(WELL, readiness=Readiness(False, 0)), "fail", ("Redis",)),
    "no database": (lambda: replace(WELL, database=None), "fail", ("It does not answer",)),
    "tables": (lambda: with_database(revision="0000"), "fail", ("opensink db upgrade",)),
    "no tables": (lambda: with_database(revision=None), "fail", ("no tables", "db upgrade")),
    "newer tables": (
        lambda: with_database(revision="0002", keys_ending=1),
        "fail",
        ("older than the database", "Install the newer version"),
    ),
    "no worker": (lambda: with_redis(workers=0), "fail", ("None is running since", "start `")),
    "too few workers": (
        lambda: replace(WELL, settings=replace(WELL.settings, supervised=True, workers=3)),
        "warn",
        ("1 of 3 running",),
    ),
    "sweeper": (lambda: with_redis(swept_at=LONG_AGO), "fail", ("`opensink sweeper`",)),
    "clock of Redis": (lambda: with_redis(clock_ahead_seconds=-40.0), "warn", ("40 s behind",)),
    "clock of the database": (
        lambda: with_database(clock_ahead_seconds=7.0),
        "warn",
        ("the database is 7 s ahead of",),
    ),
    "several hosts": (
        lambda: with_redis(seen=(WORKER, replace(WORKER, name="b/2-y", host="b"))),
        "fail",
        ("Workers on a, b", "PostgreSQL"),
    ),
    "late": (
        lambda: with_database(backlog=[Backlog("job_runs", 4, LONG_AGO, 0)]),
        "warn",
        ("4 are due", "start more"),
    ),
    "leases run out": (
        lambda: with_database(backlog=[Backlog("deliveries", 0, None, 0, lost=2)]),
        "warn",
        ("2 were taken by a worker",),
    ),
    "endpoints": (
        lambda: with_database(failing=[FailingIn(uuid4(), 2, LONG_AGO)]),
        "warn",
        ("2 agents cannot be reached",),
    ),
    "mail": (lambda: with_database(has_mail_channels=True), "warn", ("set SMTP_HOST",)),
    "keys": (lambda: with_database(keys_ending=1), "warn", ("1 API key in use will expire",)),
    "deletion": (lambda: with_database(deleted_since=LONG_AGO), "warn", ("sweeper's log",)),
    "disk": (lambda: replace(WELL, disk=Disk(Path("/d"), 2**20, 2**41)), "warn", ("Make room",)),
    "backup": (lambda: replace(WELL, backup_at=LONG_AGO), "warn", ("every night",)),
    "no token": (lambda: with_settings(metrics_token=""), "warn", ("set METRICS_TOKEN",)),
    "short token": (lambda: with_settings(metrics_token="t" * 31), "warn", ("TOKEN is too short",)),
    "no TLS": (lambda: with_settings(public_url="http://a.example"), "warn", ("not https://",)),
    "links": (
        lambda: replace(WELL, settings=replace(WELL.settings, host="0.0.0.0")),  # noqa: S104 - judged
        "warn",
        ("set PUBLIC_URL",),
    ),
    "secret key": (lambda: with_settings(secret_key="short"), "warn", ("too short",)),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_said_with_what_to_do(name: str) -> None:
    make, verdict, words = CASES[name]
    (finding,) = wrong(make())
    assert finding.verdict.value == verdict
    assert all(word in f"{finding.subject}: {finding.sentence}" for word in words)


def test_what_was_not_looked_at_is_not_said_to_be_well() -> None:
    subjects = {each.subject for each in findings_of(with_database(revision="0002"))}
    assert "queue" not in subjects
    assert "disk" not in {each.subject for each in findings_of(replace(WELL, disk=None))}
