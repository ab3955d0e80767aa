"""Decided requests in the list: what was decided, in a word, and what the function then gave."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.outbound.outcome import Failure, Outcome, Output
from opensink_web.web.requests.decided import answer_in_short, edited_in_short
from tests.conftest import Cast
from tests.support.executions import claim_some, execution, finish_all
from tests.support.pause_scenarios import answer, approval_in, paused_in, refuse
from tests.support.review_cases import words_of
from tests.support.scenarios import answer as answer_agent
from tests.support.scenarios import ask_in
from tests.support.statements import statements

DECIDED = "/w/main/inbox?view=decided"
BOOLEAN: JSONObject = {"type": "boolean", "title": "Buy?"}
CHOICE: JSONObject = {"oneOf": [{"const": "fast", "title": "By air"}, {"const": "slow"}]}
TEXT: JSONObject = {"type": "string"}
YES: JSONObject = {"approved": True}


def form(**properties: JSONValue) -> JSONValue:
    return {"type": "object", "required": [*properties], "properties": properties}


@pytest.mark.parametrize(
    ("schema", "response", "value"),
    [
        (form(buy=BOOLEAN), {"buy": True}, "Yes"),
        (form(buy=BOOLEAN), {"buy": False}, "No"),
        (form(way=CHOICE), {"way": "fast"}, "By air"),
        (form(why=TEXT), {"why": "So that: it is done"}, "So that: it is done"),
        (form(buy=BOOLEAN, why=TEXT), {"buy": False, "why": "x"}, ""),
        (form(), {}, ""),
        (True, {"a": [1]}, ""),
    ],
)
def test_an_answer_of_one_value_is_that_value(
    schema: JSONValue, response: JSONObject, value: str
) -> None:
    assert answer_in_short(schema, response)[0] == value


def test_a_secret_is_no_part_of_it_and_a_long_text_is_cut() -> None:
    schema = form(pin={"type": "string", "writeOnly": True}, why=TEXT)
    _, whole = answer_in_short(schema, {"pin": "1234", "why": "x" * 1000})
    assert "1234" not in whole
    assert len(whole) < 130


@pytest.mark.parametrize(
    ("edited", "words"),
    [
        (["/amount"], "Amount"),
        (["/lines/0", "/lines/1/price"], "Lines, Price"),
        (["/a", "/b", "/c", "/d", "/e~1f"], "A, B, C and 2 more"),
        ([""], "the whole"),
        ([], ""),
    ],
)
def test_names_the_fields_that_were_changed(edited: list[str], words: str) -> None:
    assert edited_in_short(True, edited) == words


def test_says_what_was_decided(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    with app.app_context():
        answer_agent(cast.bob, ask_in(cast.alice, None), approved=False)
        (approval,) = approval_in(cast.alice)
        answer(cast.bob, approval, {"amount": 10, "token": "s3cret"})
        refuse(cast.bob, paused_in(cast.alice).request_id, "Ask Alice.\nShe knows.")
    html = bob.get(DECIDED).text
    words = words_of(html)
    assert '<span class="decided-word" dir="auto">No</span>' in html
    assert "Approved Amount: 10" in words
    assert "Amount changed" in words
    assert "Declined Ask Alice." in words
    assert "s3cret" not in html
    assert "state-danger" not in html


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Output({"paid": 10}), 'Completed {"paid":10}'),
        (Failure("The bank is closed."), "Failed The bank is closed."),
        (Output("x" * 20_000), "Completed its output is on its page"),
    ],
)
def test_says_what_the_function_gave(
    app: Flask, cast: Cast, bob: FlaskClient, outcome: Outcome, words: str
) -> None:
    with app.app_context():
        paused = paused_in(cast.alice)
        answer(cast.bob, paused, YES)
        finish_all(claim_some(execution(paused.execution_id).group_id), outcome)
    assert words in words_of(bob.get(DECIDED).text)


def test_tells_nothing_of_executions_to_who_may_not_see_them(
    app: Flask, cast: Cast, bob: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        paused = paused_in(cast.alice)
        answer(cast.bob, paused, YES)
        finish_all(claim_some(execution(paused.execution_id).group_id), Output("kept"))
    monkeypatch.setattr("opensink_web.web.requests.decided.reaches_rows_of", lambda *_: False)
    words = words_of(bob.get(DECIDED).text)
    assert "kept" not in words
    assert "Completed" not in words


def test_is_looked_up_at_once_for_all_rows(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    counts = []
    for _ in range(2):
        with app.app_context():
            for _ in range(3):
                paused = paused_in(cast.alice)
                answer(cast.bob, paused, YES)
                finish_all(claim_some(execution(paused.execution_id).group_id), Output(1))
        bob.get(DECIDED)
        with statements(app) as said:
            assert bob.get(DECIDED).status_code == 200
        counts.append(len(said))
    assert counts[0] == counts[1]
