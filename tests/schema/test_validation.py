"""An answer against its schema: each failure at its place, in a sentence, no value repeated."""

import time
from typing import Any

import pytest

from opensink_web.errors import FieldError
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema import deadline, sentences
from opensink_web.schema.validation import validate


def told(schema: JSONValue, instance: JSONValue) -> list[tuple[str, str]]:
    return [(error.path, error.message) for error in validate(schema, instance)]


def of_property(schema: JSONValue, value: JSONValue) -> str:
    """Return the one message about a property `a` of this schema and value."""
    errors = validate({"properties": {"a": schema}}, {"a": value})
    assert [error.path for error in errors] == ["/a"]
    return errors[0].message


def test_a_valid_answer_has_no_errors() -> None:
    assert validate({"required": ["a"]}, {"a": None}) == ()
    assert validate(True, {}) == ()


def test_a_missing_field_is_told_at_its_own_place() -> None:
    schema: JSONValue = {"required": ["a/b", "c"]}
    assert told(schema, {}) == [
        ("/a~1b", "This field is required."),
        ("/c", "This field is required."),
    ]


def test_dependent_fields_are_told_at_their_own_place() -> None:
    assert told({"dependentRequired": {"a": ["b"]}}, {"a": 1}) == [
        ("/b", "Fill this in too, because “A” is filled in.")
    ]


@pytest.mark.parametrize("keyword", ["additionalProperties", "unevaluatedProperties"])
def test_an_unknown_field_is_told_at_its_key(keyword: str) -> None:
    schema: JSONValue = {"properties": {"a": True}, keyword: False}
    assert [path for path, _ in told(schema, {"a": 1, "b": 2, "c/d": 3})] == ["/b", "/c~1d"]


def test_a_bad_name_is_told_at_its_key() -> None:
    assert [path for path, _ in told({"propertyNames": {"maxLength": 1}}, {"ab": 1})] == ["/ab"]


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "integer"}, "7x", "This must be a whole number."),
        ({"type": ["string", "null"]}, 1, "This must be empty (null) or text."),
        ({"minimum": 1.5}, 1, "This must be 1.5 or more."),
        ({"exclusiveMaximum": 5}, 5, "This must be less than 5."),
        ({"multipleOf": 0.01}, 0.015, "This must be a multiple of 0.01."),
        ({"minLength": 1}, "", "This must have at least 1 character."),
        ({"maxItems": 2}, [1, 2, 3], "This takes at most 2 entries."),
        ({"uniqueItems": True}, [1, 1], "Each entry must be different."),
        ({"enum": ["a", "b"]}, "c", "This must be one of the options."),
        ({"const": "a"}, "c", "This must be exactly a."),
        ({"pattern": "^[A-Z]+$"}, "x", "This must match the pattern ^[A-Z]+$"),
        ({"not": {}}, "c", "The schema does not allow this."),
        ({"format": "email"}, "x", "This must be an e-mail address, such as name@example.com."),
        ({"format": "email"}, "jo@café.fr", "This e-mail address may have no letters such as é."),
        (
            {"format": "uri"},
            "x",
            "This must begin with a scheme, such as https:// in https://example.com/page.",
        ),
        (
            {"format": "uri"},
            "https://example.org/café",
            sentences._ASCII_FORMATS["uri"],
        ),
    ],
)
def test_messages_are_sentences(schema: JSONValue, value: JSONValue, message: str) -> None:
    assert of_property(schema, value) == message


@pytest.mark.parametrize("name", ["date", "time", "date-time", "uri", "uuid", "ipv4", "ipv6"])
def test_formats_are_asserted_and_explained(name: str) -> None:
    assert "such as" in of_property({"format": name}, "secret-value")


def test_no_message_repeats_a_value() -> None:
    secret = "s3cr3t-value"
    schemas: list[JSONValue] = [
        {"type": "integer"},
        {"enum": [1]},
        {"const": 1},
        {"maxLength": 1},
        {"pattern": "^x$"},
        {"format": "email"},
        {"not": {"type": "string"}},
        {"oneOf": [{"minLength": 99}, False]},
        {"anyOf": [{"type": "null"}, {"maxLength": 2}]},
        {"oneOf": [{}, {}]},
        False,
    ]
    for schema in schemas:
        assert secret not in of_property(schema, secret)


def test_an_optional_value_is_told_what_is_wrong_with_it_and_not_with_null() -> None:
    schema: JSONValue = {"anyOf": [{"type": "string", "minLength": 3}, {"type": "null"}]}
    assert of_property(schema, "x") == "This must have at least 3 characters."
    assert of_property(schema, 7) == "This must be text or empty (null)."


def test_a_union_speaks_of_the_branch_its_discriminator_names() -> None:
    def branch(kind: str, field: str) -> dict[str, Any]:
        return {"properties": {"kind": {"const": kind}}, "required": ["kind", field]}

    schema: JSONValue = {"oneOf": [branch("cat", "lives"), branch("dog", "good")]}
    assert told(schema, {"kind": "dog"}) == [("/good", "This field is required.")]


def test_dialects_differ() -> None:
    draft_7: JSONValue = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "dependencies": {"a": ["b"]},
    }
    assert [path for path, _ in told(draft_7, {"a": 1})] == ["/b"]


def test_numbers_beyond_a_double_are_exact() -> None:
    assert validate({"const": {"a": 2**70}}, {"a": 2**70}) == ()
    assert validate({"const": {"a": 2**70}}, {"a": 2**70 + 1})


def test_hostile_patterns_take_no_time() -> None:
    started = time.thread_time()
    of_property({"pattern": "^(a+)+$"}, "a" * 5000 + "!")
    assert time.thread_time() - started < 1


@pytest.mark.parametrize("keyword", ["anyOf", "allOf", "oneOf"])
def test_a_recursive_schema_that_multiplies_is_decided_quickly(
    keyword: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "CPU_SECONDS", 1)
    node: JSONObject = {
        "properties": {"c": {keyword: [{"$ref": "#"}, {"$ref": "#", "title": "again"}]}}
    }
    instance: JSONValue = {"n": 1}
    for _ in range(60):
        instance = {"c": instance}
    started = time.thread_time()
    errors = validate({**node, "not": {"required": ["n"]}}, instance)
    assert time.thread_time() - started < 2
    assert errors or keyword != "allOf"


def test_an_answer_too_deep_for_the_engine_is_an_error_and_no_crash() -> None:
    instance: JSONValue = {}
    for _ in range(50_000):
        instance = {"a": instance}
    assert validate({"type": "object", "additionalProperties": {"$ref": "#"}}, instance) == (
        FieldError("", "This is nested deeper than 64 levels."),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://example.org/café", "%C3%A9"),
        ("https://example.org/a b", "%20"),
        ("example.org", "scheme"),
        ("http://[", "full address"),
    ],
)
def test_an_address_is_told_what_is_wrong_with_it(text: str, words: str) -> None:
    schema: JSONValue = {"properties": {"a": {"format": "uri"}}}
    [error] = validate(schema, {"a": text})
    assert words in error.message
    assert text not in error.message
