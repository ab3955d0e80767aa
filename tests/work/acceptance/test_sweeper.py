"""What is scheduled for next year costs the sweeper nothing, in however many groups it is.

Statements are counted in the sweeper's own process, past the application.
"""

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from opensink_web import cli
from opensink_web.models import Execution
from tests.support.endpoints import Endpoints
from tests.support.many_rows import copy_row
from tests.support.real_servers import wait_until
from tests.support.whole_server import WholeServer
from tests.work.acceptance.conftest import MakeServer

pytestmark = pytest.mark.server

FEW, MANY = 20, 2000
NEXT_YEAR = timedelta(days=365).total_seconds()
SWEEPS = 4
COUNTED = "COUNTED_STATEMENTS"
"""The variable that names the file in which the sweeper's process keeps count."""
_NEW_GROUP = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "gen_random_uuid()"}


def counting_main(arguments: Sequence[str]) -> None:
    """Run a command, and write down after each second what it has said to the database till now."""
    counts = [0, 0.0]
    begun: dict[int, float] = {}

    def before(_c: Any, cursor: Any, *_: Any) -> None:
        begun[id(cursor)] = time.perf_counter()

    def after(_c: Any, cursor: Any, *_: Any) -> None:
        counts[0] += 1
        counts[1] += time.perf_counter() - begun.pop(id(cursor))

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)

    def write() -> None:
        while True:
            Path(os.environ[COUNTED]).write_text(f"{counts[0]} {counts[1]}")
            time.sleep(0.05)

    if arguments[0] == "sweeper":
        threading.Thread(target=write, daemon=True).start()
    cli.main(arguments)


@dataclass(frozen=True)
class Spent:
    """What the sweeper has said to the database, and how long it waited for answers."""

    statements: int
    seconds: float


def test_groups_in_which_nothing_is_due_cost_no_statement(
    make_server: MakeServer, endpoints: Endpoints, tmp_path: Path
) -> None:
    variables = {COUNTED: tmp_path / "counted"}
    with make_server(variables=variables, run=counting_main) as server:
        function_id = server.make_function("work", endpoints.url("quick", "work"))
        (first,) = server.submit(function_id, delay_seconds=NEXT_YEAR)
        _schedule(server, first, FEW)
        server.start()
        few = _spent(tmp_path / "counted")
        _schedule(server, first, MANY)
        time.sleep(1)
        many = _spent(tmp_path / "counted")
    print(f"{FEW} groups: {few}; {MANY}: {many}, in {SWEEPS} s")
    # a chore that comes once a minute may fall into either
    assert many.statements <= few.statements * 1.5 + 10
    assert many.statements <= 40 * SWEEPS


def _schedule(server: WholeServer, execution_id: object, groups: int) -> None:
    """Copy an execution that is due next year into so many groups."""
    dialect = "postgresql" if server.is_on_postgresql else "sqlite"
    with server.server.session():
        copy_row(Execution, execution_id, groups, {"group_id": _NEW_GROUP[dialect]})  # type: ignore[arg-type]


def _spent(file: Path) -> Spent:
    """Return what was spent in some seconds from now."""
    wait_until(file.exists, seconds=20)
    before = _read(file)
    time.sleep(SWEEPS)
    after = _read(file)
    return Spent(after.statements - before.statements, after.seconds - before.seconds)


def _read(file: Path) -> Spent:
    statements, seconds = wait_until(file.read_text).split()
    return Spent(int(statements), float(seconds))
