"""The kill harness, briefly: our server loses nothing, and plain commit-then-enqueue does."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.plan import Plan, kills_of
from tests.chaos.run import run
from tests.support.real_servers import PostgresServer

pytestmark = pytest.mark.server

PLAN = Plan(
    database="sqlite",
    resolutions=80,
    kills=10,
    mean_gap_seconds=0.15,
    limit_seconds=60,
    settle_seconds=60,
    ages_leases=True,
)
HELD = PLAN.resolutions // PLAN.holds_every
"""So many are held as the killing begins: whoever answers them is told that somebody has."""


def test_nothing_is_lost_on_sqlite(tmp_path: Path) -> None:
    report = run(PLAN, tmp_path / "log")
    assert report.is_well, report.table()
    assert report.stored == 80
    assert report.answered_before >= HELD


def test_nothing_is_lost_on_postgresql(tmp_path: Path, postgres_server: PostgresServer) -> None:
    report = run(replace(PLAN, database="postgresql"), tmp_path / "log", postgres_server)
    assert report.is_well, report.table()
    assert report.stored == 80
    assert report.answered_before >= HELD


def test_commit_then_enqueue_loses_so_the_harness_can_see_it(tmp_path: Path) -> None:
    report = run(replace(PLAN, is_naive=True, settle_seconds=1), tmp_path / "log")
    assert report.lost > 0, report.table()


def test_a_seed_repeats_its_schedule() -> None:
    assert list(kills_of(PLAN)) == list(kills_of(PLAN))
    assert list(kills_of(PLAN)) != list(kills_of(replace(PLAN, seed=2)))
