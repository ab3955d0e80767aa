"""The dialects of JSON Schema: which are taken, and how older ones read in the newest words."""

from typing import Any

import pytest

from opensink_web.errors import InvalidSchema
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.dialects import Dialect, dialect_of, known_dialect, modern
from opensink_web.schema.limits import check_schema
from opensink_web.schema.validation import validate

pytestmark = pytest.mark.unit

URIS = {
    Dialect.DRAFT_04: "json-schema.org/draft-04/schema",
    Dialect.DRAFT_06: "json-schema.org/draft-06/schema",
    Dialect.DRAFT_07: "json-schema.org/draft-07/schema",
    Dialect.DRAFT_2019_09: "json-schema.org/draft/2019-09/schema",
    Dialect.DRAFT_2020_12: "json-schema.org/draft/2020-12/schema",
}


def of(dialect: Dialect, **words: Any) -> JSONObject:
    return {"$schema": f"http://{URIS[dialect]}#", **words}


@pytest.mark.parametrize("end", ["", "#"])
@pytest.mark.parametrize("scheme", ["http://", "https://"])
@pytest.mark.parametrize("dialect", URIS)
def test_every_published_dialect_is_taken(dialect: Dialect, scheme: str, end: str) -> None:
    schema: JSONObject = {"$schema": scheme + URIS[dialect] + end, "type": "object"}
    check_schema(schema)
    assert dialect_of(schema) is dialect
    assert validate(schema, {}) == ()
    assert validate(schema, []) != ()


@pytest.mark.parametrize(
    "uri",
    [
        "http://json-schema.org/schema#",
        "http://json-schema.org/draft-03/schema#",
        "http://json-schema.org/draft-04/schema#/x",
        "ftp://json-schema.org/draft-07/schema",
        *("mine", "", 7, None, []),
    ],
)
def test_another_is_refused_with_the_names_of_those(uri: JSONValue) -> None:
    assert known_dialect(uri) is None
    with pytest.raises(InvalidSchema) as refused:
        check_schema({"$schema": uri})
    [error] = refused.value.errors
    assert error.path == "/$schema"
    assert "2020-12, 2019-09, draft-07, draft-06 and draft-04." in error.message


def test_a_part_may_repeat_the_dialect_and_not_change_it() -> None:
    again: JSONValue = {"$schema": f"https://{URIS[Dialect.DRAFT_07]}"}
    check_schema(of(Dialect.DRAFT_07, properties={"a": again}))
    with pytest.raises(InvalidSchema) as refused:
        check_schema({"properties": {"a": again}})
    assert refused.value.errors[0].path == "/properties/a/$schema"


@pytest.mark.parametrize("dialect", URIS)
def test_what_is_left_out_is_what_the_validator_does_not_look_at(dialect: Dialect) -> None:
    """Each keyword with an instance that it refuses: kept exactly when it is looked at."""
    samples: list[tuple[JSONObject, JSONValue]] = [
        ({"const": 1}, {}),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}),
        ({"properties": {"a": {"contains": {"type": "string"}}}}, {"a": [1]}),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1}),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}),
        ({"dependentSchemas": {"a": {"required": ["b"]}}}, {"a": 1}),
        ({"unevaluatedProperties": {"type": "string"}}, {"a": 1}),
        ({"dependencies": {"a": ["b"]}}, {"a": 1}),
        ({"dependencies": {"a": {"required": ["b"]}}}, {"a": 1}),
    ]
    for words, instance in samples:
        is_refused = validate(of(dialect, **words), instance) != ()
        newest = modern(words["properties"]["a"], dialect) if "properties" in words else None  # type: ignore[index,call-overload,arg-type]
        newest = {"properties": {"a": newest}} if newest is not None else modern(words, dialect)
        assert (validate(newest, instance) != ()) == is_refused, words


@pytest.mark.parametrize(
    ("words", "newest"),
    [
        ({"minimum": 0, "exclusiveMinimum": True}, {"exclusiveMinimum": 0}),
        ({"maximum": 9, "exclusiveMaximum": True}, {"exclusiveMaximum": 9}),
        ({"minimum": 0, "exclusiveMinimum": False}, {"minimum": 0}),
        (
            {"items": [{}, False], "additionalItems": False},
            {"prefixItems": [{}, False], "items": False},
        ),
        ({"items": [{}]}, {"prefixItems": [{}]}),
        ({"items": {"type": "null"}, "additionalItems": False}, {"items": {"type": "null"}}),
        ({"$ref": "#/definitions/a", "type": "string"}, {"$ref": "#/definitions/a"}),
        (
            {"dependencies": {"a": ["b"], "c": {"minProperties": 2}}},
            {"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"minProperties": 2}}},
        ),
        ({"const": 1, "title": "x", "writeOnly": True}, {"title": "x", "writeOnly": True}),
    ],
)
def test_draft_04_in_the_words_of_the_newest(words: JSONObject, newest: JSONObject) -> None:
    before = dict(words)
    assert modern(words, Dialect.DRAFT_04) == newest
    assert words == before


def test_the_newest_itself_is_left_as_it_is() -> None:
    words: JSONObject = {"$ref": "#", "const": 1, "prefixItems": [{}], "items": False}
    assert modern(words, Dialect.DRAFT_2020_12) is words
    both: JSONObject = {"dependencies": {"a": ["b"]}, "dependentRequired": {"a": ["c"]}}
    assert validate(modern(both, Dialect.DRAFT_2020_12), {"a": 1, "c": 1}) != ()


def test_a_bound_of_draft_04_is_checked_as_it_means() -> None:
    schema = of(Dialect.DRAFT_04, properties={"a": {"minimum": 5, "exclusiveMinimum": True}})
    check_schema(schema)
    assert validate(schema, {"a": 6}) == ()
    [error] = validate(schema, {"a": 5})
    assert (error.path, error.message) == ("/a", "This must be more than 5.")
