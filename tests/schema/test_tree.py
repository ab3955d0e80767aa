"""Which schema becomes which kind of field."""

import pytest

from opensink_web.json_value import JSONValue
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.node import ABSENT, FieldNode, Kind


def node_of(schema: JSONValue) -> FieldNode:
    """Return the node of the one property `a`; its schema may refer to #/$defs/text."""
    definitions: JSONValue = {"text": {"type": "string", "title": "Text", "default": "x"}}
    return field_tree({"properties": {"a": schema}, "$defs": definitions}).children[0]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, Kind.TEXT),
        ({"type": "integer"}, Kind.INTEGER),
        ({"type": ["integer", "number"]}, Kind.NUMBER),
        ({"type": "boolean"}, Kind.CHOICE),
        ({"type": "null"}, Kind.FIXED),
        ({"const": {"x": 1}}, Kind.FIXED),
        ({"enum": [1]}, Kind.CHOICE),
        ({"oneOf": [{"const": 1, "title": "One"}, {"const": 2}]}, Kind.CHOICE),
        ({"anyOf": [{"enum": [1, 2]}, {"type": "null"}]}, Kind.CHOICE),
        ({"anyOf": [{"const": 1}, {"type": "null"}]}, Kind.CHOICE),
        ({"anyOf": [{"$ref": "#/$defs/text"}, {"type": "null"}]}, Kind.TEXT),
        ({"$ref": "#/$defs/text"}, Kind.TEXT),
        ({"allOf": [{"type": "number"}, {"type": "integer", "minimum": 1}]}, Kind.INTEGER),
        ({"minLength": 1}, Kind.TEXT),
        ({"properties": {"b": {}}}, Kind.GROUP),
        ({"type": "object", "additionalProperties": False}, Kind.GROUP),
        ({"type": "array", "items": {"type": "string"}}, Kind.LIST),
        ({"type": "object"}, Kind.JSON),
        ({"type": "object", "additionalProperties": {"type": "string"}}, Kind.JSON),
        ({"type": "array"}, Kind.JSON),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, Kind.JSON),
        ({"type": ["string", "integer"]}, Kind.JSON),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, Kind.JSON),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, Kind.JSON),
        ({}, Kind.JSON),
        (True, Kind.JSON),
    ],
)
def test_kinds(schema: JSONValue, kind: Kind) -> None:
    assert node_of(schema).kind is kind


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["string", "null"]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"oneOf": [{"type": "null"}, {"type": "string"}]},
        {"anyOf": [{"const": None}, {"$ref": "#/$defs/text"}]},
    ],
)
def test_x_or_null_is_a_nullable_x(schema: JSONValue) -> None:
    node = node_of(schema)
    assert (node.kind, node.nullable) == (Kind.TEXT, True)


def test_what_stands_beside_a_reference_wins_over_what_it_points_at() -> None:
    node = node_of({"$ref": "#/$defs/text", "title": "Own", "default": "y"})
    assert (node.title, node.default) == ("Own", "y")
    node = node_of({"$ref": "#/$defs/text"})
    assert (node.title, node.default) == ("Text", "x")


@pytest.mark.parametrize(
    ("key", "title"),
    [
        ("limit_price", "Limit price"),
        ("limitPrice", "Limit price"),
        ("é!", "é!"),
        ("", "(no name)"),
    ],
)
def test_titles_come_from_keys(key: str, title: str) -> None:
    assert field_tree({"properties": {key: {"type": "string"}}}).children[0].title == title


def test_recursion_is_json_where_it_begins_again() -> None:
    tree = field_tree({"properties": {"name": {"type": "string"}, "below": {"$ref": "#"}}})
    assert [child.kind for child in tree.children] == [Kind.TEXT, Kind.GROUP]
    assert [child.kind for child in tree.children[1].children] == [Kind.TEXT, Kind.JSON]


def test_conditions_on_known_fields_leave_the_form_as_it_is() -> None:
    fields: dict[str, JSONValue] = {"a": {"type": "string"}, "b": {"type": "string"}}
    either: JSONValue = [{"required": ["a"]}, {"required": ["b"]}]
    assert field_tree({"properties": fields, "anyOf": either}).kind is Kind.GROUP
    then: JSONValue = {"properties": {"c": {"type": "string"}}}
    assert field_tree({"properties": fields, "if": {}, "then": then}).kind is Kind.JSON


def test_a_required_field_without_a_schema_is_asked_for_as_json() -> None:
    children = field_tree({"properties": {}, "required": ["x"]}).children
    assert [(child.key, child.kind, child.required) for child in children] == [
        ("x", Kind.JSON, True)
    ]


def test_pointers_name_the_place_in_the_answer() -> None:
    tree = field_tree({"properties": {"a/b": {"type": "array", "items": {"type": "string"}}}})
    field = tree.children[0]
    assert field.pointer == "/a~1b"
    assert field.item is not None
    assert field.item.pointer == "/a~1b/-"
    assert field.default is ABSENT
