"""Examples made from schemas."""

import json
from pathlib import Path
from typing import Any

import pytest

from opensink_web.json_value import JSONObject
from opensink_web.schema.example import example_of
from opensink_web.schema.validation import validate

pytestmark = pytest.mark.unit

CORPUS: dict[str, Any] = json.loads((Path(__file__).parent / "corpus.json").read_text())


@pytest.mark.parametrize(
    ("properties", "example"),
    [
        ({"a": {"type": "string"}, "b": {"type": "boolean"}}, {"a": "text", "b": True}),
        ({"a": {"type": "string", "examples": ["Ada"]}}, {"a": "Ada"}),
        ({"a": {"type": "string", "minLength": 6}}, {"a": "text……"}),
        ({"a": {"type": "string", "maxLength": 2}}, {"a": "te"}),
        ({"a": {"type": "string", "format": "email"}}, {"a": "name@example.com"}),
        ({"a": {"const": 7}, "b": {"enum": ["x", "y"]}}, {"a": 7, "b": "x"}),
        ({"a": {"type": "integer", "minimum": 3}, "b": {"maximum": -2}}, {"a": 3, "b": -2}),
        ({"a": {"type": "array", "minItems": 2, "items": {"type": "number"}}}, {"a": [1, 1]}),
        ({"a": {"type": "object", "properties": {"b": {"default": [1]}}}}, {"a": {"b": [1]}}),
    ],
)
def test_every_kind_of_field_has_one(properties: JSONObject, example: JSONObject) -> None:
    schema: JSONObject = {"type": "object", "properties": properties}
    assert example_of(schema) == example
    assert validate(schema, example) == ()


def test_what_is_neither_demanded_nor_proposed_is_left_out() -> None:
    text: JSONObject = {"type": "string"}
    properties: JSONObject = {"a": text, "b": text, "c": {"type": "integer", "default": 5}}
    assert example_of({"properties": properties, "required": ["b"]}) == {"b": "text", "c": 5}


def test_any_object_is_an_empty_one() -> None:
    assert example_of({"type": "object"}) == {}
    assert example_of({"type": "object", "default": {"a": 1}}) == {"a": 1}


def test_lists_in_lists_do_not_multiply_and_a_long_one_is_left_out() -> None:
    rows: JSONObject = {"type": "integer"}
    for _ in range(20):
        rows = {"type": "array", "minItems": 10, "items": rows}
    assert len(json.dumps(example_of({"properties": {"a": rows}}))) < 200
    assert example_of({"properties": {"a": {"default": "x" * 5_000}}}) == {}


def test_every_schema_has_one_and_most_are_valid() -> None:
    schemas = [each["schema"] for each in CORPUS.values()]
    examples = [(schema, example_of(schema)) for schema in schemas]
    valid = sum(validate(schema, example) == () for schema, example in examples)
    assert valid > len(examples) * 0.6
