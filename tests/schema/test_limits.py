"""What an agent may send as a schema, and where a refusal points."""

import time
from typing import Any

import pytest

from opensink_web.errors import InvalidSchema
from opensink_web.json_value import JSONValue
from opensink_web.schema.limits import MAX_REFERENCES, MAX_SUBSCHEMAS, check_schema


def refusal(schema: JSONValue) -> str:
    """Return the pointer at which a schema is refused."""
    with pytest.raises(InvalidSchema) as caught:
        check_schema(schema)
    assert caught.value.message.endswith(caught.value.errors[0].message)
    return caught.value.errors[0].path


def nested(levels: int) -> JSONValue:
    schema: JSONValue = {}
    for _ in range(levels):
        schema = {"not": schema}
    return schema


def multiplied(levels: int, keyword: str) -> JSONValue:
    """Build a schema of a few lines that means 2^levels checks."""
    definitions: dict[str, Any] = {"0": {"type": "object"}}
    for level in range(1, levels + 1):
        definitions[str(level)] = {keyword: [{"$ref": f"#/$defs/{level - 1}"}] * 2}
    return {"$defs": definitions, "$ref": f"#/$defs/{levels}"}


@pytest.mark.parametrize("schema", [None, 1, "x", []])
def test_what_is_no_schema_is_refused(schema: JSONValue) -> None:
    assert refusal(schema) == ""


def test_keywords_are_checked_against_the_meta_schema() -> None:
    assert refusal({"properties": {"a/b": {"minimum": "1"}}}) == "/properties/a~1b/minimum"


def test_size_and_depth_are_limited() -> None:
    assert refusal({"description": "é" * 131_072}) == ""
    check_schema({"description": "x" * 200_000})
    assert refusal(nested(64)) == ""
    check_schema(nested(63))


def test_numbers_of_subschemas_and_references_are_limited() -> None:
    many: JSONValue = {str(number): {} for number in range(MAX_SUBSCHEMAS)}
    assert refusal({"properties": many}).startswith("/properties/")
    references: JSONValue = {str(number): {"$ref": "#"} for number in range(MAX_REFERENCES + 1)}
    assert refusal({"properties": references}) == ""


@pytest.mark.parametrize(
    "reference", ["http://example.com/x", "file:///etc/passwd", "other.json", "//host/x#/a"]
)
def test_references_to_other_documents_are_refused(reference: str) -> None:
    assert refusal({"properties": {"a": {"$ref": reference}}}) == "/properties/a/$ref"


@pytest.mark.parametrize("reference", ["#/$defs/none", "#none"])
def test_references_to_nothing_are_refused(reference: str) -> None:
    assert refusal({"items": {"$ref": reference}}) == "/items/$ref"


def test_a_property_called_ref_is_no_reference() -> None:
    check_schema({"properties": {"$ref": {"type": "string"}}, "examples": [{"$ref": "http://x"}]})


def test_local_ids_and_anchors_are_followed() -> None:
    part: JSONValue = {"$id": "part.json", "$anchor": "here", "type": "string"}
    check_schema({"$id": "https://example.com/a", "$defs": {"x": part}, "title": "x"})
    check_schema({"properties": {"a": {"$ref": "#here"}}, "$defs": {"x": {"$anchor": "here"}}})


@pytest.mark.parametrize("pattern", ["(?=a)", "(?<!a)b", r"(a)\1", "(a", "a{1,9999999}"])
def test_patterns_beyond_the_linear_engine_are_refused(pattern: str) -> None:
    assert refusal({"properties": {"a": {"pattern": pattern}}}) == "/properties/a/pattern"


def test_a_pattern_that_hangs_other_engines_is_taken() -> None:
    check_schema({"properties": {"a": {"pattern": "^(a+)+$"}}})


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_schemas_that_multiply_are_refused_quickly(keyword: str) -> None:
    started = time.thread_time()
    assert refusal(multiplied(28, keyword)) == ""
    assert time.thread_time() - started < 1
    check_schema(multiplied(8, keyword))


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"type": "array"},
        {"type": ["string", "null"]},
        {"const": 1},
        {"enum": ["a", 1]},
        {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"type": "null"}}},
        {"allOf": [{"type": "object"}, {"const": "x"}]},
    ],
)
def test_schemas_that_allow_no_object_are_refused(schema: JSONValue) -> None:
    assert refusal(schema) == ""
