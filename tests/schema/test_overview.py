"""What a form is made of, told to the author of its schema."""

from typing import Any

from opensink_web.schema.form import AnswerForm
from opensink_web.schema.overview import MAX_FIELDS, Control, FieldOverview, overview

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
    assert FieldOverview("/a~1b", "a/b", Control.CHOICE, is_native=True) in fields
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


def test_names_what_every_condition_brings() -> None:
    rejected = {"properties": {"ok": {"const": False}}}
    schema: Any = {
        "properties": {"ok": {"type": "boolean"}, "a": TEXT, "closed": TEXT},
        "if": rejected,
        "then": {"properties": {"reason": TEXT}},
        "else": {"properties": {"amount": {"type": "number"}, "closed": False}},
        "dependentSchemas": {"a": {"properties": {"b": {"type": "array", "items": TEXT}}}},
    }
    assert set(pointers(schema)) == {"/ok", "/a", "/closed", "/reason", "/amount", "/b", "/b/-"}


def test_names_what_is_in_each_shape_and_under_any_name() -> None:
    shapes = {"anyOf": [TEXT, {"type": "object", "properties": {"city": TEXT}}]}
    schema: Any = {"properties": {"a": {"type": "object", "additionalProperties": shapes}}}
    fields = overview(AnswerForm.blank(schema))
    assert [(each.pointer, each.control) for each in fields] == [
        ("/a", Control.MAP),
        ("/a/-", Control.UNION),
        ("/a/-", Control.TEXT),
        ("/a/-", Control.GROUP),
        ("/a/-/city", Control.TEXT),
    ]


def test_says_with_what_each_is_filled_in() -> None:
    parts: dict[str, Any] = {
        "text": {"type": "string", "format": "date"},
        "number": {"type": "number"},
        "integer": {"type": "integer"},
        "scalar": {"type": ["string", "integer"]},
        "choice": {"enum": [*range(30)]},
        "checklist": {"type": "array", "uniqueItems": True, "items": {"enum": ["a", "b"]}},
        "consent": {"const": True},
        "fact": {"type": "string", "readOnly": True, "default": "x"},
        "list": {"type": "array", "items": TEXT},
        "group": {"type": "object", "properties": {"x": TEXT}},
        "map": {"type": "object", "additionalProperties": TEXT},
        "union": {"anyOf": [TEXT, {"type": "array", "items": TEXT}]},
        "json": {"writeOnly": True},
    }
    form = AnswerForm.blank({"properties": parts, "required": [*parts]})
    controls = {each.pointer: each.control for each in reversed(overview(form))}
    assert {name: str(controls[f"/{name}"]) for name in parts} == {name: name for name in parts}
    assert {*parts} == {*Control}
