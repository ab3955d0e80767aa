"""Warnings about schemas: what is allowed, but hardly meant."""

from typing import Any

import pytest

from opensink_web.json_value import JSONObject
from opensink_web.schema.lint import MAX_WARNINGS, warnings_about

pytestmark = pytest.mark.unit

TEXT: JSONObject = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "path", "words"),
    [
        ({"requierd": ["a"]}, "/requierd", "Did you mean “required”?"),
        ({"properties": {"a": {"tpye": "string"}}}, "/properties/a/tpye", "“type”"),
        ({"properties": {"a": {"colour": 1}}}, "/properties/a/colour", "is ignored."),
        ({"$defs": {"a/b": {"minimun": 1}}}, "/$defs/a~1b/minimun", "“minimum”"),
        ({"properties": {"a": {"format": "e-mail"}}}, "/properties/a/format", "“e-mail”"),
        ({"properties": {"a": TEXT}, "required": ["a", "b"]}, "/required/1", "“b” is required"),
        ({"properties": {"a": {"minimum": 5, "maximum": 1}}}, "/properties/a/minimum", "nothing"),
        ({"minProperties": 2, "maxProperties": 1}, "/minProperties", "“maxProperties”"),
        (
            {"properties": {"a": {"type": "integer", "minimum": 3, "default": 1}}},
            "/properties/a/default",
            "The default does not fit: This must be 3 or more.",
        ),
        (
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "properties": {"a": {"items": [{"type": "integer"}], "default": ["x"]}},
            },
            "/properties/a/default",
            "This must be a whole number.",
        ),
    ],
)
def test_what_looks_like_a_mistake_is_told_with_its_place(
    schema: dict[str, Any], path: str, words: str
) -> None:
    (warning,) = warnings_about(schema)
    assert warning.path == path
    assert words in warning.message


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "x-order": 1, "properties": {"requierd": TEXT, "tpye": TEXT}},
        {"properties": {"a": {"enum": [1], "default": 1, "format": "password"}}},
        {"properties": {"a": {"const": {"minimun": 1}}}, "required": ["a"]},
        {"patternProperties": {"^a": TEXT}, "properties": {"b": TEXT}, "required": ["a"]},
        # what stands for itself elsewhere cannot be judged here
        {"properties": {"a": {"$ref": "#/$defs/n", "default": "x"}}, "$defs": {"n": {}}},
    ],
)
def test_of_all_else_nothing_is_said(schema: dict[str, Any]) -> None:
    assert warnings_about(schema) == ()


def test_warnings_have_an_end() -> None:
    assert len(warnings_about({f"x{number}": 1 for number in range(500)})) == MAX_WARNINGS
