"""The kill harness with all kinds of work at once, briefly: each part is killed once."""

from pathlib import Path

import pytest

from tests.chaos.mixed import run_mixed
from tests.chaos.plan import Plan
from tests.support.real_servers import PostgresServer

pytestmark = pytest.mark.server


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_answers_batches_and_prune_survive_a_kill_of_each_part(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    postgres: PostgresServer | None = None
    if database == "postgresql":
        postgres = request.getfixturevalue("postgres_server")
    plan = Plan(
        database=database,
        resolutions=40,
        batches=4,
        kills=5,
        kills_each_once=True,
        mean_gap_seconds=0.3,
        limit_seconds=60,
        settle_seconds=60,
        ages_leases=True,
    )
    report = run_mixed(plan, tmp_path / "log", postgres, old_rows=500)
    assert report.is_well, report.table()
    assert report.answers.stored == 40
    assert set(report.answers.kills) == {"web", "web process", "worker", "sweeper", "redis"}
