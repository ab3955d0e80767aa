"""The benchmarks that say whether it stays flat, briefly: they measure what they say they do."""

from pathlib import Path

import pytest

from tests.benchmarks import backlog, large_batch
from tests.support.real_servers import PostgresServer

pytestmark = pytest.mark.server


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_backlog(
    database: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    postgres: PostgresServer | None = None
    if database == "postgresql":
        postgres = request.getfixturevalue("postgres_server")
    rows = backlog.FEW + 10
    for rounds in (0, 1):  # what was filled is there the next time
        measured = list(backlog.run(tmp_path, postgres, [5], rows, rounds))
    ((groups, costs),) = measured
    backlog.report(costs)
    assert groups == 5
    assert {"submit", "claim and finish one", "the sweeper's look"} < costs.keys()
    assert all(len(few.cpu_ms) == len(many.cpu_ms) > 0 for few, many in costs.values())
    said = capsys.readouterr().out
    assert f"{rows:,} rows over 5 groups, filled" in said
    assert (said.count("filled"), said.count("share")) == (2, 1)


def test_a_large_batch() -> None:
    (seen,) = large_batch.run([1200], with_key=True)
    assert set(seen.longest_ms) == {
        f"{part} while it was {done}"
        for part in ("web", "sweeper")
        for done in ("submitted", "cancelled")
    }
    assert seen.longest_ms["web while it was submitted"] > 0
    assert seen.due_seconds >= seen.seconds > 0
    assert len(seen.waits) == 4
    assert f"function 1,200: {seen.seconds:.2f} s" in str(seen)
