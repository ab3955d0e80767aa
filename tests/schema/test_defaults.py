"""What a form starts from: the nearest default wins, and what does not fit is left out."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.form import AnswerForm

Untouched = Callable[[AnswerForm], "MultiDict[str, str]"]
TEXT: JSONObject = {"type": "string", "default": "post"}
PART: JSONObject = {
    "type": "object",
    "properties": {"carrier": TEXT, "insured": {"type": "boolean", "default": True}},
}
BOTH: JSONObject = {"carrier": "post", "insured": True}
LEFT_OUT = "The agent proposed something that does not fit here, so it was left out: "


def start_of(schema: Any, proposed: JSONObject | None = None) -> Any:
    """Return what the form of a schema starts from."""
    return AnswerForm.blank(schema, proposed).root.initial


def notices(schema: Any, proposed: JSONObject | None = None) -> list[tuple[str, str]]:
    form = AnswerForm.blank(schema, proposed)
    return [(each.path, each.message.removeprefix(LEFT_OUT)) for each in form.notices]


@pytest.mark.parametrize(
    ("part", "start"),
    [
        ({"default": {}}, {"a": BOTH}),
        ({"default": {"carrier": "air"}}, {"a": {"carrier": "air", "insured": True}}),
        ({"default": {"more": 1}}, {"a": {"more": 1, **BOTH}}),
        ({}, {}),
        ({"default": None, "type": ["object", "null"]}, {"a": None}),
    ],
)
def test_the_nearest_value_that_names_a_key_wins(part: JSONObject, start: JSONObject) -> None:
    assert dump(start_of({"properties": {"a": {**PART, **part}}})) == dump(start)


def test_a_required_object_starts_from_the_defaults_in_it() -> None:
    assert start_of({"properties": {"a": PART}, "required": ["a"]}) == {"a": BOTH}


def test_a_default_of_the_whole_goes_before_those_inside() -> None:
    schema: JSONObject = {"properties": {"a": TEXT, "b": TEXT}, "default": {"b": "own"}}
    assert start_of(schema) == {"b": "own", "a": "post"}


def test_defaults_stand_in_parts_of_all_of_and_beside_references() -> None:
    parts: list[JSONValue] = [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}}]
    assert start_of({"allOf": parts, "properties": {"c": {}}}) == {"a": "post", "b": "post"}
    referring: JSONValue = {"$ref": "#/$defs/t", "default": "own"}
    schema: JSONValue = {"$defs": {"t": TEXT}, "properties": {"a": referring}}
    assert start_of(schema) == {"a": "own"}


def test_entries_of_a_proposed_list_get_what_their_schema_proposes() -> None:
    lines: JSONValue = {"type": "array", "items": PART, "default": [{"carrier": "air"}, {}]}
    assert start_of({"properties": {"a": lines}}) == {
        "a": [{"carrier": "air", "insured": True}, BOTH]
    }


def test_an_instance_that_is_proposed_is_exact() -> None:
    schema: JSONValue = {"properties": {"a": PART, "b": TEXT}}
    instances: list[JSONObject] = [{}, {"a": {}}, {"a": {"insured": False}}]
    for proposed in instances:
        assert start_of(schema, proposed) == proposed


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "boolean", "default": None},
        {"enum": ["mail", "phone", "letter"], "default": None},
        {"type": "integer", "default": None},
        {"type": "string", "default": None},
        {"type": "string", "format": "email", "default": ""},
        {"type": "string", "minLength": 3, "default": ""},
        {"type": "string", "pattern": "^[A-Z]{2}[0-9]{4}$", "default": ""},
    ],
)
def test_null_and_the_empty_text_that_do_not_fit_are_left_out_without_a_word(
    schema: JSONObject, untouched: Untouched
) -> None:
    whole: JSONObject = {"properties": {"a": schema}}
    assert notices(whole) == []
    sent = untouched(AnswerForm.blank(whole))
    assert AnswerForm.submitted(whole, sent).read().value == {}


def test_an_empty_text_that_fits_is_proposed() -> None:
    assert start_of({"properties": {"a": {"type": "string", "default": ""}}}) == {"a": ""}


@pytest.mark.parametrize(
    ("schema", "path", "message"),
    [
        ({"type": "boolean", "default": "false"}, "/a", "This must be true or false."),
        ({"enum": ["x", "y"], "default": "z"}, "/a", "This must be one of the options."),
        ({"type": "integer", "default": "x"}, "/a", "This must be a whole number."),
        ({"type": "string", "maxLength": 1, "default": "xy"}, "/a", "This must have at most 1"),
        ({"type": "string", "default": {"x": 1}}, "/a", "This must be text."),
        ({"type": "array", "items": TEXT, "default": ["x", 1]}, "/a", "This must be text."),
        ({"type": "array", "items": TEXT, "default": [], "minItems": 1}, "/a", "This needs"),
        ({**PART, "default": "x"}, "/a", "This must be an object."),
        ({**PART, "default": {"carrier": 1}}, "/a/carrier", "This must be text."),
        (
            {**PART, "default": {"more": {}}, "additionalProperties": False},
            "/a/more",
            "The schema has no field with this name.",
        ),
        ({"items": PART, "default": [{"carrier": 1}]}, "/a/0/carrier", "This must be text."),
    ],
)
@pytest.mark.parametrize("is_instance", [False, True])
def test_what_does_not_fit_is_left_out_with_a_notice(
    schema: JSONObject, path: str, message: str, is_instance: bool, untouched: Untouched
) -> None:
    proposed: JSONObject | None = {"a": schema["default"]} if is_instance else None
    whole: JSONObject = {"properties": {"a": schema}}
    [(place, told)] = notices(whole, proposed)
    assert place == path
    assert told.startswith(message)
    sent = untouched(AnswerForm.blank(whole, proposed))
    assert AnswerForm.submitted(whole, sent, proposed).read().errors == ()


def test_what_an_object_lacks_drops_nothing() -> None:
    schema: JSONObject = {"properties": {"a": TEXT, "b": {}}, "required": ["b"]}
    assert start_of(schema) == {"a": "post"}
    assert notices(schema) == []


def test_one_value_that_does_not_fit_leaves_the_others() -> None:
    schema: JSONObject = {"properties": {"a": TEXT, "b": {"type": "integer", "default": "x"}}}
    assert start_of(schema) == {"a": "post"}


def test_defaults_in_a_part_that_is_left_out_are_drawn_where_they_fit(
    untouched: Untouched,
) -> None:
    fields: JSONObject = {"n": {"$ref": "#/$defs/n", "default": "x"}, "s": TEXT}
    schema: JSONValue = {
        "$defs": {"n": {"type": "integer"}},
        "properties": {"a": {"type": "object", "properties": fields}},
    }
    form = AnswerForm.blank(schema)
    sent = untouched(form)
    assert (sent["answer-0-0"], sent["answer-0-1"]) == ("", "post")
    assert form.root.children[0].children[0].notices == [f"{LEFT_OUT}This must be a whole number."]
    sent["answer-0-in"] = "1"
    assert AnswerForm.submitted(schema, sent).read().value == {"a": {"s": "post"}}


def test_a_new_row_starts_from_what_fits() -> None:
    item: JSONValue = {"type": "integer", "default": "x"}
    schema: JSONValue = {"properties": {"a": {"type": "array", "items": item}}}
    form = AnswerForm.submitted(schema, MultiDict({"answer-0": "0"}))
    assert form.root.children[0].rows[0].drawn_text() == ""


def test_a_notice_never_repeats_a_secret(draw: Callable[[AnswerForm], str]) -> None:
    secret: JSONValue = {"writeOnly": True, "type": "string", "const": "hunter2", "default": "h"}
    schema: JSONValue = {"properties": {"a": secret, "b": secret}, "required": ["b"]}
    form = AnswerForm.blank(schema, {"a": "hunter3", "b": "hunter3"})
    assert [each.path for each in form.notices] == ["/a", "/b"]
    assert "hunter" not in draw(form)


def test_notices_stand_at_their_fields_and_are_counted_above(
    draw: Callable[[AnswerForm], str],
) -> None:
    bad: JSONValue = {"type": "integer", "default": "x"}
    html = draw(AnswerForm.blank({"properties": {"a": bad}}))
    assert "A proposed value does not fit and was left out." in html
    assert 'id="answer-0-notice"' in html
    assert 'aria-describedby="answer-0-notice"' in html
    html = draw(AnswerForm.blank({"properties": {"a": bad, "b": bad}}))
    assert "2 proposed values do not fit and were left out." in html


def test_assent_is_given_by_nobody_but_an_instance() -> None:
    assent: JSONObject = {"const": True, "default": True}
    schema: JSONObject = {"properties": {"a": assent}, "required": ["a"]}
    assert start_of(schema) == {}
    assert start_of(schema, {"a": True}) == {"a": True}


def test_a_required_object_inside_itself_ends() -> None:
    schema: JSONObject = {"properties": {"a": {"$ref": "#"}, "b": TEXT}, "required": ["a"]}
    assert start_of(schema)["b"] == "post"
