"""Any valid answer, drawn and sent back untouched, is the same JSON: types, keys and order."""

from collections.abc import Callable

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.validation import validate

TEXT: JSONValue = {"type": "string"}
NULLABLE: JSONValue = {"anyOf": [{"type": "string"}, {"type": "null"}]}
ANSWERS: list[tuple[JSONValue, JSONObject]] = [
    (TEXT, {"a": ""}),
    (TEXT, {}),
    (TEXT, {"a": " spaced  out "}),
    (TEXT, {"a": "\r\n\n\r tail \n"}),
    (TEXT, {"a": "é 漢字 👩‍👩‍👧 \u2028 \u00a0 <b>&amp;\"'"}),
    (TEXT, {"a": "\t\x0b\x1f\x7f"}),
    ({"type": "string", "maxLength": 999}, {"a": "\n\nstarts with empty lines"}),
    (NULLABLE, {"a": None}),
    (NULLABLE, {"a": ""}),
    (NULLABLE, {}),
    ({"type": "integer"}, {"a": 2**53 + 1}),
    ({"type": "integer"}, {"a": -(10**398)}),
    ({"type": "integer"}, {"a": 1.0}),
    ({"type": "number"}, {"a": 1}),
    ({"type": "number"}, {"a": 1.0}),
    ({"type": "number"}, {"a": 1e3}),
    ({"type": "number"}, {"a": -0.0}),
    ({"type": "number"}, {"a": 5e-324}),
    ({"type": "number"}, {"a": 1.7976931348623157e308}),
    ({"type": "boolean"}, {"a": False}),
    ({"type": "boolean"}, {}),
    ({"type": ["boolean", "null"]}, {"a": None}),
    ({"type": "null"}, {"a": None}),
    ({"enum": [1, "1", 1.5, None, True, {"x": [1.0]}]}, {"a": {"x": [1.0]}}),
    ({"enum": [1, "1", 1.5, None, True]}, {"a": "1"}),
    ({"enum": [1, "1", 1.5, None, True]}, {"a": None}),
    ({"type": "array", "items": TEXT}, {"a": []}),
    ({"type": "array", "items": TEXT}, {}),
    ({"type": "array", "items": NULLABLE}, {"a": ["", None, "x"]}),
    ({"type": "array", "items": {"type": "number"}}, {"a": [1, 1.0]}),
    ({"type": "array", "items": {"type": "array", "items": TEXT}}, {"a": [[], ["x"], [""]]}),
    ({"type": ["array", "null"], "items": TEXT}, {"a": None}),
    ({"type": ["array", "null"], "items": TEXT}, {"a": []}),
    ({"type": "array", "items": {"properties": {"x": TEXT, "y": TEXT}}}, {"a": [{}, {"y": ""}]}),
    ({"type": "object", "properties": {"x": TEXT}}, {"a": {}}),
    ({"type": "object", "properties": {"x": TEXT}}, {"a": {"z": [1.0, {}], "x": "y"}}),
    ({"type": ["object", "null"], "properties": {"x": TEXT}}, {"a": None}),
    ({"type": "object", "properties": {"x": {"const": 1}, "y": {"const": 2}}}, {"a": {"y": 2}}),
    ({"readOnly": True, "type": "object"}, {"a": {"b": [None, 1.0, ""]}}),
    ({"writeOnly": True, "type": "string"}, {"a": "s3cret"}),
    ({}, {"a": [1.0, {"b": None}, "\r\n"]}),
    ({}, {"a": None}),
    ({"oneOf": [{"type": "object", "required": ["k"]}, {"type": "integer"}]}, {"a": {"k": 1e22}}),
    ({"type": ["string", "null"], "default": "x"}, {"b": 1}),
    ({"type": ["boolean", "null"], "default": True}, {"b": 1}),
    ({"type": ["object", "null"], "default": {}, "properties": {"x": TEXT}}, {"b": 1}),
    ({"minLength": 1}, {"a": None}),
    ({"items": TEXT}, {"a": False}),
    ({"type": "object", "properties": {"x": {"const": 1}}}, {"b": 1}),
    ({"type": ["number", "integer"], "default": "not one"}, {"b": 1}),
    (TEXT, {"z": 1, "a": "x", "b": {"c": []}}),
]


@pytest.mark.parametrize("is_required", [False, True])
@pytest.mark.parametrize(("schema", "answer"), ANSWERS)
def test_an_untouched_answer_comes_back_exactly(
    schema: JSONValue,
    answer: JSONObject,
    is_required: bool,
    untouched: Callable[[AnswerForm], MultiDict[str, str]],
) -> None:
    whole: JSONObject = {"type": "object", "properties": {"a": schema}}
    if is_required and "a" in answer:
        whole["required"] = ["a"]
    assert validate(whole, answer) == ()
    sent = untouched(AnswerForm.blank(whole, answer))
    submission = AnswerForm.submitted(whole, sent, answer).read()
    assert submission.errors == ()
    assert dump(submission.value) == dump(answer)


@pytest.mark.parametrize(("schema", "answer"), ANSWERS)
def test_so_does_one_that_is_proposed_beside_the_schemas_own_defaults(
    schema: JSONValue,
    answer: JSONObject,
    untouched: Callable[[AnswerForm], MultiDict[str, str]],
) -> None:
    whole: JSONObject = {
        "type": "object",
        "properties": {"a": schema, "unasked": {"type": "string", "default": "x"}},
        "default": {"a": "something else", "unasked": "x"},
    }
    sent = untouched(AnswerForm.blank(whole, answer))
    assert dump(AnswerForm.submitted(whole, sent, answer).read().value) == dump(answer)


def test_a_proposed_secret_stays_without_being_drawn(
    untouched: Callable[[AnswerForm], MultiDict[str, str]],
) -> None:
    whole: JSONObject = {"properties": {"pin": {"type": "string", "writeOnly": True}}}
    form = AnswerForm.blank(whole, {"pin": "4711"})
    sent = untouched(form)
    assert "4711" not in str(sent)
    assert "stays what was proposed" in form.root.parts()[0].hint
    assert AnswerForm.submitted(whole, sent, {"pin": "4711"}).read().value == {"pin": "4711"}
