"""A secret is never drawn, wherever it stands, and still comes back as it was."""

import copy
from typing import Any

import pytest

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.example import example_of
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.secrets import HIDDEN, MAX_VISITS, secrets_of, without_secret_proposals
from opensink_web.schema.validation import validate
from tests.schema.page import Page
from tests.schema.secret_cases import MARKER, PIN, Draw, Vault, made_up
from tests.support.cases import for_each

DRAFT_07 = "http://json-schema.org/draft-07/schema#"
DRAFT_2019_09 = "https://json-schema.org/draft/2019-09/schema"
SEEDS = range(40)  # tests/schema/test_made_up.py looks at more, and longer when it is told to


@pytest.mark.corpus
def test_a_proposal_is_drawn_without_its_secrets_and_comes_back_untouched(draw: Draw) -> None:
    def check(seed: int) -> None:
        schema, answer = made_up(seed)
        assert not validate(schema, answer), "the case itself is wrong"

        html = draw(AnswerForm.blank(schema, answer))

        assert MARKER not in html
        submitted = AnswerForm.submitted(schema, Page(html).sent, answer, Vault())
        assert dump(submitted.read().value) == dump(answer)
        assert MARKER not in draw(submitted)

    for_each(SEEDS, check)


@pytest.mark.corpus
def test_so_does_what_the_schema_proposes_itself(draw: Draw) -> None:
    def check(seed: int) -> None:
        schema, answer = made_up(seed)
        schema = {**schema, "default": answer}

        html = draw(AnswerForm.blank(schema))

        assert MARKER not in html
        assert MARKER not in draw(AnswerForm.submitted(schema, Page(html).sent, None, Vault()))
        assert MARKER not in dump(without_secret_proposals(schema))
        assert MARKER not in dump(example_of(schema))

    for_each(SEEDS, check)


def test_the_same_places_are_hidden_in_a_value_and_nothing_else_is_changed() -> None:
    def check(seed: int) -> None:
        schema, answer = made_up(seed)
        before = copy.deepcopy(answer)

        shown = secrets_of(schema).hide(answer)

        assert MARKER not in dump(shown)
        assert answer == before
        assert differences_are_marks(answer, shown)

    for_each(SEEDS, check)


def differences_are_marks(value: Any, shown: Any) -> bool:
    """Return True if whatever differs was replaced by the mark."""
    if shown == HIDDEN:
        return True
    if isinstance(value, dict):
        return list(value) == list(shown) and all(
            differences_are_marks(value[key], shown[key]) for key in value
        )
    if isinstance(value, list):
        return len(value) == len(shown) and all(map(differences_are_marks, value, shown))
    return bool(value == shown)


@pytest.mark.parametrize(
    ("schema", "value", "shown"),
    [
        (PIN, "x", HIDDEN),
        (True, {"a": 1}, {"a": 1}),
        (
            {"properties": {"a": PIN, "b": {"type": "string"}}},
            {"a": 1, "b": 2},
            {"a": HIDDEN, "b": 2},
        ),
        (
            {"properties": {"b": {}}, "additionalProperties": PIN},
            {"a": 1, "b": 2},
            {"a": HIDDEN, "b": 2},
        ),
        ({"patternProperties": {"^s": PIN}}, {"so": 1, "b": 2}, {"so": HIDDEN, "b": 2}),
        ({"unevaluatedProperties": PIN}, {"a": 1}, {"a": HIDDEN}),
        ({"prefixItems": [{}, PIN]}, [1, 2, 3], [1, HIDDEN, 3]),
        ({"prefixItems": [{}], "items": PIN}, [1, 2, 3], [1, HIDDEN, HIDDEN]),
        ({"items": [{}, PIN], "additionalItems": {}}, [1, 2, 3], [1, HIDDEN, 3]),
        ({"items": [{}], "additionalItems": PIN}, [1, 2], [1, HIDDEN]),
        # no word of these dialects: `items` is about all entries
        ({"$schema": DRAFT_07, "prefixItems": [{}], "items": PIN}, [1], [HIDDEN]),
        ({"$schema": DRAFT_2019_09, "prefixItems": [{}], "items": PIN}, [1], [HIDDEN]),
        # a key that reads like a pattern which it does not match
        (
            {"patternProperties": {"^a$": {}}, "additionalProperties": PIN},
            {"^a$": 1, "a": 2},
            {"^a$": HIDDEN, "a": 2},
        ),
        ({"contains": PIN}, [1, 2], [HIDDEN, HIDDEN]),
        ({"contentSchema": {"properties": {"a": PIN}}}, '{"a": 1}', HIDDEN),
        ({"propertyNames": PIN}, {"a": 1}, HIDDEN),
        ({"dependencies": {"a": {"properties": {"b": PIN}}}}, {"b": 1}, {"b": HIDDEN}),
        ({"anyOf": [{"type": "string"}, PIN]}, "x", HIDDEN),
        ({"not": {"properties": {"a": PIN}}}, {"a": 1}, {"a": HIDDEN}),
        ({"$ref": "#/x", "x": {"properties": {"a": PIN}}}, {"a": 1}, {"a": HIDDEN}),
        ({"$ref": "#p", "$defs": {"p": {"$anchor": "p", "writeOnly": True}}}, "x", HIDDEN),
        # two parts have one name, and one of them is a secret
        (
            {
                "$schema": DRAFT_07,
                "properties": {"n": {"$ref": "#k"}},
                "definitions": {"c": {"$anchor": "k"}, "b": {"$id": "#k", **PIN}},
            },
            {"n": 1},
            {"n": HIDDEN},
        ),
        ({"properties": {"n": {"$ref": "#"}, "a": PIN}}, {"n": {"a": 1}}, {"n": {"a": HIDDEN}}),
        # where a reference leads cannot be told, and there is a secret that it may lead to
        ({"properties": {"n": {"$dynamicRef": "#m"}, "a": PIN}}, {"n": {"b": 1}}, {"n": HIDDEN}),
        ({"properties": {"n": {"$dynamicRef": "#m"}}}, {"n": {"b": 1}}, {"n": {"b": 1}}),
        (
            {"properties": {"n": {"$ref": "other"}}, "$defs": {"o": {"$id": "other", **PIN}}},
            {"n": 1},
            {"n": HIDDEN},
        ),
    ],
)
def test_secret_is_what_any_part_of_the_schema_that_may_apply_says_is(
    schema: JSONValue, value: JSONValue, shown: JSONValue
) -> None:
    assert secrets_of(schema).hide(value) == shown


def test_a_schema_that_is_too_much_work_hides_everything() -> None:
    parts: list[JSONValue] = [{"properties": {f"k{n}": PIN}} for n in range(2000)]
    value: JSONValue = [{f"x{n}": n for n in range(2000)}] * 5

    shown = secrets_of({"items": {"allOf": parts}}).hide(value)

    assert dump(shown).count("••••••") > 1000


def test_a_long_list_is_no_more_work_than_a_short_one() -> None:
    secrets = secrets_of({"items": {"properties": {"a": PIN, "b": {}}}})

    shown = secrets.hide([{"a": 1, "b": 2}] * 100_000)

    assert shown == [{"a": HIDDEN, "b": 2}] * 100_000
    assert MAX_VISITS - secrets.document.visits_left < 100


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        (
            {"properties": {"a": PIN | {"default": "m"}}},
            {"properties": {"a": PIN | {"default": HIDDEN}}},
        ),
        (
            {"default": {"a": 1, "b": 2}, "properties": {"a": PIN}},
            {"default": {"a": HIDDEN, "b": 2}, "properties": {"a": PIN}},
        ),
        ({"enum": ["m"], "writeOnly": True}, {"enum": [HIDDEN], "writeOnly": True}),
        ({"allOf": [{"const": "m"}, PIN]}, {"allOf": [{"const": HIDDEN}, PIN]}),
        (
            {"items": {"$ref": "#/$defs/p", "writeOnly": True}, "$defs": {"p": {"examples": [1]}}},
            {
                "items": {"$ref": "#/$defs/p", "writeOnly": True},
                "$defs": {"p": {"examples": [HIDDEN]}},
            },
        ),
        (
            {"allOf": [{"properties": {"a": {"default": "m"}}}, {"properties": {"a": PIN}}]},
            {"allOf": [{"properties": {"a": {"default": HIDDEN}}}, {"properties": {"a": PIN}}]},
        ),
        (
            {"properties": {"b": {"const": 1}, "a": PIN}},
            {"properties": {"b": {"const": 1}, "a": PIN}},
        ),
    ],
)
def test_a_schema_is_shown_without_the_secrets_that_it_proposes(
    schema: JSONValue, shown: JSONValue
) -> None:
    assert without_secret_proposals(schema) == shown


def test_what_a_secret_must_be_is_not_told_by_an_error() -> None:
    schema: JSONObject = {"properties": {"a": {"const": "m", "writeOnly": True}, "b": {"const": 2}}}

    errors = validate(schema, {"a": "x", "b": 3})

    assert [each.message for each in errors] == [
        "This is not the secret that is asked for.",
        "This must be exactly 2.",
    ]
