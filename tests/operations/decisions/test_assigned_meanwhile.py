"""What is assigned while a decision waits for its turn is nobody's once it is decided."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.models import Assignment, InputRequest, User, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.decisions.assignment import assign
from opensink_web.operations.requests.assignment import Assignee
from tests.conftest import Cast
from tests.support.locks import somebody_waits_for_a_lock
from tests.support.real_servers import wait_until
from tests.support.scenarios import ENDPOINT, Waiting, answer, ask_in

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]


def test_it_is_decided_with_whose_it_is_by_then(app: Flask, cast: Cast) -> None:
    def decide(waiting: Waiting) -> None:
        with app.app_context():
            answer(cast.alice, waiting)

    with ThreadPoolExecutor(1) as second, app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        with writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            by = db.session.get_one(User, cast.alice.id)
            assign(workspace, waiting.request_id, [Assignee(user_id=cast.bob.id)], by=by)
            decided = second.submit(decide, waiting)
            if db.engine.dialect.name == "postgresql":  # elsewhere it waits before it reads
                wait_until(somebody_waits_for_a_lock)
        decided.result()
        with reading():
            assert db.session.scalars(select(Assignment.is_open)).all() == [False]
            request = db.session.get_one(InputRequest, waiting.request_id)
            assert (request.status.value, request.is_assigned) == ("resolved", True)
