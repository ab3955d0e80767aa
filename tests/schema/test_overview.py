"""What a form is made of, told to the author of its schema."""

from typing import Any

from opensink_web.schema.form import AnswerForm
from opensink_web.schema.overview import MAX_FIELDS, FieldOverview, overview

TEXT = {"type": "string"}


def pointers(schema: Any) -> list[str]:
    return [each.pointer for each in overview(AnswerForm.blank(schema))]


def test_names_every_field_in_the_order_of_the_form() -> None:
    schema: Any = {
        "properties": {
            "to": {"type": "object", "properties": {"city": {"type": "string", "title": "Town"}}},
            "a/b": {"type": "boolean"},
        },
        "additionalProperties": False,
    }
    fields = overview(AnswerForm.blank(schema))
    assert FieldOverview("/a~1b", "a/b", "radios", is_native=True) in fields
    assert [each.title for each in fields] == ["To", "Town", "a/b"]
    assert [each.pointer for each in fields] == ["/to", "/to/city", "/a~1b"]
    assert all(each.is_native for each in fields)


def test_looks_into_lists_that_are_empty() -> None:
    line = {"properties": {"sku": TEXT}, "required": ["sku"], "additionalProperties": False}
    schema: Any = {"properties": {"lines": {"type": "array", "items": line}}}
    assert pointers(schema) == ["/lines", "/lines/-", "/lines/-/sku"]


def test_names_what_repeats_itself_once() -> None:
    task = {"properties": {"name": TEXT, "next": {"$ref": "#/$defs/task"}}}
    schema = {"properties": {"first": {"$ref": "#/$defs/task"}}, "$defs": {"task": task}}
    assert pointers(schema) == ["/first", "/first/name", "/first/next"]


def test_names_what_is_drawn_only_when_it_is_opened() -> None:
    part = {"properties": {f"x{n}": TEXT for n in range(50)}}
    schema = {"properties": {f"p{n}": {"$ref": "#/$defs/part"} for n in range(20)}}
    assert "/p19/x49" in pointers(schema | {"$defs": {"part": part}})


def test_names_what_every_branch_of_a_union_brings() -> None:
    card = {"properties": {"kind": {"const": "card"}, "digits": TEXT}, "required": ["kind"]}
    bank = {"properties": {"kind": {"const": "bank"}, "iban": TEXT}, "required": ["kind"]}
    assert {"/digits", "/iban"} <= set(pointers({"type": "object", "oneOf": [card, bank]}))


def test_names_what_is_entered_as_json() -> None:
    schema: Any = {
        "properties": {"never": {"title": "Whatever", "enum": [*range(1_001)]}, "b": TEXT}
    }
    fields = overview(AnswerForm.blank(schema))
    assert [(each.title, each.pointer) for each in fields if not each.is_native] == [
        ("Whatever", "/never")
    ]


def test_has_an_end() -> None:
    rows = {"type": "array", "items": {"properties": {f"x{n}": TEXT for n in range(700)}}}
    assert len(pointers({"properties": {"rows": rows}})) <= MAX_FIELDS
