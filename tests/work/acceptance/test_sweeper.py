"""What is scheduled for next year costs the sweeper nothing, in however many groups it is.

Statements are counted in the sweeper's own process, past the application.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from opensink_web import cli
from opensink_web.models import Execution
from opensink_web.work.sweeper import Sweeper
from tests.support.endpoints import Endpoints
from tests.support.many_rows import copy_row
from tests.support.real_servers import wait_until
from tests.support.whole_server import WholeServer
from tests.work.acceptance.conftest import MakeServer

pytestmark = pytest.mark.server

FEW, MANY = 20, 2000
NEXT_YEAR = timedelta(days=365).total_seconds()
SWEEPS = 2
COUNTED = "COUNTED_STATEMENTS"
"""The variable that names the file in which the sweeper's process keeps count."""
_NEW_GROUP = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "gen_random_uuid()"}


def counting_main(arguments: Sequence[str]) -> None:
    """Run a command; the sweeper writes down after each sweep how many statements there were."""
    statements, sweeps = 0, 0
    sweep = Sweeper.sweep

    def count(*_: Any) -> None:
        nonlocal statements
        statements += 1

    def counted_sweep(sweeper: Sweeper) -> int:
        nonlocal sweeps
        woken = sweep(sweeper)
        sweeps += 1
        Path(os.environ[COUNTED]).write_text(f"{statements} {sweeps}")
        return woken

    event.listen(Engine, "before_cursor_execute", count)
    Sweeper.sweep = counted_sweep  # type: ignore[assignment,method-assign]
    cli.main(arguments)


@dataclass(frozen=True)
class Counts:
    """What the sweeper has said to the database, and how often it has swept."""

    statements: int
    sweeps: int


def test_groups_in_which_nothing_is_due_cost_no_statement(
    make_server: MakeServer, endpoints: Endpoints, tmp_path: Path
) -> None:
    variables = {COUNTED: tmp_path / "counted"}
    with make_server(variables=variables, run=counting_main) as server:
        function_id = server.make_function("work", endpoints.url("quick", "work"))
        (first,) = server.submit(function_id, delay_seconds=NEXT_YEAR)
        _schedule(server, first, FEW)
        server.start()
        few = _statements_of_a_sweep(tmp_path / "counted")
        _schedule(server, first, MANY)
        many = _statements_of_a_sweep(tmp_path / "counted")
    # a chore that comes once a minute may fall into either
    assert many <= few * 1.5 + 3, (few, many)
    assert many <= 40


def _schedule(server: WholeServer, execution_id: object, groups: int) -> None:
    """Copy an execution that is due next year into so many groups."""
    dialect = "postgresql" if server.is_on_postgresql else "sqlite"
    with server.server.session():
        copy_row(Execution, execution_id, groups, {"group_id": _NEW_GROUP[dialect]})  # type: ignore[arg-type]


def _statements_of_a_sweep(file: Path) -> float:
    """Return how many there are from now on, on average."""
    wait_until(file.exists)
    before = _after(file, _read(file).sweeps + 1)  # the one that was under way has ended
    after = _after(file, before.sweeps + SWEEPS)
    return (after.statements - before.statements) / (after.sweeps - before.sweeps)


def _after(file: Path, sweeps: int) -> Counts:
    found: Counts = wait_until(lambda: (now := _read(file)).sweeps >= sweeps and now)
    return found


def _read(file: Path) -> Counts:
    return Counts(*map(int, wait_until(file.read_text).split()))
