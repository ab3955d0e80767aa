"""For whom something is asked is written down, whichever way it is asked."""

from uuid import UUID

import pytest
from flask import Flask

from opensink_web.json_value import JSONObject
from opensink_web.models import InputRequest, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.withdrawal import check_revision, supersede
from tests.api.conftest import Api, ask
from tests.conftest import Cast
from tests.support.pause_scenarios import approval_in, paused_in
from tests.support.scenarios import ask_in

pytestmark = pytest.mark.usefixtures("on_each_database")


def requester_of(request_id: UUID | str) -> UUID | None:
    return db.session.get_one(InputRequest, UUID(str(request_id))).requested_by_id


def test_an_agent_asks_for_whose_key_it_has(app: Flask, cast: Cast) -> None:
    asked = ask(Api(app, cast.alice.headers))
    with app.app_context():
        assert requester_of(asked["id"]) == cast.alice.id


def test_an_execution_asks_for_whose_it_is(app: Flask, cast: Cast) -> None:
    with app.app_context():
        assert requester_of(paused_in(cast.bob).request_id) == cast.bob.id


@pytest.mark.parametrize("is_batch", [False, True])
def test_the_approval_of_a_call_too(app: Flask, cast: Cast, is_batch: bool) -> None:
    inputs: list[JSONObject] = [{"amount": 1}, {"amount": 2}]
    with app.app_context():
        for each in approval_in(cast.alice, inputs, is_batch=is_batch):
            assert requester_of(each.request_id) == cast.alice.id


def test_a_revision_is_theirs_who_asked_anew(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, None)
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        revision = check_revision(workspace, waiting.request_id, {"title": "Sell?"}, {})
        with writing():
            new = supersede(workspace, revision, requested_by_id=cast.bob.id)
        assert requester_of(new.id) == cast.bob.id
