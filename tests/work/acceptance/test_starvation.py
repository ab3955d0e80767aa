"""Calls hang in forty groups, more than all workers have threads, and nobody else waits for them.

The long version, with every number of workers and threads:
`python -m tests.chaos.starvation --long`.
"""

from pathlib import Path

import pytest

from tests.chaos.starvation import Plan, starve
from tests.support.real_servers import PostgresServer

pytestmark = pytest.mark.server

PLANS = (
    Plan("functions and callbacks", workers=1, calls_per_worker=2),
    Plan("functions and callbacks", "postgresql", workers=4, calls_per_worker=8),
    Plan("agents", workers=2, calls_per_worker=8),
    Plan("python functions", workers=1, calls_per_worker=2, groups=10),
    Plan("python functions", workers=1, calls_per_worker=2, groups=10, python_calls_per_worker=3),
    Plan("backlog", workers=2, calls_per_worker=2),
)
ROUNDS = 6
"""A machine that others keep busy may make some rounds late; where calls starve, each is."""


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan.kind} {plan.database}")
def test_answers_and_short_functions_are_called_within_a_second(
    plan: Plan, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    postgres: PostgresServer | None = None
    if plan.database == "postgresql":
        postgres = request.getfixturevalue("postgres_server")
    seen = []
    for number in range(ROUNDS):
        seen.append(starve(plan, postgres, tmp_path / f"log-{number}"))
        if seen[-1].is_well:
            return
    pytest.fail("\n".join(str(each) for each in seen))
