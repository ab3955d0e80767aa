"""Whatever is done to executions and accounts at once, nobody waits for who waits for them."""

import pytest
from flask import Flask

from tests.chaos.hammer import hammer
from tests.conftest import Cast

pytestmark = pytest.mark.server


@pytest.fixture
def environment(environment: dict[str, str], postgres_url: str) -> dict[str, str]:
    return environment | {"DATABASE_URL": postgres_url}


def test_nobody_waits_in_a_circle_and_nothing_breaks(app: Flask, cast: Cast) -> None:
    _hammer_until(app, cast, {"submit_many", "take_turn", "cancel_many", "report"})


def test_nor_do_those_who_look_after_accounts(app: Flask, cast: Cast) -> None:
    wanted = {"change_role", "deactivate", "set_roles", "password", "key"}
    _hammer_until(app, cast, wanted, only_accounts=True)


def _hammer_until(app: Flask, cast: Cast, wanted: set[str], *, only_accounts: bool = False) -> None:
    blows = hammer(
        app, cast.alice, seconds=3, threads=12, only_accounts=only_accounts, wanted=wanted
    )
    assert blows.is_well, str(blows)
    assert wanted <= blows.done.keys()
