"""Asking in one line: without an agent or a session, by a schema or a class, and its answer."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, ValidationError

from opensink_client import AgentSession, Answer, Client, Conflict
from tests.clients.python.conftest import SCHEMA
from tests.conftest import Cast

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


def test_an_agent_is_made_once_and_a_session_ends_with_its_question(
    client: Client, base_url: str, cast: Cast
) -> None:
    with ThreadPoolExecutor(8) as pool:
        many = [*pool.map(lambda n: client.ask(f"{n}?", schema=SCHEMA, agent="Übung"), range(8))]
    assert len({each.request.agent_id for each in many}) == 1
    assert len({each.request.session_id for each in many}) == 8
    with Client(base_url, cast.alice.api_key) as other:
        same = other.ask("Again?", schema=SCHEMA, agent="Übung")
        another = other.ask("Again?", schema=SCHEMA, agent="Ubung").request
    assert same.request.agent_id == many[0].request.agent_id != another.agent_id
    client.resolve(same.id, {"approved": True})
    assert client.get_session(str(same.request.session_id)).status == "completed"
    assert client.get_ask(same.id).outcome == "answered"
    assert client.cancel_ask(many[0].id, "Not needed.").outcome == "cancelled"


def test_a_key_that_may_only_ask_waits_for_its_answer(client: Client, base_url: str) -> None:
    key = client.create_key("workflow", ["asks:all"]).key
    with Client(base_url, key) as narrow:
        question = narrow.ask("Go?", schema=SCHEMA)
        client.resolve(question.id, {"approved": True})
        assert question.wait_for_answer(timeout_seconds=60).value == {"approved": True}


def test_several_questions_can_have_a_session_of_their_own(
    client: Client, session: AgentSession
) -> None:
    own = client.session_for("Übung")
    questions = [client.ask(f"{n}?", schema=SCHEMA, session=own) for n in range(2)]
    assert {each.request.session_id for each in questions} == {own.id}
    assert client.session_for("Übung").id == own.id
    assert client.ask("?", schema=SCHEMA, agent="Übung").request.agent_id == own.agent_id
    mine = client.ask("Three?", schema=SCHEMA, session=session).request
    assert mine.session_id == session.id
    client.update_session(session.id, status="completed")
    with pytest.raises(Conflict):
        client.ask("Four?", schema=SCHEMA, session=session)


def test_the_old_ways_of_asking_are_left(client: Client, session: AgentSession) -> None:
    words = {"key": "buy", "title": "Buy?", "message": ""}
    by_place = client.ask(session, schema=SCHEMA, **words)
    by_name = client.ask(session=session, schema=SCHEMA, **words)
    assert (by_place.status, by_name.status) == ("pending", "pending")
    with pytest.raises(TypeError, match="title"):
        client.ask(schema=SCHEMA)  # type: ignore[call-overload]
