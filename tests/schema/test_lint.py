"""Warnings about schemas: what is allowed, but hardly meant."""

from typing import Any

import pytest

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.dialects import _BY_URI, Dialect
from opensink_web.schema.lint import _FORMATS, MAX_WARNINGS, warnings_about
from opensink_web.schema.validation import validate

pytestmark = pytest.mark.unit

TEXT: JSONObject = {"type": "string"}
MIXED: JSONValue = [1, "b"]
WHOLE: JSONObject = {"type": "integer"}
CLOSED: JSONObject = {"properties": {"a": TEXT}, "additionalProperties": False}
DRAFT_04 = "http://json-schema.org/draft-04/schema#"
DRAFT_07 = "http://json-schema.org/draft-07/schema#"
JUNK = ["~~~ {", "http://[", "a b", "(", "/~2", "01/x", "é", "-", "é.é.", "{a"]


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
        # values that do not fit, also behind references
        (
            {"properties": {"a": {"$ref": "#/$defs/n", "default": "x"}}, "$defs": {"n": WHOLE}},
            "/properties/a/default",
            "The default does not fit: This must be a whole number.",
        ),
        (
            {
                "$id": "https://example.org/a",
                "properties": {"a/b": {"$ref": "n", "default": "x"}},
                "$defs": {"n": {"$id": "n", **WHOLE}},
            },
            "/properties/a~1b/default",
            "This must be a whole number.",
        ),
        (
            {
                "$schema": DRAFT_07,
                "$ref": "#/definitions/A",
                "definitions": {"A": {"properties": {"a": {**WHOLE, "default": "x"}}}},
            },
            "/definitions/A/properties/a/default",
            "This must be a whole number.",
        ),
        (
            {"patternProperties": {"^a.$": {**WHOLE, "default": "x"}}},
            "/patternProperties/^a.$/default",
            "This must be a whole number.",
        ),
        ({"type": "object", "default": []}, "/default", "This must be an object."),
        ({"properties": {"a": {**TEXT, "default": None}}}, "/properties/a/default", "be text."),
        ({"properties": {"a": {**TEXT, "const": 1}}}, "/properties/a/const", "The constant does"),
        (
            {"properties": {"a": {**WHOLE, "examples": MIXED}}},
            "/properties/a/examples/1",
            "This example does not fit: This must be a whole number.",
        ),
        (
            {"properties": {"a": {**TEXT, "enum": MIXED}}},
            "/properties/a/enum/0",
            "This option can never be chosen: This must be text.",
        ),
        # what can never be given, or is given by a person alone
        (
            {"properties": {"a": {"type": ["string", "null"], "enum": ["a"]}}},
            "/properties/a/enum",
            "null can never be given",
        ),
        (
            {"allOf": [CLOSED], "properties": {"b": TEXT}},
            "/properties/b",
            "“b” can never be given",
        ),
        (
            {
                "allOf": [{"$ref": "#/$defs/a"}, {"properties": {"b": TEXT}}],
                "$defs": {"a": CLOSED},
            },
            "/allOf/1/properties/b",
            "“b” can never be given",
        ),
        (
            {"properties": {"a": {"const": True, "default": True}}},
            "/properties/a/default",
            "person",
        ),
        (
            {"properties": {"a": {"enum": [True], "default": True}}},
            "/properties/a/default",
            "person",
        ),
        # words that mean nothing, or something else, here
        (
            {"properties": {"a": {"enum": ["a"], "enumNames": ["A"]}}},
            "/properties/a/enumNames",
            "“oneOf”",
        ),
        ({"then": {"required": []}}, "/then", "“then” means nothing without “if”."),
        ({"if": {"required": []}}, "/if", "“if” means nothing without “then” or “else”."),
        ({"minContains": 1}, "/minContains", "without “contains”"),
        ({"id": "https://example.org/a"}, "/id", "“$id” since draft-06"),
        ({"definitions": {}}, "/definitions", "“$defs” since 2019-09"),
        ({"dependencies": {"a": ["b"]}}, "/dependencies", "“dependentRequired”"),
        ({"additionalItems": False}, "/additionalItems", "“items” since 2020-12"),
        ({"properties": {"a": {**TEXT, "nullable": True}}}, "/properties/a/nullable", "OpenAPI"),
        ({"$schema": DRAFT_07, "$defs": {}}, "/$defs", "“definitions”"),
        ({"$schema": DRAFT_07, "dependentRequired": {}}, "/dependentRequired", "with 2019-09"),
        ({"$schema": DRAFT_07, "prefixItems": [{}]}, "/prefixItems", "came with 2020-12"),
        ({"$schema": DRAFT_04, "const": {}}, "/const", "came with draft-06"),
        ({"$schema": DRAFT_04, "$id": "https://example.org/a"}, "/$id", "“id”"),
        (
            {"$schema": DRAFT_07, "properties": {"a": {"$ref": "#", "minimum": 1}}},
            "/properties/a/minimum",
            "nothing beside “$ref”",
        ),
        (
            {"$schema": DRAFT_07, "properties": {"a": {"format": "uuid"}}},
            "/properties/a/format",
            "not a format of draft-07",
        ),
        (
            {
                "$schema": DRAFT_07,
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
        {"properties": {"a": {"$ref": "#/$defs/n", "default": "x"}}, "$defs": {"n": {}}},
        {"allOf": [{"properties": {"a": TEXT}}], "properties": {"b": TEXT}, "required": ["a"]},
        {"properties": {"id": TEXT, "definitions": TEXT, "nullable": TEXT}},
        {"$schema": DRAFT_04, "id": "https://example.org/a", "definitions": {"a": TEXT}},
        {"$schema": DRAFT_07, "properties": {"a": {"$ref": "#", "title": "A", "default": {}}}},
        {"properties": {"a": {"type": ["string", "null"], "enum": ["a", None]}}},
        {"properties": {"a": {**TEXT, "pattern": "a"}, "b": {"const": True}}},
    ],
)
def test_of_all_else_nothing_is_said(schema: dict[str, Any]) -> None:
    assert warnings_about(schema) == ()


def test_warnings_have_an_end() -> None:
    assert len(warnings_about({f"x{number}": 1 for number in range(500)})) == MAX_WARNINGS


@pytest.mark.parametrize("name", sorted(_FORMATS - {"color", "password"}))
def test_a_format_is_said_to_be_checked_where_it_is(name: str) -> None:
    for dialect in Dialect:
        uri = next(uri for uri, each in _BY_URI.items() if each is dialect)
        part: JSONObject = {"a": {"format": name}}
        schema: JSONObject = {"$schema": f"http://{uri}#", "properties": part}
        is_checked = any(validate(schema, {"a": text}) for text in JUNK)
        assert is_checked == (warnings_about(schema) == ()), dialect


def test_a_secret_that_does_not_fit_is_not_told() -> None:
    secret: JSONObject = {"writeOnly": True, "const": "s3cr3t", "default": "t0ps3cret"}
    [warning] = warnings_about({"properties": {"a": secret}})
    assert warning.path == "/properties/a/default"
    assert "s3cr3t" not in warning.message


def test_hundreds_of_values_are_one_check() -> None:
    many: JSONObject = {f"p{number}": {"$ref": "#/$defs/n", "default": 1} for number in range(900)}
    assert warnings_about({"properties": many, "$defs": {"n": WHOLE}}) == ()
