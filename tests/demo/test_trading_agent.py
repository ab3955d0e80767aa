"""The trading agent: what it asks, what it executes, and who may tell it to."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web import clock
from opensink_web.demo.trading_agent import MESSAGE, TRADES, form_for
from opensink_web.json_value import JSONValue
from opensink_web.outbound.endpoint_call import signature_headers
from opensink_web.outbound.signing import new_secret
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.limits import check_schema
from opensink_web.schema.validation import validate
from opensink_web.web.rendering.markdown import render

if TYPE_CHECKING:
    from tests.demo.conftest import Desk

FORMS: dict[str, JSONValue] = {trade["symbol"]: form_for(trade) for trade in TRADES}
SCHEMA: JSONValue = {"type": "object", "properties": FORMS, "required": list(FORMS)}
NVDA, TLT = (
    {name: trade[name] for name in ("symbol", "side", "limit_price", "reason")} for trade in TRADES
)
ANSWER: dict[str, Any] = {
    "NVDA": {**NVDA, "quantity": 30, "approved": True, "notes": "The rest next week."},
    "TLT": {**TLT, "quantity": 35, "approved": False},
}
EXECUTED = "Executed: sell 30 NVDA at $181.52."
SUMMARY = "1 of 2 trades were approved and executed."


def ask_and_answer(desk: "Desk", answer: Any = ANSWER) -> dict[str, str]:
    """Return the body of the call that follows an answer."""
    asked: dict[str, str] = desk.post("/start").json()
    resolved = {"response": answer}
    desk.api("POST", f"agent-session-input-requests/{asked['request_id']}/resolve", resolved)
    return asked


def test_its_schema_is_one_that_the_server_takes() -> None:
    check_schema(SCHEMA)
    assert validate(SCHEMA, ANSWER) == ()


def test_its_form_needs_no_more_than_the_decisions() -> None:
    blank = AnswerForm.blank(SCHEMA)
    assert len(blank.read().errors) == len(TRADES)
    choices = {
        field.name: choice.value
        for field in blank.root.active()
        if field.pointer.endswith("/approved")
        for choice in field.choices
        if choice.label == "No"
    }
    quantities = {
        field.name: str(field.data)
        for field in blank.root.active()
        if field.pointer.endswith("/quantity")
    }
    submission = AnswerForm.submitted(SCHEMA, MultiDict({**choices, **quantities})).read()
    assert submission.errors == ()
    assert submission.value is not None
    assert submission.value["NVDA"]["approved"] is False  # type: ignore[index, call-overload]  # an object by the schema


def test_its_message_has_a_table_with_every_trade() -> None:
    html = render(MESSAGE)
    assert "<table>" in html
    for trade in TRADES:
        words = "{} {quantity} {symbol}</td>".format(trade["side"].title(), **trade)
        assert words in html
        assert f"${trade['limit_price']:.2f}" in html


def test_starting_puts_a_question_in_the_inbox(desk: "Desk") -> None:
    asked = desk.post("/start").json()
    request = desk.api("GET", f"agent-session-input-requests/{asked['request_id']}")
    assert request["status"] == "pending"
    assert request["schema"] == SCHEMA
    session = desk.api("GET", f"agent-sessions/{asked['session_id']}")
    assert session["status"] == "waiting_for_input"
    assert session["state"] == {"proposed_trades": TRADES}


def test_it_executes_what_was_approved_as_it_was_changed(desk: "Desk") -> None:
    call = ask_and_answer(desk)
    done = desk.post("/execute", call)
    assert done.status_code == 200
    session = desk.api("GET", f"agent-sessions/{call['session_id']}")
    assert session["status"] == "completed"
    order = {**TRADES[0], "quantity": 30, "notes": "The rest next week."}
    assert session["state"] == {"proposed_trades": TRADES, "orders": [order]}
    assert desk.messages(call["session_id"]) == [EXECUTED, SUMMARY]


@pytest.mark.parametrize(
    ("verb", "reason", "words"),
    [
        ("decline", "Too risky today.", "the request was declined: Too risky today."),
        ("cancel", "The market has closed.", "the request was cancelled: The market has closed."),
    ],
)
def test_it_trades_nothing_without_an_answer(
    desk: "Desk", verb: str, reason: str, words: str
) -> None:
    asked: dict[str, str] = desk.post("/start").json()
    desk.api(
        "POST", f"agent-session-input-requests/{asked['request_id']}/{verb}", {"reason": reason}
    )
    assert desk.post("/execute", asked).json() == {"orders": []}
    query = f"agent-session-activities?session_id={asked['session_id']}"
    said = [each["message"] or "" for each in desk.api("GET", query)["items"]]
    assert f"Nothing was traded, because {words}" in said


def test_facts_come_from_its_own_state_and_not_from_the_answer(desk: "Desk") -> None:
    cheaper = {**ANSWER, "NVDA": {**ANSWER["NVDA"], "limit_price": 1}}
    call = ask_and_answer(desk, cheaper)
    (order,) = desk.post("/execute", call).json()["orders"]
    assert order["limit_price"] == 181.52


def test_a_repeated_call_executes_nothing_twice(desk: "Desk") -> None:
    call = ask_and_answer(desk)
    first = desk.post("/execute", call)
    second = desk.post("/execute", call)
    assert second.status_code == 200
    assert second.json() == first.json()
    assert desk.messages(call["session_id"]) == [EXECUTED, SUMMARY]


def test_a_call_after_a_crash_halfway_logs_nothing_twice(desk: "Desk") -> None:
    call = ask_and_answer(desk)
    desk.post("/execute", call)
    forgotten = {"status": "running", "state": {"proposed_trades": TRADES}}
    desk.api("PATCH", f"agent-sessions/{call['session_id']}", forgotten)
    desk.post("/execute", call)
    session = desk.api("GET", f"agent-sessions/{call['session_id']}")
    assert session["status"] == "completed"
    assert len(session["state"]["orders"]) == 1
    assert desk.messages(call["session_id"]) == [EXECUTED, SUMMARY]


def test_it_answers_who_asks_back_once_and_trades_nothing(desk: "Desk") -> None:
    call = desk.post("/start").json()
    thread = f"agent-session-input-requests/{call['request_id']}/comments"
    comment = desk.api("POST", thread, {"message": "Why bonds?"})
    call |= {"outcome": "comment", "comment_id": comment["id"]}
    first, second = (desk.post("/execute", call) for _ in range(2))
    assert (first.status_code, first.json()) == (200, second.json())
    reply, _ = desk.api("GET", thread)["items"]
    assert reply["author_type"] == "agent"
    assert all(trade["reason"] in reply["message"] for trade in TRADES)
    session = desk.api("GET", f"agent-sessions/{call['session_id']}")
    assert (session["status"], "orders" in session["state"]) == ("waiting_for_input", False)


def forged(desk: "Desk", body: bytes) -> dict[str, dict[str, str]]:
    """Return headers of calls that are not OpenSink's, by what is wrong with them."""
    now, secret = clock.now(), desk.settings.secret
    good = dict(signature_headers("once", (secret,), now, body))
    return {
        "nothing": {},
        "another secret": dict(signature_headers("once", (new_secret(),), now, body)),
        "another body": dict(signature_headers("once", (secret,), now, body + b" ")),
        "another id": good | {"webhook-id": "twice"},
        "old": dict(signature_headers("once", (secret,), now - timedelta(seconds=301), body)),
        "no time": good | {"webhook-timestamp": "now"},
        "no signature": good | {"webhook-signature": "sécret".encode().decode("latin-1")},
    }


@pytest.mark.parametrize("path", ["/start", "/execute"])
def test_nobody_without_the_signature_gets_in(desk: "Desk", path: str) -> None:
    call = ask_and_answer(desk)
    for wrong, headers in forged(desk, json.dumps(call).encode()).items():
        assert desk.post(path, call, headers=headers).status_code == 401, wrong
    session = desk.api("GET", f"agent-sessions/{call['session_id']}")
    assert session["status"] == "processing_input"
    assert len(desk.api("GET", "agent-sessions")["items"]) == 1


def test_a_test_call_is_answered_well(desk: "Desk") -> None:
    nowhere = "019a0000-0000-7000-8000-000000000000"
    answer = desk.post("/execute", {"session_id": nowhere, "request_id": nowhere})
    assert answer.status_code == 200
    assert "no such session" in answer.text


def test_what_the_server_refuses_is_said(desk: "Desk") -> None:
    call = ask_and_answer(desk)
    desk.api("DELETE", f"agents/{desk.settings.agent_id}")
    answer = desk.post("/start", call)
    assert "no such agent" in answer.text
