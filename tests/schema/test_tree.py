"""Which schema becomes which kind of field."""

import pytest

from opensink_web.json_value import JSONObject, JSONValue
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
        ({"type": "null"}, Kind.CHOICE),
        ({"const": {"x": 1}}, Kind.CHOICE),
        ({"const": {"x": 1}, "readOnly": True}, Kind.FIXED),
        ({"const": True}, Kind.CONSENT),
        ({"type": "boolean", "enum": [True]}, Kind.CONSENT),
        ({"const": True, "readOnly": True}, Kind.FIXED),
        ({"const": True, "writeOnly": True}, Kind.CHOICE),
        ({"const": False}, Kind.CHOICE),
        ({"anyOf": [{"const": True}, {"type": "null"}]}, Kind.CHOICE),
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
        ({"type": "object"}, Kind.MAP),
        ({"type": "object", "additionalProperties": {"type": "string"}}, Kind.MAP),
        ({"type": "array"}, Kind.LIST),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, Kind.LIST),
        ({"type": ["string", "integer"]}, Kind.SCALAR),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, Kind.SCALAR),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, Kind.JSON),
        ({}, Kind.UNION),
        (True, Kind.UNION),
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


def test_what_describes_itself_goes_on_when_looked_at() -> None:
    node = field_tree({"properties": {"name": {"type": "string"}, "below": {"$ref": "#"}}})
    for pointer in ("/below", "/below/below", "/below/below/below"):
        assert [child.kind for child in node.children] == [Kind.TEXT, Kind.GROUP]
        node = node.children[1]
        assert (node.pointer, node.is_recursive) == (pointer, True)


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"$ref": "#/$defs/base"}, {"$ref": "#/$defs/base"}]},
        {"allOf": [{"$ref": "#/$defs/base"}, {"properties": {"c": {"$ref": "#/$defs/base"}}}]},
        {"$ref": "#/$defs/base", "properties": {"c": {"$ref": "#/$defs/base"}}},
        {"$ref": "#/$defs/left", "allOf": [{"$ref": "#/$defs/right"}]},
    ],
    ids=["two parts", "part and child", "parent and child", "a diamond"],
)
def test_a_reference_used_twice_is_no_recursion(schema: JSONObject) -> None:
    definitions: JSONObject = {
        "base": {"type": "object", "properties": {"a": {"type": "string"}}},
        "left": {"$ref": "#/$defs/base", "properties": {"c": {"$ref": "#/$defs/base"}}},
        "right": {"allOf": [{"$ref": "#/$defs/base"}]},
    }
    tree = field_tree({**schema, "$defs": definitions})
    kinds = [(child.key, child.kind, child.is_recursive) for child in tree.children]
    assert kinds in (
        [("a", Kind.TEXT, False)],
        [("a", Kind.TEXT, False), ("c", Kind.GROUP, False)],
        [("c", Kind.GROUP, False), ("a", Kind.TEXT, False)],
    )


def test_a_schema_that_is_its_own_part_is_json() -> None:
    definitions: JSONObject = {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}}
    tree = field_tree({"properties": {"x": {"$ref": "#/$defs/a"}}, "$defs": definitions})
    assert tree.children[0].kind is Kind.JSON


def merged(*parts: JSONValue) -> FieldNode:
    """Return the node of the one property `a`, to which all of these apply."""
    return field_tree({"properties": {"a": {"allOf": list(parts)}}}).children[0]


def test_of_several_limits_the_stricter_counts() -> None:
    limits = merged(
        {"type": "number", "minimum": 1, "maximum": 9, "multipleOf": 4},
        {"minimum": 2, "maximum": 20, "multipleOf": 6},
    ).constraints
    assert (limits.minimum, limits.maximum, limits.multiple_of) == (2, 9, 12)
    limits = merged(
        {"type": "string", "minLength": 1, "maxLength": 9}, {"minLength": 2, "maxLength": 20}
    ).constraints
    assert (limits.min_length, limits.max_length) == (2, 9)


@pytest.mark.parametrize(
    ("parts", "values", "nullable"),
    [
        ([{"enum": ["a", "b", "c"]}, {"enum": ["c", "b"]}], ["b", "c"], False),
        ([{"enum": ["a", 1, None, 2.0]}, {"type": "integer"}], [1, 2.0], False),
        ([{"enum": ["a", "b"]}, {"type": ["string", "null"]}], ["a", "b"], False),
        ([{"enum": ["a", "b", None]}, {"type": ["string", "null"]}], ["a", "b", None], False),
        ([{"enum": ["a", "b", None]}, {"type": "string"}], ["a", "b"], False),
        ([{"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]}, {"type": "string"}], None, False),
        ([{"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]}], ["a", "b"], True),
    ],
)
def test_a_choice_offers_what_every_part_allows(
    parts: list[JSONValue], values: list[JSONValue] | None, *, nullable: bool
) -> None:
    node = merged(*parts)
    assert [option.value for option in node.options] == (values or ["a", "b"])
    assert node.nullable is nullable


def test_every_part_speaks_of_a_key_and_the_outermost_title_wins() -> None:
    node = merged(
        {"type": "object", "title": "Own", "properties": {"b": {"type": "string"}}},
        {"title": "Other", "properties": {"b": {"minLength": 2}}, "required": ["b"]},
        {"additionalProperties": {"maxLength": 9}},
    )
    [child] = node.children
    assert (node.title, child.kind, child.required) == ("Own", Kind.TEXT, True)
    assert (child.constraints.min_length, child.constraints.max_length) == (2, 9)


def test_a_key_that_a_closed_part_does_not_name_cannot_be_given() -> None:
    node = merged(
        {"type": "object", "properties": {"b": {"type": "string"}, "c": {"type": "string"}}},
        {"properties": {"b": {}}, "additionalProperties": False},
    )
    assert [child.key for child in node.children] == ["b"]


def test_a_required_field_without_a_schema_is_of_any_kind() -> None:
    children = field_tree({"properties": {}, "required": ["x"]}).children
    assert [(child.key, child.kind, child.required) for child in children] == [
        ("x", Kind.UNION, True)
    ]


def test_pointers_name_the_place_in_the_answer() -> None:
    tree = field_tree({"properties": {"a/b": {"type": "array", "items": {"type": "string"}}}})
    field = tree.children[0]
    assert field.pointer == "/a~1b"
    assert field.item is not None
    assert field.item.pointer == "/a~1b/-"
    assert field.default is ABSENT


def test_values_of_names_of_which_the_schema_says_the_same_are_made_once() -> None:
    patterns: JSONObject = {"^x": {"type": "string"}}
    schema: JSONObject = {"properties": {"a": {"type": "object", "patternProperties": patterns}}}
    [node] = field_tree(schema).children
    one, other, text = (node.value_at(key) for key in ("one", "other", "x"))
    assert one
    assert other
    assert text
    assert one.branches is other.branches
    assert [one.pointer, other.pointer, text.pointer] == ["/a/one", "/a/other", "/a/x"]
    assert (one.kind, text.kind) == (Kind.UNION, Kind.TEXT)
