"""What a person types becomes JSON of the right type, or a message at the right field."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.errors import FieldError
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.form import AnswerForm, Submission

REQUIRED = "This field is required."


def of_one(schema: JSONValue, *typed: str, required: bool = True) -> Submission:
    """Submit a form with the one property `a`."""
    whole: JSONObject = {"type": "object", "properties": {"a": schema}}
    if required:
        whole["required"] = ["a"]
    form = AnswerForm.submitted(whole, MultiDict([("answer-0", text) for text in typed]))
    return form.read()


@pytest.mark.parametrize(
    ("schema", "typed", "value"),
    [
        ({"type": "string"}, "a\r\nb", "a\nb"),
        ({"type": "string"}, " a ", " a "),
        ({"type": "string", "maxLength": 3}, "a\r\nb", "a\nb"),
        ({"type": "string", "maxLength": 3}, "👍🎉🚀", "👍🎉🚀"),
        (
            {"type": "string", "format": "idn-email"},
            "straße@bücher.example",
            "straße@bücher.example",
        ),
        ({"type": "integer"}, " 12 ", 12),
        ({"type": "integer"}, "9007199254740993", 2**53 + 1),
        ({"type": "integer"}, "1e3", 1000),
        ({"type": "integer"}, "007", 7),
        ({"type": "number"}, "12", 12),
        ({"type": "number"}, "12.0", 12.0),
        ({"type": "number"}, ".5", 0.5),
        ({"type": "number"}, "1.200,50", 1200.5),
        ({"type": "number"}, "+1e-2", 0.01),
        ({"type": "boolean"}, "0", True),
        ({"type": "boolean"}, "1", False),
        ({"enum": ["1", 1, None]}, "2", None),
        ({"type": ["string", "null"]}, "", None),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "", None),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "3", 3),
        ({"type": ["boolean", "null"]}, "", None),
        ({"type": ["string", "integer"]}, "5", 5),
        ({"type": ["string", "integer"]}, '"5"', '"5"'),
    ],
)
def test_what_is_typed_has_the_type_of_the_schema(
    schema: JSONValue, typed: str, value: JSONValue
) -> None:
    submission = of_one(schema, typed)
    assert submission == Submission({"a": value}, ())
    assert submission.value is not None
    assert type(submission.value["a"]) is type(value)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "string", "default": "x"},
        {"type": "integer", "default": 1},
        {"type": "boolean"},
        {"enum": [1, 2, 3, 4, 5, 6]},
        {},
        {"type": "array", "items": {"type": "string"}},
        {"type": "object", "additionalProperties": True},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
    ],
)
def test_an_optional_field_left_empty_is_an_absent_key(schema: JSONValue) -> None:
    assert of_one(schema, "", required=False).value == {}


def test_clearing_an_optional_nullable_default_means_null_and_not_the_default_again() -> None:
    schema: JSONValue = {"type": ["string", "null"], "default": "x"}
    assert of_one(schema, "", required=False).value == {"a": None}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "integer"},
        {"type": "boolean"},
        {"enum": [1, 2]},
        {"type": ["string", "integer"]},
    ],
)
@pytest.mark.parametrize("typed", [[], [""]])
def test_a_required_field_left_empty_is_an_error(schema: JSONValue, typed: list[str]) -> None:
    assert of_one(schema, *typed).errors == (FieldError("/a", REQUIRED),)


@pytest.mark.parametrize(
    ("schema", "typed", "beginning"),
    [
        ({"type": "integer"}, "12-", "Enter a whole number using digits"),
        ({"type": "integer"}, "1,200", "1,200 can be read as 1200 or as 1.2."),
        ({"type": "integer"}, "1.5", "This must be a whole number."),
        ({"type": "integer", "writeOnly": True}, "1,200", "Enter a whole number using digits"),
        ({"type": "number"}, "NaN", "Enter a number"),
        ({"type": "number"}, "1e999", "This number is too large"),
        ({"type": "integer"}, "9" * 500, "This number is too large"),
        ({"type": "boolean"}, "true", "Choose one of the options."),
        ({"enum": ["a"]}, "a", "Choose one of the options."),
        ({"type": "string"}, "a\0b", "This contains a character"),
        ({"format": "email"}, " a@example.org", "There are blanks before or after"),
        ({"type": "string", "pattern": "^[A-Z]{2}$"}, "AB ", "There are blanks before or after"),
        ({"type": "string", "format": "date"}, " x", "Write the date as year-month-day"),
        ({"type": "string", "maxLength": 3}, "👍🎉🚀✅", "This must have at most 3 characters."),
        ({"type": "string", "minLength": 3}, "ab", "This must have at least 3 characters."),
    ],
)
def test_what_does_not_fit_is_an_error_and_stays_typed(
    schema: JSONValue, typed: str, beginning: str
) -> None:
    whole: JSONValue = {"properties": {"a": schema}, "required": ["a"]}
    form = AnswerForm.submitted(whole, MultiDict({"answer-0": typed}))
    submission = form.read()
    assert submission.value is None
    assert [error.path for error in submission.errors] == ["/a"]
    assert submission.errors[0].message.startswith(beginning)
    assert form.root.children[0].text == typed


def test_constants_and_read_only_values_cannot_be_tampered_with() -> None:
    proposal: JSONObject = {
        "symbol": "AAPL",
        "side": "buy",
        "order": {"venue": "X", "lot": 1.0},
    }
    schema: JSONValue = {
        "properties": {
            "symbol": {"const": "AAPL"},
            "side": {"type": "string", "readOnly": True, "default": "buy"},
            "order": {"properties": {"venue": {"const": "X"}}, "readOnly": True},
        },
        "default": proposal,
        "required": ["symbol"],
    }
    names = [f"answer-{field}" for field in ("0", "1", "2", "2-0", "2-more")]
    sent = MultiDict(dict.fromkeys(names, "evil"))
    assert AnswerForm.submitted(schema, sent).read().value == proposal


def test_read_only_entries_of_a_list_keep_to_their_row() -> None:
    item: JSONValue = {"properties": {"id": {"readOnly": True}, "ok": {"type": "boolean"}}}
    schema: JSONValue = {
        "properties": {
            "rows": {"type": "array", "items": item, "default": [{"id": 7}, {"id": 8}, {"id": 9}]}
        }
    }
    sent = MultiDict([("answer-0", "2"), ("answer-0", "0"), ("answer-0-2-1", "0")])
    assert AnswerForm.submitted(schema, sent).read().value == {
        "rows": [{"id": 9, "ok": True}, {"id": 7}]
    }


def test_a_read_only_value_the_schema_forgot_is_asked_for() -> None:
    assert of_one({"type": "string", "readOnly": True}, "x").value == {"a": "x"}
    assert of_one({"type": "string", "readOnly": True}, "x", required=False).value == {}


def contact(sent: dict[str, str], **more: Any) -> JSONValue:
    part: JSONObject = {
        "type": ["object", "null"],
        "properties": {"mail": {"type": "string"}, "lang": {"type": "string", "default": "de"}},
        **more,
    }
    form = AnswerForm.submitted({"properties": {"contact": part}}, MultiDict(sent))
    return form.read().value


def test_an_optional_object_is_left_out_until_something_is_filled_in_or_it_is_ticked() -> None:
    assert contact({"answer-0-0": "", "answer-0-1": "de"}) == {}
    assert contact({"answer-0-0": "x", "answer-0-1": "de"}) == {
        "contact": {"mail": "x", "lang": "de"}
    }
    assert contact({"answer-0-1": "de", "answer-0-in": "1"}) == {"contact": {"lang": "de"}}


def test_unticking_an_object_leaves_it_out_whatever_was_typed() -> None:
    sent = {"answer-0-0": "x", "answer-0-1": "de", "answer-0-was": "1"}
    assert contact(sent, default={"lang": "de"}) == {"contact": None}
    assert contact(sent | {"answer-0-in": "1"}, default={"lang": "de"}) == {
        "contact": {"lang": "de", "mail": "x"}
    }


def test_an_object_left_out_has_no_errors_inside() -> None:
    part: JSONValue = {"properties": {"n": {"type": "integer"}}, "required": ["n"]}
    form = AnswerForm.submitted({"properties": {"part": part}}, MultiDict({"answer-0-0": ""}))
    assert form.read() == Submission({}, ())
    form = AnswerForm.submitted({"properties": {"part": part}}, MultiDict({"answer-0-0": "x"}))
    assert [error.path for error in form.read().errors] == ["/part/n"]


def test_further_fields_are_rows_beside_the_named_ones() -> None:
    schema: JSONValue = {
        "properties": {"a": {"type": "string"}},
        "additionalProperties": {"type": "integer"},
    }

    def sent(*rows: tuple[str, str]) -> Submission:
        typed = [("answer-0", "x")]
        for number, (key, value) in enumerate(rows):
            row = f"answer-more-{number}"
            typed += [("answer-more", str(number)), (f"{row}-key", key), (row, value)]
        return AnswerForm.submitted(schema, MultiDict(typed)).read()

    assert sent(("b", "1")).value == {"a": "x", "b": 1}
    assert sent().value == {"a": "x"}
    assert sent(("a", "1")).errors[0].message.startswith("This name has a field of its own")
    assert sent(("b", "1"), ("b", "2")).errors[0].message == "This name is there twice."
    assert sent(("b", "1.5")).errors == (FieldError("/b", "This must be a whole number."),)


def test_an_unreadable_field_hides_only_errors_that_follow_from_it() -> None:
    schema: JSONValue = {
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
        "minProperties": 2,
    }
    form = AnswerForm.submitted(schema, MultiDict({"answer-0": "x", "answer-1": ""}))
    assert [error.path for error in form.read().errors] == ["/a", "/b"]


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": "object"},
        {"type": ["object", "null"]},
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {}, "additionalProperties": False},
    ],
)
def test_without_fields_there_is_only_to_confirm(
    schema: JSONValue, draw: Callable[[AnswerForm], str]
) -> None:
    form = AnswerForm.blank(schema)
    assert "There is nothing to fill in" in draw(form)
    assert "<textarea" not in draw(form)
    assert AnswerForm.submitted(schema, MultiDict()).read() == Submission({}, ())


def test_errors_from_elsewhere_go_to_their_field_or_the_nearest_around_it() -> None:
    schema: JSONValue = {
        "properties": {
            "a": {"title": "Alpha"},
            "b": {"title": "Beta", "required": ["c"], "properties": {"c": {"type": "string"}}},
        },
        "required": ["b"],
    }
    errors = [
        FieldError("/b/c", "one"),
        FieldError("/a/deep/er", "two"),
        FieldError("/nowhere", "three"),
    ]
    lines = AnswerForm.blank(schema).with_errors(errors).error_summary
    assert [(line.html_id, line.label, line.message) for line in lines] == [
        ("answer", "Answer", "/nowhere: three"),
        ("answer-0", "Alpha", "/deep/er: two"),
        ("answer-1-0", "Beta / C", "one"),
    ]


def test_fields_whose_titles_look_the_same_are_told_apart_by_their_keys() -> None:
    text: JSONObject = {"type": "string"}
    properties: JSONValue = {
        "a-b": text,
        "a_b": text,
        "copy": text,
        "\u0441\u043e\u0440\u0443": text,
        "c": text,
    }
    form = AnswerForm.blank({"properties": properties})
    assert [part.title for part in form.root.parts()] == [
        "A b (a-b)",
        "A b (a_b)",
        "Copy (copy)",
        "\u0441\u043e\u0440\u0443 (\u0441[U+0441]\u043e[U+043E]\u0440[U+0440]\u0443[U+0443])",
        "C",
    ]
    twins: JSONValue = {
        "x": text | {"title": "copy"},
        "y": text | {"title": "\u0441\u043e\u0440\u0443"},
    }
    form = AnswerForm.blank({"properties": twins})
    assert [part.title for part in form.root.parts()] == [
        "copy (x)",
        "\u0441\u043e\u0440\u0443 (y)",
    ]


def test_options_that_look_the_same_are_spelled_out() -> None:
    form = AnswerForm.blank(
        {"properties": {"a": {"enum": ["copy", "\u0441\u043e\u0440\u0443", "b"]}}}
    )
    [field] = form.root.parts()
    labels = [choice.label for choice in field.choices]
    assert labels[0] == "copy"
    assert "U+0441" in labels[1]


@pytest.mark.parametrize(
    ("schema", "sent", "html_id"),
    [
        ({"": {"type": "string", "minLength": 3}}, {"answer-0": "1"}, "answer-0"),
        (
            {"o": {"properties": {"": {"minimum": 3}}, "type": "object"}},
            {"answer-0-0": "1"},
            "answer-0-0",
        ),
        (
            {
                "": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"": {"type": "integer", "minimum": 3}},
                    },
                }
            },
            {"answer-0": "0", "answer-0-0-0": "1"},
            "answer-0-0-0",
        ),
    ],
)
def test_an_error_at_an_empty_key_stands_at_its_field(
    schema: JSONValue, sent: dict[str, str], html_id: str
) -> None:
    form = AnswerForm.submitted({"properties": schema}, MultiDict(sent))
    form.read()
    assert [line.html_id for line in form.error_summary] == [html_id]


def test_the_summary_leads_into_an_entry_by_what_is_around_it() -> None:
    prices: JSONValue = {"type": "object", "additionalProperties": {"type": "integer"}}
    sent = MultiDict(
        [("answer-0", "0"), ("answer-0-0-key", "beer"), ("answer-0", "1"), ("answer-0-1", "3")]
    )
    form = AnswerForm.submitted({"properties": {"prices": prices}}, sent)
    form.read()
    assert [line.label for line in form.error_summary] == ["Prices / Value", "Prices / Name"]
