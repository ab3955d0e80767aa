"""A form in a terminal: field after field, with what the schema finds wrong."""

from typing import Any

import pytest

from opensink_web.dev.form import LEAVE_OUT, QUIT, GivenUp, fill_in

SCHEMA = {
    "type": "object",
    "required": ["kind", "name", "count", "level", "sure"],
    "properties": {
        "kind": {"const": "order"},
        "name": {"type": "string", "minLength": 3, "title": "Name"},
        "count": {"type": "integer", "minimum": 1, "default": 5},
        "level": {"enum": ["low", "high"]},
        "sure": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "note": {"type": ["string", "null"]},
        "pin": {"type": "string", "writeOnly": True},
        "ship": {
            "type": "object",
            "required": ["city"],
            "properties": {"city": {"type": "string"}, "zip": {"type": "string"}},
        },
    },
    "if": {"properties": {"level": {"const": "high"}}, "required": ["level"]},
    "then": {"properties": {"reason": {"type": "string"}}, "required": ["reason"]},
}


def typed(schema: Any, start: Any, *lines: str) -> tuple[Any, list[str], list[Any]]:
    """Type lines into a form; return the answer, what was said, and what was asked."""
    said: list[str] = []
    form = fill_in(schema, start, said.append)
    prompts = [next(form)]
    for line in lines:
        try:
            prompts.append(form.send(line))
        except StopIteration as over:
            return over.value, said, prompts
    return None, said, prompts


def test_each_field_is_asked_for_in_its_way() -> None:
    answers = ("Ann", "", "HIGH", "y", "a, b", "null", "1234", "y", "Bern", "", "It is urgent")
    answer, said, prompts = typed(SCHEMA, {"count": 5, "kind": "order"}, *answers)
    assert answer == {
        "count": 5,
        "kind": "order",
        "name": "Ann",
        "level": "high",
        "sure": True,
        "tags": ["a", "b"],
        "note": None,
        "pin": "1234",
        "ship": {"city": "Bern"},
        "reason": "It is urgent",
    }
    assert [each.secret for each in prompts] == [False] * 6 + [True] + [False] * 4
    assert prompts[1].text == "Count (whole number) [5]: "
    assert "Kind: order (fixed)" in said


def test_what_is_wrong_is_said_at_its_field_and_asked_again() -> None:
    answer, said, _ = typed(
        {key: SCHEMA[key] for key in ("type", "required", "properties")},
        {},
        *("", "An", "Ann", "many", "0", "7", "middle", "low", "perhaps", "no"),
        *("", "", "", ""),
    )
    assert answer == {"kind": "order", "name": "Ann", "count": 7, "level": "low", "sure": False}
    wrong = [line for line in said if line.startswith("  !")]
    assert len(wrong) == 6
    assert wrong[0] == "  ! This is needed."
    assert wrong[1].startswith("  ! /name: ")
    assert wrong[2] == "  ! Type a number."
    assert wrong[3].startswith("  ! /count: ")
    assert wrong[4] == "  ! Choose one: low, high"


def test_what_only_shows_at_the_end_is_asked_for_again_with_what_was_typed() -> None:
    both = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
    schema = both | {"minProperties": 2}
    answer, said, prompts = typed(schema, {}, "1", "", "", "2")
    assert answer == {"a": 1, "b": 2}
    assert prompts[2].text.endswith("[1]: ")
    assert any("This does not fit yet" in line for line in said)


def test_a_default_can_be_left_out_and_the_form_given_up() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "default": "x"}}}
    assert typed(schema, {"a": "x"}, "")[0] == {"a": "x"}
    assert typed(schema, {"a": "x"}, LEAVE_OUT)[0] == {}
    assert typed(schema, {"a": "x"}, '""')[0] == {"a": ""}
    with pytest.raises(GivenUp):
        typed(schema, {}, QUIT)


def test_what_no_line_can_ask_for_is_typed_as_json() -> None:
    tree = {"$ref": "#/$defs/tree"}
    schema = {
        "type": "object",
        "$defs": {"tree": {"type": "object", "properties": {"left": tree}}},
        "properties": {"tree": {"type": "object", "properties": {"left": tree}}, "any": {}},
        "required": ["any"],
    }
    answer, said, _ = typed(schema, {}, "", '{"a": [1.50]}')
    assert answer == {"any": {"a": [1.5]}}, said
