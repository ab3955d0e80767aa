"""Asking in one line: without an agent or a session, by a schema or a class, and its answer."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, ValidationError

from opensink_client import AgentSession, Answer, Client, Conflict, NotFound
from tests.clients.python.conftest import SCHEMA
from tests.clients.python.test_transport import Scripted, called
from tests.conftest import Cast
from tests.support.http_server import Reply

OPEN_SESSION = (
    b'{"id": "s", "agent_id": "a", "status": "running", "state": {}, "metadata": {},'
    b' "error_message": null}'
)


def even(number: int) -> int:
    """Return an even number. Raises: ValueError; the schema knows nothing of it."""
    if number % 2:
        raise ValueError("odd")
    return number


class Order(BaseModel):
    """Buy?"""

    approved: bool
    amount: Annotated[int, AfterValidator(even)] = 10


def test_asks_in_one_line_and_gets_an_instance(client: Client, base_url: str, cast: Cast) -> None:
    question = client.ask("Buy ten?", schema=Order, priority=7)
    assert (question.request.key, question.request.status) == ("Order", "pending")
    with Client(base_url, cast.bob.api_key) as bob:
        answering = threading.Timer(
            0.2, bob.resolve, (question.id, {"approved": True, "amount": 12})
        )
        answering.start()
        answer: Answer[Order] = question.wait_for_answer(timeout_seconds=100)
        answering.join()

    assert (answer.value, answer.status) == (Order(approved=True, amount=12), "resolved")
    assert answer.response == {"approved": True, "amount": 12}


def test_asks_by_a_schema_and_is_told_of_what_is_no_answer(client: Client) -> None:
    question = client.ask("Buy?", schema=SCHEMA, message="Ten.", agent="Trader", key="buy")
    with pytest.raises(TimeoutError):
        question.wait_for_answer(timeout_seconds=0.1)
    client.decline(question.id, "Too dear.")
    answer = question.wait_for_answer()
    assert (answer.value, answer.status) == (None, "declined")
    assert answer.request.decline_reason == "Too dear."
    assert (question.request.key, question.request.message) == ("buy", "Ten.")


def test_the_class_may_be_stricter_than_its_schema(client: Client) -> None:
    question = client.ask("Buy?", schema=Order)
    client.resolve(question.id, {"approved": True, "amount": 3})
    answer = question.wait_for_answer()
    assert answer.response == {"approved": True, "amount": 3}
    with pytest.raises(ValidationError, match="odd"):
        _ = answer.value


def test_agent_and_session_are_made_once_and_found_again(
    client: Client, base_url: str, cast: Cast
) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = [*pool.map(lambda n: client.ask(f"{n}?", schema=SCHEMA, agent="Übung"), range(8))]
    assert len({each.request.session_id for each in asked}) == 1
    with Client(base_url, cast.alice.api_key) as other:
        same = other.ask("Again?", schema=SCHEMA, agent="Übung").request
        another = other.ask("Again?", schema=SCHEMA, agent="Ubung").request
    assert same.agent_id == asked[0].request.agent_id != another.agent_id
    assert same.session_id != asked[0].request.session_id
    assert client.session_for("Übung").id == asked[0].request.session_id


def test_a_session_that_has_ended_is_begun_anew(client: Client, session: AgentSession) -> None:
    first = client.ask("One?", schema=SCHEMA).request
    client.update_session(str(first.session_id), status="completed")
    second = client.ask("Two?", schema=SCHEMA).request
    assert (first.agent_id, second.status) == (second.agent_id, "pending")
    assert first.session_id != second.session_id
    mine = client.ask("Three?", schema=SCHEMA, session=session).request
    assert mine.session_id == session.id
    client.update_session(session.id, status="completed")
    with pytest.raises(Conflict):
        client.ask("Four?", schema=SCHEMA, session=session)


def test_a_session_or_an_agent_that_was_deleted_is_made_anew(client: Client) -> None:
    first = client.ask("One?", schema=SCHEMA, agent="Trader").request
    client.cancel_input_request(first.id)
    client.delete_session(str(first.session_id))
    second = client.ask("Two?", schema=SCHEMA, agent="Trader").request
    assert (second.agent_id, second.status) == (first.agent_id, "pending")
    client.cancel_input_request(second.id)
    client.delete_agent(str(second.agent_id))
    third = client.ask("Three?", schema=SCHEMA, agent="Trader").request
    assert third.status == "pending"
    assert third.agent_id != second.agent_id
    assert client.session_for("Trader").id == third.session_id


def test_what_is_not_there_in_a_session_that_is_open_is_said(client: Client) -> None:
    server = Scripted(
        Reply(
            body=b'{"items": [{"id": "a", "namespace": "default", "slug": "trader"'
            b', "name": "", "status": null, "execution_endpoint": null, "signing_secret": null}]}'
        ),
        Reply(201, OPEN_SESSION),
        Reply(404),
        Reply(body=OPEN_SESSION),
    )
    with pytest.raises(NotFound):
        called(server, lambda client: client.ask("One?", schema=SCHEMA, agent="Trader"))
    assert len(server.received) == 4


def test_the_old_ways_of_asking_are_left(client: Client, session: AgentSession) -> None:
    words = {"key": "buy", "title": "Buy?", "message": ""}
    by_place = client.ask(session, schema=SCHEMA, **words)
    by_name = client.ask(session=session, schema=SCHEMA, **words)
    assert (by_place.status, by_name.status) == ("pending", "pending")
    with pytest.raises(TypeError, match="title"):
        client.ask(schema=SCHEMA)  # type: ignore[call-overload]
