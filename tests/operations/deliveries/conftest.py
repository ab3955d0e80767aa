"""A delivery that waits to be made, and each step of making it."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.models import (
    Agent,
    AgentSession,
    Delivery,
    SessionStatus,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.deliveries.attempt import DeliveryClaim
from opensink_web.outbound.client import Call, Headers, Response
from opensink_web.outbound.failures import CallError
from tests.conftest import Cast
from tests.support.deliveries import claim_delivery, finish_delivery
from tests.support.scenarios import Waiting, answer, ask_in, endpoint_at


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Iterator[Waiting]:
    with app.app_context():
        yield ask_in(cast.alice, endpoint_at("http://127.0.0.1:9/execute"))


@pytest.fixture
def delivery_id(cast: Cast, waiting: Waiting) -> UUID:
    answer(cast.bob, waiting)
    return db.session.scalars(select(Delivery.id)).one()


def came_back(
    status: int | None, error: CallError | None = None, body: bytes = b"", headers: Headers = ()
) -> Response:
    return Response(status, "", headers, body, False, 1.5, "127.0.0.1", error)


def call_of(claim: DeliveryClaim) -> Call:
    assert claim.attempt is not None
    return claim.attempt.call


def claimed(delivery_id: UUID) -> DeliveryClaim:
    with writing():
        claim_ = claim_delivery(delivery_id)
    assert claim_ is not None
    return claim_


def finished(claim_: DeliveryClaim, status: int | None, error: CallError | None = None) -> bool:
    with writing():
        return finish_delivery(claim_, came_back(status, error))


def the_delivery(delivery_id: UUID) -> Delivery:
    db.session.rollback()
    return db.session.get_one(Delivery, delivery_id)


def session_status(waiting: Waiting) -> tuple[SessionStatus, SessionStatus | None]:
    session = db.session.get_one(AgentSession, waiting.session_id)
    agent = db.session.get_one(Agent, waiting.agent_id)
    return session.status, agent.status
