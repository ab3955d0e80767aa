"""What the tests of reviewing begin with, and how they look at a page."""

import re
from html import unescape
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.json_value import JSONValue
from opensink_web.models import Delivery, InputRequest, Membership, Role, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.question import ask
from opensink_web.outbound.client import Response
from tests.conftest import Cast, Person, make_person
from tests.support.deliveries import claim_delivery, finish_delivery
from tests.support.polling import asked_by_itself
from tests.support.scenarios import Waiting, answer

YES = {"answer-0": "0"}
HTMX = {"HX-Request": "true"}


def make_viewer(app: Flask, person: Person) -> None:
    """Take a person's permission to write away."""
    with app.app_context(), writing():
        membership = db.session.get_one(Membership, (person.id, person.workspace_id))
        membership.role = Role.VIEWER


def make_reviewer(app: Flask, cast: Cast, name: str) -> Person:
    """Make one more reviewer in Alice's workspace."""
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        return make_person(workspace, name, Role.REVIEWER)


def ask_again(app: Flask, waiting: Waiting, title: str, schema: JSONValue) -> UUID:
    """Ask another question in the same session."""
    with app.app_context(), writing():
        asked = db.session.get_one(InputRequest, waiting.request_id)
        assert asked.requested_by_id is not None
        workspace = db.session.get_one(Workspace, asked.workspace_id)
        session_id, agent_id = waiting.session_id, waiting.agent_id
        return ask(
            workspace,
            session_id,
            agent_id,
            key="more",
            title=title,
            message="",
            schema=schema,
            requested_by_id=asked.requested_by_id,
        ).id


def answer_and_call(app: Flask, cast: Cast, waiting: Waiting, status: int) -> UUID:
    """Answer, and have the endpoint answer the call with this status; return the delivery's id."""
    with app.app_context():
        answer(cast.bob, waiting)
        delivery_id = db.session.scalars(select(Delivery.id)).one()
        with writing():
            claimed = claim_delivery(delivery_id)
        assert claimed is not None
        with writing():
            assert finish_delivery(claimed, answer_of_endpoint(status))
        return delivery_id


def answer_of_endpoint(status: int) -> Response:
    """Return an answer; 503 asks for a pause, as without one the next attempt may be at once."""
    pause = (("Retry-After", "600"),) if status == 503 else ()
    return Response(
        status_code=status,
        reason="",
        headers=(("Content-Type", "text/plain"), *pause),
        body=b"<b>what it said</b>",
        body_truncated=False,
        remote_address="127.0.0.1",
        latency_ms=12.0,
        error=None,
    )


def words_of(html: str) -> str:
    """Return what a page says, tags and line breaks left out."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def refresh_href(html: str) -> str:
    """Return where the part of a page that updates itself asks for news."""
    return asked_by_itself(html)[0]


def news(client: FlaskClient, href: str) -> tuple[int, str]:
    """Ask for news as htmx does; return the status and what came."""
    response = client.get(href, headers=HTMX)
    return response.status_code, response.text
