"""The kill harness with batches, briefly: all is done, and each is told of at most once."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.batch_run import run_batches
from tests.chaos.batches import BATCH_SIZE
from tests.chaos.plan import Plan
from tests.support.real_servers import PostgresServer

pytestmark = pytest.mark.server

PLAN = Plan(
    database="sqlite",
    batches=8,
    kills=6,
    mean_gap_seconds=0.15,
    limit_seconds=60,
    settle_seconds=60,
    ages_leases=True,
)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_batches_end_whatever_is_killed(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    postgres: PostgresServer | None = None
    if database == "postgresql":
        postgres = request.getfixturevalue("postgres_server")
    report = run_batches(replace(PLAN, database=database), tmp_path / "log", postgres)
    assert report.is_well, report.table()
    assert report.executions == report.batches * BATCH_SIZE > 0
