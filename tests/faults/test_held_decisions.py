"""Workers that die while decisions are held, or as they take effect: each takes effect once."""

from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.models import Deadline, InputRequest, InputRequestStatus, db
from opensink_web.models.transaction import reading
from tests.chaos import invariants
from tests.chaos.clients import Question
from tests.chaos.consistency_check import age
from tests.chaos.one_moment import one_moment
from tests.conftest import Cast
from tests.faults.conftest import RunPart
from tests.support.holding import hold_answer, take_back
from tests.support.real_servers import AgentEndpoint, wait_until
from tests.support.scenarios import ask_in, endpoint_at

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("after_death")]
HELD = 6
DEATHS = ("before the effects", "before the effects' commit", "after the effects' commit")


def statuses() -> Counter[InputRequestStatus]:
    with reading():
        return Counter(db.session.scalars(select(InputRequest.status)))


def count_deadlines() -> int:
    with reading():
        return db.session.scalar(select(func.count()).select_from(Deadline)) or 0


def violations() -> list[str]:
    with one_moment():
        asked = [
            Question(str(each.id), "", {}, {"approved": True})
            for each in db.session.scalars(select(InputRequest))
        ]
        return invariants.violations(asked, [])


@pytest.mark.parametrize("death", ["while they are held", *DEATHS])
def test_what_is_held_takes_effect_once_and_what_is_undone_never(
    death: str, app: Flask, cast: Cast, run_part: RunPart, after_death: Callable[[], None]
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        asked = [ask_in(cast.alice, endpoint_at(endpoint.url)) for _ in range(HELD + 1)]
        for each in asked:
            hold_answer(cast.bob, each.request_id, seconds=60)
        take_back(cast.bob, asked[0].request_id)
        assert violations() == []
        first = run_part("worker", failpoint_name=death if death in DEATHS else "")
        sweeper = run_part("sweeper")
        if death in DEATHS:
            age()
            wait_until(lambda: not first.is_running)
        else:
            first.kill()
            assert statuses() == {InputRequestStatus.HELD: HELD, InputRequestStatus.PENDING: 1}
        sweeper.kill()
        after_death()
        age()
        run_part("worker")
        run_part("sweeper")
        wait_until(lambda: len(endpoint.calls) >= HELD)
        wait_until(lambda: count_deadlines() == 0)
        assert statuses() == {InputRequestStatus.RESOLVED: HELD, InputRequestStatus.PENDING: 1}
        assert violations() == []
    called = Counter(call.headers["x-opensink-request-id"] for call in endpoint.calls)
    assert called == {str(each.request_id): 1 for each in asked[1:]}
