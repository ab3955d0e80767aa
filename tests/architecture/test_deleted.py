"""Of what was deleted no list, page or answer tells anything, though its rows are there still."""

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.factory import ROUTES
from opensink_web.models import Activity, Delivery, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import delete_agent
from opensink_web.operations.agents.agent_session import delete_session
from opensink_web.operations.executions.function import delete_function
from tests.api.conftest import Api
from tests.architecture.query_plans import api_addresses, page_addresses
from tests.conftest import Cast
from tests.support.executions import make_function
from tests.support.scenarios import ENDPOINT, answer, ask_in
from tests.web.conftest import browser_of


@pytest.fixture
def places(app: Flask, cast: Cast) -> dict[str, str]:
    """What is to be deleted, by the names that stand for it in addresses."""
    with app.app_context():
        answer(cast.alice, (waiting := ask_in(cast.alice, ENDPOINT)))
        make_function(cast.alice)
        with reading():
            delivery_id = db.session.scalars(select(Delivery.id)).one()
            activity_id = db.session.scalars(select(Activity.id).limit(1)).one()
    return {
        "agent_id": str(waiting.agent_id),
        "session_id": str(waiting.session_id),
        "request_id": str(waiting.request_id),
        "delivery_id": str(delivery_id),
        "activity_id": str(activity_id),
        "workspace_slug": cast.alice.workspace_slug,
        "namespace": "tests",
        "name": "work",
    }


@pytest.mark.usefixtures("on_each_database")
@pytest.mark.parametrize("what", ["agent", "session", "function"])
def test_nothing_tells_of_what_was_deleted(
    app: Flask, cast: Cast, places: dict[str, str], alice: Api, what: str
) -> None:
    client = browser_of(app, cast.alice)
    gone = {
        "agent": ("agent_id", "session_id", "request_id", "delivery_id", "activity_id"),
        "session": ("session_id", "request_id", "delivery_id", "activity_id"),
        "function": ("name",),
    }[what]
    words = ["tests/work" if name == "name" else places[name] for name in gone]
    asked = list(api_addresses(ROUTES, places))
    pages = list(page_addresses(app, client, places))

    def leftovers() -> set[str]:
        found = set()
        answers = [(each, alice.at(each, "GET")) for each in asked]
        answers += [(each, client.get(each)) for each in pages]
        for address, said in answers:
            # what somebody asked for may stand in the answer, and nothing else
            text = said.text
            for own in {address, address.replace("&", "&amp;")}:
                text = text.replace(own, "")
            told = [each for each in words if each in text and each not in address]
            names_it = any(each in address.split("?")[0].split("/") for each in words)
            if told or (names_it and said.status_code != 404):
                found.add(f"{address}: {said.status_code} {told}")
        return found

    assert len(leftovers()) > 5, "they are told of while they are there"
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        if what == "agent":
            delete_agent(workspace, db.session.scalars(select(Delivery.agent_id)).one())
        elif what == "session":
            session_id = db.session.scalars(select(Delivery.session_id)).one()
            assert session_id is not None
            delete_session(workspace, session_id)
        else:
            delete_function(workspace, "tests", "work")
    assert leftovers() == set()
