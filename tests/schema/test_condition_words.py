"""Conditions in words: exactly what they say, or nothing."""

import pytest

from opensink_web.json_value import JSONObject
from opensink_web.schema.condition_words import condition_in_words


def amount(*required: str, **schema: object) -> JSONObject:
    return {"properties": {"amount": schema}, "required": [*required]}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("condition", "facts"),
    [
        ({}, []),
        ({"type": "object", "title": "Large"}, []),
        (amount("amount", type="number", minimum=10_000), ["amount ≥ 10,000"]),
        (amount("amount", minimum=10_000.0), ["amount ≥ 10,000 (or not a number)"]),
        (amount(type="number", minimum=0.5), ["amount ≥ 0.5 (or missing)"]),
        (amount(minimum=1), ["amount ≥ 1 (or not a number, or missing)"]),
        (
            amount("amount", type="integer", exclusiveMinimum=5, maximum=10),
            ["amount > 5 and ≤ 10, a whole number"],
        ),
        (amount("amount", const="EUR"), ["amount = “EUR”"]),
        (amount("amount", enum=["EUR", 5, None, True]), ["amount = “EUR” or 5 or null or true"]),
        (amount("amount", type="string"), ["amount is a text"]),
        (amount("amount"), ["amount is there"]),
        ({"required": ["a b", "c"]}, ["a b is there", "c is there"]),
        (
            {
                "properties": {
                    "order": {"type": "object", **amount("amount", type="number", minimum=1)}
                },
                "required": ["order"],
            },
            ["order.amount ≥ 1"],
        ),
        (
            {"anyOf": [amount("amount", const=1), {"required": ["note"]}]},
            ["amount = 1 or note is there"],
        ),
        (
            {"allOf": [amount("amount", const=1), {"required": ["note"]}]},
            ["amount = 1", "note is there"],
        ),
    ],
)
def test_what_can_be_said_is(condition: JSONObject, facts: list[str]) -> None:
    assert condition_in_words(condition) == facts


@pytest.mark.parametrize(
    "condition",
    [
        {"not": {"required": ["a"]}},
        {"type": "array"},
        {"additionalProperties": False},
        {"minProperties": 2},
        {"properties": {"a": False}},
        {"properties": {"a": {"pattern": "^a"}}},
        {"properties": {"a": {"type": ["number", "null"], "minimum": 1}}},
        {"properties": {"a": {"type": "string", "const": 5}}},
        {"properties": {"a": {"enum": [1, 2, 3, 4, 5, 6]}}},
        {"properties": {"a": {"type": "object", "required": ["b"]}}},  # also where there is no a
        {"properties": {"a": {"required": ["b"]}}, "required": ["a"]},  # which may be no object
        {"anyOf": [{"required": ["a", "b"]}, {"required": ["c"]}]},
        {"anyOf": [True]},
        {"properties": {"a": {"minimum": 1, "exclusiveMinimum": True}}, "required": ["a"]},
        {"$ref": "#/$defs/a", "$defs": {"a": {}}},
        {"required": ["x" * 200]},
        {"required": ["a", "b", "c", "d", "e", "f"]},
    ],
)
def test_what_cannot_be_said_exactly_is_not(condition: JSONObject) -> None:
    assert condition_in_words(condition) is None
