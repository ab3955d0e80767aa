"""Many requests that wait in a workspace, and what a page says of them to decide on them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from flask.testing import FlaskClient

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import InputRequest, InputRequestStatus, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.agents.question import ask
from opensink_web.outbound.endpoint_call import EndpointSpec
from tests.conftest import Person
from tests.support.pause_scenarios import approval_in
from tests.support.scenarios import ENDPOINT, POLICY, SCHEMA

AMOUNT: JSONValue = {
    "type": "object",
    "required": ["amount"],
    "properties": {"amount": {"type": "integer", "minimum": 1}},
}
HTMX = {"HX-Request": "true"}


def ask_many(
    person: Person,
    count: int,
    schema: JSONValue = SCHEMA,
    *,
    endpoint: EndpointSpec | None = ENDPOINT,
    agents: int = 2,
) -> list[UUID]:
    """Ask from several agents by turns, each question in a session of its own."""
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        names = (f"Agent {uuid4()}" for _ in range(agents))
        agent_ids = [
            create_agent(workspace, POLICY, name=each, execution_endpoint=endpoint).id
            for each in names
        ]
        ids = []
        for number in range(count):
            agent_id = agent_ids[number % agents]
            session = start_session(workspace, agent_id)
            question = ask(
                workspace,
                session.id,
                agent_id,
                key="k",
                title=f"Number {number}",
                message=f"Of {number}.",
                schema=schema,
                requested_by_id=person.id,
            )
            ids.append(question.id)
        return ids


@dataclass(frozen=True)
class Inside:
    """Does something inside of the application, of which a browser's requests know nothing."""

    app: Flask

    def ask(self, person: Person, count: int, schema: JSONValue = SCHEMA) -> list[UUID]:
        with self.app.app_context():
            return ask_many(person, count, schema)

    def approvals(self, person: Person, count: int) -> list[UUID]:
        """Have a batch of calls wait for approval; return the requests."""
        with self.app.app_context():
            inputs: list[JSONObject] = [{"amount": n + 1} for n in range(count)]
            return [each.request_id for each in approval_in(person, inputs, is_batch=True)]

    def of(self, request_id: UUID, name: str) -> Any:
        """Return what a request has under a name."""
        with self.app.app_context():
            return getattr(request_by_id(request_id), name)

    def statuses(self, ids: Sequence[UUID]) -> list[InputRequestStatus]:
        return [self.of(each, "status") for each in ids]

    def change(self, request_id: UUID, **values: object) -> None:
        """Change a row by hand."""
        with self.app.app_context(), writing():
            for name, value in values.items():
                setattr(request_by_id(request_id), name, value)


def request_by_id(request_id: UUID) -> InputRequest:
    return db.session.get_one(InputRequest, request_id, populate_existing=True)


def marks_on(browser: FlaskClient, path: str, name: str = "chosen") -> dict[str, str]:
    """Return what a page sends for each row that can be chosen, by the request's id."""
    html = browser.get(path).text
    values = re.findall(rf'name="{name}"\s+value="([^"]+)"', html)
    return {value.partition(".")[0]: value for value in values}


def marks_of(browser: FlaskClient, path: str, ids: Sequence[UUID]) -> list[str]:
    marks = marks_on(browser, path)
    return [marks[str(each)] for each in ids]
