"""Of what was deleted no list, page or answer tells anything, though its rows are there still."""

from collections.abc import Callable, Sequence
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from opensink_web.factory import ROUTES
from opensink_web.models import Activity, Agent, Delivery, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import delete_agent
from opensink_web.operations.agents.agent_session import delete_session
from opensink_web.operations.executions.function import delete_function
from opensink_web.operations.jobs.job import delete_job
from tests.api.conftest import Api
from tests.architecture.query_plans import api_addresses, page_addresses
from tests.conftest import Cast, Person
from tests.support.executions import make_function
from tests.support.jobs import begin_now, make_job
from tests.support.scenarios import ENDPOINT, Waiting, answer, ask_in
from tests.web.conftest import browser_of

Places = dict[str, str]
"""What there is, by the names that stand for it in addresses."""
Asked = dict[str, Callable[[str], TestResponse]]
Answers = dict[str, tuple[int, str]]
"""A status and a text, by the address."""


def places_of(waiting: Waiting, alice: Person) -> Places:
    with reading():
        (delivery_id,) = ids_in(Delivery, waiting)
        activity_id, *_ = ids_in(Activity, waiting)
        configuration_id = db.session.get_one(Agent, waiting.agent_id).config_id
    return {
        "agent_id": str(waiting.agent_id),
        "configuration_id": str(configuration_id),
        "session_id": str(waiting.session_id),
        "request_id": str(waiting.request_id),
        "delivery_id": str(delivery_id),
        "activity_id": str(activity_id),
        "workspace_slug": alice.workspace_slug,
        "namespace": "tests",
        "name": "work",
    }


def ids_in(table: type[Delivery | Activity], waiting: Waiting) -> Sequence[UUID]:
    return db.session.scalars(
        select(table.id).where(table.session_id == waiting.session_id).order_by(table.id)
    ).all()


def asked_by(app: Flask, cast: Cast, alice: Api, everything: Sequence[Places]) -> Asked:
    """Return how to ask for each list, page and row, by its address."""
    client = browser_of(app, cast.alice)
    asked: Asked = {}
    for places in everything:
        for address in api_addresses(ROUTES, places):
            asked[address] = lambda each: alice.at(each, "GET")
        for address in page_addresses(app, client, places):
            asked[address] = client.get
    return asked


def answers_to(asked: Asked) -> Answers:
    answers: Answers = {}
    for address, ask in asked.items():
        said = ask(address)
        answers[address] = said.status_code, said.text  # an export is written while it is read
    return answers


def leftovers(answers: Answers, words: Sequence[str]) -> set[str]:
    """Return each answer that tells of one of these words, or is still there for it."""
    found = set()
    for address, (status, text) in answers.items():
        # what somebody asked for may stand in the answer, and nothing else
        rest = text.replace(address, "").replace(address.replace("&", "&amp;"), "")
        told = [each for each in words if each in rest and each not in address]
        names_it = any(each in address.split("?")[0].split("/") for each in words)
        if told or (names_it and status != 404):
            found.add(f"{address}: {status} {told}")
    return found


@pytest.mark.usefixtures("on_each_database")
def test_nothing_tells_of_what_was_deleted(app: Flask, cast: Cast, alice: Api) -> None:
    """An agent with all that is its own, the session of another one, a function and a job."""
    with app.app_context():
        of_agent, of_session = ask_in(cast.alice, ENDPOINT), ask_in(cast.alice, ENDPOINT)
        for waiting in (of_agent, of_session):
            answer(cast.alice, waiting)
        make_function(cast.alice)
        job_id = make_job(cast.alice)
        run_id = begin_now(cast.alice, job_id)
        agent, session = (places_of(each, cast.alice) for each in (of_agent, of_session))
    agent |= {"job_id": str(job_id), "run_id": str(run_id)}
    below_session = ("session_id", "request_id", "delivery_id", "activity_id")
    gone = {
        "agent": [agent[name] for name in ("agent_id", "configuration_id", *below_session)],
        "session": [session[name] for name in below_session],
        "function": ["tests/work"],
        "job": [str(job_id), str(run_id)],
    }
    asked = asked_by(app, cast, alice, (agent, session))

    before = answers_to(asked)
    for what, words in gone.items():
        assert len(leftovers(before, words)) > 5, f"the {what} is told of while it is there"
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        delete_agent(workspace, of_agent.agent_id)
        delete_session(workspace, of_session.session_id)
        delete_function(workspace, "tests", "work")
        delete_job(workspace, job_id)
    after = answers_to(asked)
    assert leftovers(after, [word for words in gone.values() for word in words]) == set()
