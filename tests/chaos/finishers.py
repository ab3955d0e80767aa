"""Processes that end executions of one batch at the same instant.

Each claims its share of round N when the file N.claim appears (a group's id), says N.ready-NAME,
ends its share when N.go appears, a few with each transaction, and says N.done-NAME.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from uuid import UUID

from opensink_web.errors import Unavailable
from opensink_web.factory import create_app
from opensink_web.models.transaction import writing
from opensink_web.operations.executions.claim import ExecutionClaim
from opensink_web.operations.executions.outcome import finish_executions
from opensink_web.outbound.outcome import Failure, Outcome, Output
from opensink_web.settings import Settings
from tests.support.executions import claim_executions
from tests.support.real_servers import wait_until

AT_ONCE = 1000
FAILING_SHARE = 0.1


def main(arguments: Sequence[str]) -> None:
    """Arguments: a name, the folder, and for each round how many executions a share is."""
    name, folder, *shares = arguments
    with create_app(Settings.from_env()).app_context():
        for number, share in enumerate(shares):
            _end_share(Path(folder), name, number, int(share))


def _end_share(folder: Path, name: str, number: int, share: int) -> None:
    random = Random(f"{name} {number}")
    claim_file = folder / f"{number}.claim"
    wait_until(claim_file.exists)
    group_id = UUID(claim_file.read_text())
    with writing():
        claims = claim_executions(group_id, AT_ONCE, share)
    (folder / f"{number}.ready-{name}").touch()
    go_file = folder / f"{number}.go"
    while not go_file.exists():
        time.sleep(0.001)
    while claims:
        count = random.randint(1, 50)
        _end([(claim, _outcome(random)) for claim in claims[:count]])
        claims = claims[count:]
    (folder / f"{number}.done-{name}").touch()


def _outcome(random: Random) -> Outcome:
    return Failure("It broke.") if random.random() < FAILING_SHARE else Output({"ok": True})


def _end(settled: list[tuple[ExecutionClaim, Outcome]]) -> None:
    """Write them down, as often as it takes."""
    while True:
        try:
            with writing():
                finish_executions(settled)
        except Unavailable:
            continue
        return
