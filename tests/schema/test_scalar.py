"""A value of several simple kinds: one box, and what was typed is recognised or said."""

from collections.abc import Callable

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.form import AnswerForm

FormData = MultiDict[str, str]
TEXT: JSONValue = {"type": "string"}
INT: JSONValue = {"type": "integer"}
ANY_SCALAR: JSONValue = {"type": ["string", "number", "boolean"]}
TEXT_OR_WHOLE: JSONValue = {"anyOf": [TEXT, INT]}
AUTO: JSONValue = {"anyOf": [{"const": "auto", "title": "Automatic"}, INT]}


def whole(schema: JSONValue, *, required: bool = True) -> JSONObject:
    return {"type": "object", "properties": {"a": schema}, "required": ["a"] * required}


def answered(schema: JSONValue, text: str, kind: str = "") -> str:
    sent = MultiDict({"answer-0": text, "answer-0-kind": kind})
    submission = AnswerForm.submitted(whole(schema), sent).read()
    return dump(submission.value["a"]) if submission.value else submission.errors[0].message


@pytest.mark.parametrize(
    ("schema", "text", "kind", "value"),
    [
        (ANY_SCALAR, "5", "", "5"),
        (ANY_SCALAR, "5.0", "", "5.0"),
        (ANY_SCALAR, "5", "text", '"5"'),
        (ANY_SCALAR, "007", "", '"007"'),
        (ANY_SCALAR, "007", "number", "7"),
        (ANY_SCALAR, "1,200", "", '"1,200"'),
        (ANY_SCALAR, "+49 170 123", "", '"+49 170 123"'),
        (ANY_SCALAR, "0.12345678901234567890123", "", '"0.12345678901234567890123"'),
        (ANY_SCALAR, "true", "", "true"),
        (ANY_SCALAR, "true", "text", '"true"'),
        (ANY_SCALAR, "no", "", '"no"'),
        (ANY_SCALAR, "no", "boolean", "false"),
        (ANY_SCALAR, "null", "", '"null"'),
        (ANY_SCALAR, "", "text", '""'),
        (ANY_SCALAR, "maybe", "boolean", "Enter yes or no."),
        (
            ANY_SCALAR,
            "five",
            "number",
            "Enter a number, such as 1200.5, without a unit or other words.",
        ),
        (TEXT_OR_WHOLE, "12", "", "12"),
        (TEXT_OR_WHOLE, "1.0", "", '"1.0"'),
        (TEXT_OR_WHOLE, "hello", "", '"hello"'),
        ({"type": ["boolean", "integer"]}, "yes", "", "true"),
        ({"type": ["boolean", "integer"]}, "12", "", "12"),
        ({"type": ["boolean", "integer"]}, "x", "", "Enter yes or no or a number."),
        (AUTO, "Automatic", "", '"auto"'),
        (AUTO, "12", "", "12"),
        (AUTO, "auto", "", '"auto"'),
        (AUTO, "x", "", "Enter a number or “Automatic”."),
        ({"anyOf": [{"enum": ["5"]}, INT]}, "5", "", '"5"'),
        ({"anyOf": [{"enum": ["5"]}, INT]}, "5", "number", "5"),
    ],
)
def test_what_is_typed_is_recognised(schema: JSONValue, text: str, kind: str, value: str) -> None:
    assert answered(schema, text, kind) == value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        *((ANY_SCALAR, value) for value in ("5", 5, 5.0, "true", True, "", "a\nb", "007", 1e300)),
        *((TEXT_OR_WHOLE, value) for value in ("5", 5, 5.0, -3)),
        (AUTO, "auto"),
        (AUTO, 3),
        ({"type": ["string", "number", "null"]}, None),
        ({"anyOf": [{"type": "string", "format": "date"}, {"format": "email"}]}, "a@example.org"),
    ],
)
def test_untouched_it_comes_back_with_its_kind(
    untouched: Callable[[AnswerForm], FormData], schema: JSONValue, value: JSONValue
) -> None:
    start: JSONObject = {"a": value}
    sent = untouched(AnswerForm.blank(whole(schema), start))
    assert dump(AnswerForm.submitted(whole(schema), sent, start).read().value) == dump(start)


def test_nothing_typed_is_no_answer() -> None:
    assert answered(ANY_SCALAR, "") == "This field is required."
    sent = MultiDict({"answer-0": ""})
    assert AnswerForm.submitted(whole(ANY_SCALAR, required=False), sent).read().value == {}


def test_the_page_says_as_what_it_is_sent(draw: Callable[[AnswerForm], str]) -> None:
    html = draw(AnswerForm.blank(whole(ANY_SCALAR), {"a": 5}))
    assert "Sent as a number." in html
    assert "Sent as a text." in draw(AnswerForm.blank(whole(ANY_SCALAR), {"a": "5"}))
    assert '<option value="Automatic">' in draw(AnswerForm.blank(whole(AUTO)))


def test_a_secret_says_nothing_of_itself(draw: Callable[[AnswerForm], str]) -> None:
    schema = whole({"type": ["string", "integer"], "writeOnly": True})
    drawn = [draw(AnswerForm.blank(schema, {"a": each})) for each in ("hunter2", 4711)]
    assert drawn[0] == drawn[1]
    assert 'type="password"' in drawn[0]


def test_a_default_of_digits_that_is_emptied_is_left_out(
    untouched: Callable[[AnswerForm], FormData],
) -> None:
    schema = whole({"anyOf": [TEXT, INT], "default": "5"}, required=False)
    sent = untouched(AnswerForm.blank(schema))
    assert AnswerForm.submitted(schema, sent).read().value == {"a": "5"}
    sent["answer-0"] = ""
    assert AnswerForm.submitted(schema, sent).read().value == {}
    sent["answer-0-empty"] = "text"
    assert AnswerForm.submitted(schema, sent).read().value == {"a": ""}
