"""What is kept of a call, and told of it, gives no secret away."""

from dataclasses import replace
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from opensink_web.models import (
    Activity,
    Agent,
    AgentSession,
    Delivery,
    SessionStatus,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.outbound.client import Response
from tests.conftest import Cast
from tests.operations.deliveries.conftest import (
    call_of,
    came_back,
    claimed,
    session_status,
    the_delivery,
)
from tests.support.deliveries import claim_delivery, finish_delivery
from tests.support.scenarios import Waiting, answer, ask_in, endpoint_at


def test_a_secret_that_comes_back_is_not_kept(delivery_id: UUID) -> None:
    claim_ = claimed(delivery_id)
    secret = dict(call_of(claim_).headers)["X-OpenSink-Secret"]
    with writing():
        finish_delivery(claim_, came_back(200, body=f"you sent {secret}\0".encode()))
    (attempt,) = the_delivery(delivery_id).attempts
    assert attempt.response_body == "you sent ••••\ufffd"
    assert secret not in str(attempt.request_headers)


def test_an_echo_in_the_reason_reaches_neither_session_nor_activity(
    delivery_id: UUID, waiting: Waiting
) -> None:
    claim_ = claimed(delivery_id)
    secret = dict(call_of(claim_).headers)["X-OpenSink-Secret"]
    with writing():
        finish_delivery(
            claim_, Response(401, f"Not {secret}", (), b"", False, 1.5, "127.0.0.1", None)
        )
    assert (
        the_delivery(delivery_id).error_message == "The execution endpoint answered 401 Not ••••."
    )
    assert secret not in str(session_status(waiting))
    assert secret not in str([one.message for one in db.session.scalars(select(Activity))])


def test_what_the_address_hides_is_not_kept_where_it_comes_back(app: Flask, cast: Cast) -> None:
    url = "http://127.0.0.1:9/execute?code=a-function-key"
    with app.app_context():
        answer(cast.bob, ask_in(cast.alice, endpoint_at(url)))
        delivery_id = db.session.scalars(select(Delivery.id)).one()
        claim_ = claimed(delivery_id)
        echo = "No POST /execute?code=a-function-key"
        headers = (("X-Path", echo), ("Location", f"{url}&again"))
        with writing():
            finish_delivery(
                claim_, Response(307, echo, headers, echo.encode(), False, 1.5, "127.0.0.1", None)
            )
        (attempt,) = the_delivery(delivery_id).attempts
        assert attempt.response_body == "No POST /execute?code=••••"
        for kept in (attempt.response_headers, attempt.error_message, attempt.url):
            assert "function-key" not in str(kept)


def test_credentials_in_the_address_and_the_body_are_not_kept(app: Flask, cast: Cast) -> None:
    url = "http://127.0.0.1:9/execute?token=in-the-address&page=2"
    endpoint = replace(endpoint_at(url), body={"password": "in-the-body"})
    with app.app_context():
        answer(cast.bob, ask_in(cast.alice, endpoint))
        delivery_id = db.session.scalars(select(Delivery.id)).one()
        claim_ = claimed(delivery_id)
        body = b"in-the-address in-the-body in-the-b"
        with writing():
            finish_delivery(claim_, Response(200, "", (), body, True, 1.5, "127.0.0.1", None))
        (attempt,) = the_delivery(delivery_id).attempts
        assert call_of(claim_).url == url
        assert attempt.url == "http://127.0.0.1:9/execute?token=••••&page=••••"
        assert '"password":"••••"' in str(attempt.request_body)
        assert attempt.response_body == "•••• •••• ••••"
        assert attempt.response_body_truncated is True


def test_an_endpoint_that_cannot_be_decrypted_fails_the_call_with_its_reason(
    delivery_id: UUID, waiting: Waiting
) -> None:
    with writing():
        db.session.get_one(Agent, waiting.agent_id).sealed_execution_endpoint = "00000000.lost"
    with writing():
        assert claim_delivery(delivery_id) is None
    session = db.session.get_one(AgentSession, waiting.session_id)
    assert session.status is SessionStatus.FAILED
    assert "a key that this server does not have" in str(session.error_message)
