"""Numbers are held against a schema exactly as they are written, whatever a double makes of it.

Compared with fractions over 60,000 made-up numbers, limits and constants, in three dialects.
"""

from typing import Any

import pytest

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.validation import validate

pytestmark = pytest.mark.unit

DIALECTS = {
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2020-12/schema",
}
BIG = 7205759403792794021


def fits(words: JSONObject, value: JSONValue) -> bool:
    """Hold a value against the words alone, and as a property of a number within limits."""
    alone = {validate({"$schema": each, **words}, value) == () for each in DIALECTS}
    schema: JSONObject = {"properties": {"a": words}}
    [verdict] = alone | {validate(schema, {"a": value}) == ()}
    return verdict


@pytest.mark.parametrize(
    ("factor", "multiples", "others"),
    [
        (0.01, [1.15, -1.15, 4.35, 0, 1e308, 19.99, 12345678901234567890], [0.015, 1e-3]),
        (0.1, [0.3, 0.7, 1.1, -0.3], [0.1 + 0.2, 0.35]),
        (0.3, [0.9, 3 * 10**30], [1.0, 10**30]),
        (1e-7, [1.0, 1.0000001], [1.00000001]),
        (3, [12345678901234567890, 3.0, 3e3], [12345678901234567891, 3.5]),
        (2.5, [10**30, 7.5], [10**30 + 1]),
        (1e308, [1e308], [1e307]),
        (5e-324, [1e308, 5e-324], []),
    ],
)
def test_a_multiple_is_one_of_the_number_that_is_written(
    factor: float, multiples: list[JSONValue], others: list[JSONValue]
) -> None:
    several: list[JSONObject] = [
        {"multipleOf": factor},
        {"type": "number", "multipleOf": factor, "minimum": -1e308},
    ]
    for words in several:
        assert [value for value in multiples if not fits(words, value)] == []
        assert [value for value in others if fits(words, value)] == []


def test_whole_numbers_are_whole_however_they_are_written() -> None:
    whole: list[Any] = [1.0, 1e3, 1e300, 0.0, -0.0, BIG, 10**30, -(2**63) - 1]
    assert [value for value in whole if not fits({"type": "integer"}, value)] == []
    others: list[Any] = [1.5, 1e-3, True, "1", None]
    assert [value for value in others if fits({"type": "integer"}, value)] == []


@pytest.mark.parametrize(
    ("constant", "same", "others"),
    [
        (1, [1, 1.0], [True, "1", 2]),
        (1.0, [1, 1.0], [True]),
        (0, [0, 0.0, -0.0], [False, None, ""]),
        (10**30, [10**30, 1e30], [10**30 + 1]),
        (2**53 + 1, [2**53 + 1], [float(2**53), 2**53]),
        (BIG, [BIG], [BIG + 1, float(BIG)]),
        ([1, {"a": 1}], [[1.0, {"a": 1.0}]], [[True, {"a": 1}]]),
    ],
)
def test_a_constant_is_the_number_and_not_how_it_is_written(
    constant: JSONValue, same: list[JSONValue], others: list[JSONValue]
) -> None:
    choices: list[JSONObject] = [{"const": constant}, {"enum": ["x", constant]}]
    for words in choices:
        assert [value for value in same if not fits(words, value)] == []
        assert [value for value in others if fits(words, value)] == []


@pytest.mark.parametrize(
    ("entries", "are_different"),
    [
        ([1, 1.0], False),
        ([1, True, 0, False, "1", None], True),
        ([[1], [1.0]], False),
        ([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}], False),
        ([0, -0.0], False),
        ([2**53 + 1, float(2**53)], True),
        ([10**30, 1e30], False),
        ([*range(50), 7.0], False),
        ([*range(50), 7.5], True),
    ],
)
def test_entries_are_different_numbers(entries: list[JSONValue], are_different: bool) -> None:
    assert fits({"uniqueItems": True}, entries) == are_different


def test_limits_are_exact_beyond_a_double() -> None:
    assert fits({"minimum": 2**53 + 1}, 2**53 + 1)
    assert not fits({"minimum": 2**53 + 1}, float(2**53))
    assert not fits({"maximum": float(2**53)}, 2**53 + 1)
    assert not fits({"exclusiveMinimum": 2**64}, 2**64)
    assert fits({"exclusiveMaximum": 1e308}, -(10**309))
    assert not fits({"maximum": 1e20}, 10**20 + 1)
