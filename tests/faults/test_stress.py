"""Whatever is done to executions and accounts at once: no deadlock, and no rule broken."""

import pytest
from flask import Flask

from tests.chaos.stress import run_stress
from tests.conftest import Cast

pytestmark = pytest.mark.server


@pytest.fixture
def environment(environment: dict[str, str], postgres_url: str) -> dict[str, str]:
    return environment | {"DATABASE_URL": postgres_url}


def test_executions_at_once_neither_deadlock_nor_break_a_rule(app: Flask, cast: Cast) -> None:
    _stress_until(app, cast, {"submit_many", "take_turn", "cancel_many", "report"})


def test_accounts_at_once_neither_deadlock_nor_break_a_rule(app: Flask, cast: Cast) -> None:
    wanted = {"change_role", "deactivate", "set_roles", "password", "key"}
    _stress_until(app, cast, wanted, only_accounts=True)


def _stress_until(app: Flask, cast: Cast, wanted: set[str], *, only_accounts: bool = False) -> None:
    results = run_stress(
        app, cast.alice, seconds=3, threads=12, only_accounts=only_accounts, wanted=wanted
    )
    assert results.is_well, str(results)
    assert wanted <= results.done.keys()
