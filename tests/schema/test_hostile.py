"""Hostile schemas are refused, or drawn and read: in bounded time, reaching for nothing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.errors import InvalidSchema
from opensink_web.json_value import JSONValue
from opensink_web.schema import deadline
from opensink_web.schema.example import example_of
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.limits import check_schema
from opensink_web.schema.lint import MAX_WARNINGS, warnings_about
from opensink_web.schema.overview import overview
from opensink_web.schema.validation import validate
from tests.schema.page import Page, drawn, environment
from tests.support.hostile_schemas import DRAWN, REFUSED, answer, entries, text
from tests.support.watched import watched

CATASTROPHE_SECONDS = 5.0
"""Of this thread's own time. What they really take, under 0.25 s, tests/benchmarks measures."""


@contextmanager
def harmless() -> Iterator[None]:
    """Fail if the block takes long, opens a file or connects anywhere."""
    begun = time.thread_time()
    with watched("open", "socket.connect", "socket.getaddrinfo", "subprocess.Popen") as seen:
        yield
    assert seen == []
    assert time.thread_time() - begun < CATASTROPHE_SECONDS


@pytest.fixture(scope="module", autouse=True)
def nothing_left_to_load() -> None:
    """Start the program of slow checks, and load all templates, before anybody watches."""
    deadline.start()
    environment()


def test_there_are_enough_of_them() -> None:
    assert len(REFUSED) + len(DRAWN) >= 100


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name: str) -> None:
    with harmless(), pytest.raises(InvalidSchema) as caught:
        check_schema(REFUSED[name])
    assert caught.value.errors[0].message.endswith(".")


@pytest.mark.corpus
@pytest.mark.parametrize("name", DRAWN)
def test_is_drawn_and_read(name: str) -> None:
    schema = DRAWN[name]
    with harmless():
        check_schema(schema)
        form = AnswerForm.blank(schema)
        html = drawn(form)
        assert html
        assert len(warnings_about(schema)) <= MAX_WARNINGS
        overview(AnswerForm.blank(schema))
        example_of(schema)
    sent = Page(html).sent
    with harmless():
        form = AnswerForm.submitted(schema, sent)
        submission = form.read()
        assert drawn(form)
        AnswerForm.submitted(schema, MultiDict(dict.fromkeys(sent, "[[]"))).read()
    assert (submission.value is None) == bool(submission.errors)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (answer(a=entries({"anyOf": [{"const": n} for n in range(4_000)]})), [3_999] * 100_000),
        (answer(a=entries({"type": "number", "multipleOf": 5e-324})), [1e308] * 100_000),
        (answer(a=text(pattern=r"(\w{1,100}\d){1,50}z")), "w1" * 500_000),
        (answer(a={"patternProperties": {"(x+x+)+y": {}}}), {"x" * 900: 1}),
        (answer(a=entries({}, uniqueItems=True)), [[n, [n]] for n in range(80_000)]),
        (answer(a=text(format="regex")), r"(\p{L}{200}){900}" * 9_000),
        (answer(a={"propertyNames": {"enum": list("abc")}}), {str(n): 0 for n in range(4_000)}),
        (
            answer(a={"required": [f"p{n}" for n in range(4_000)]}),
            {str(n): 0 for n in range(4_000)},
        ),
    ],
    ids=[
        *["unions", "multiples", "a pattern", "patterns of names", "unique items", "a format"],
        *["wrong names", "missing names"],
    ],
)
def test_a_hostile_answer_is_checked_in_time(
    schema: Any, value: JSONValue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "CPU_SECONDS", 1)  # which most of them meet
    check_schema(schema)
    with harmless():
        validate(schema, {"a": value})


def test_a_long_honest_answer_is_checked() -> None:
    row: Any = answer(symbol=text(pattern="^[A-Z]{1,5}$"), quantity={"type": "integer"})
    schema: Any = answer(a=entries({**row, "required": ["symbol", "quantity"]}))
    rows: Any = [{"symbol": "NVDA", "quantity": number} for number in range(20_000)]
    assert validate(schema, {"a": rows}) == ()
    assert validate(answer(a=entries({"type": "number"})), {"a": [0.5] * 300_000}) == ()


def test_what_no_form_can_hold_is_proposed_as_json() -> None:
    fields = {f"p{number}": {"type": "integer", "default": number} for number in range(10_001)}
    form = AnswerForm.blank(answer(**fields))
    assert form.root.control == "json"
    assert form.root.value() == {f"p{number}": number for number in range(10_001)}


def test_more_rows_than_a_form_can_hold_are_refused() -> None:
    many: Any = entries(answer(**{f"p{number}": text() for number in range(400)}))
    schema = answer(a=entries(many), b=entries(many))
    rows = [("answer-0", str(row)) for row in range(100)]
    below = [(f"answer-0-{row}", str(number)) for row in range(100) for number in range(100)]
    begun = time.thread_time()
    with pytest.raises(Exception, match="more entries than one answer can have"):
        AnswerForm.submitted(schema, MultiDict([*rows, *below]))
    assert time.thread_time() - begun < CATASTROPHE_SECONDS


def test_many_names_are_held_against_many_patterns_in_time() -> None:
    kinds = {f"a{number}": text() for number in range(400)}
    schema = answer(a={"type": "object", "patternProperties": kinds})
    value: Any = {"a": {f"name {number}": "x" for number in range(3_000)}}
    with harmless():
        form = AnswerForm.blank(schema, value)
        assert form.root.value() == value


def test_rows_in_which_much_depends_on_the_rest_count_for_more_of_them() -> None:
    conditions = [
        {"if": {"required": [f"f{at}"]}, "then": {"properties": {f"f{at + 1}": text()}}}
        for at in range(20)
    ]
    schema = answer(a=entries({**answer(f0=text()), "allOf": conditions}))
    rows = MultiDict(("answer-0", str(row)) for row in range(2_500))
    with pytest.raises(Exception, match="more entries than one answer can have"):
        AnswerForm.submitted(schema, rows)
    assert AnswerForm.submitted(schema, MultiDict({"answer-0": "0"})).read().errors == ()
