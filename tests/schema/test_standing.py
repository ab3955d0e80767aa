"""The same again: the yes to a question, the condition that takes it alone, and its shape."""

import pytest

from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.schema.limits import check_schema
from opensink_web.schema.secrets import HIDDEN
from opensink_web.schema.standing import (
    affirmation_of,
    condition_for,
    is_affirmed_by,
    is_closed,
    open_parts,
    takes_more,
)
from opensink_web.schema.validation import validate

pytestmark = pytest.mark.unit
ANY: JSONObject = {"type": "object"}
DRAFT_07 = "http://json-schema.org/draft-07/schema#"
PROPOSALS: list[JSONObject] = [
    {},
    {"amount": 5},
    {"amount": 5.5, "to": "Ada", "urgent": False, "note": None},
    {"to": {"name": "Ada", "iban": {"country": "DE", "number": "89"}}, "empty": {}},
    {"lines": [{"sku": "a", "count": 1}, {"sku": "b", "count": 2}], "none": []},
    {"account": 2**53 + 1},
    {"account": 10**40 + 1, "in": [{"a": [10**40 + 1]}]},
    {"rate": 0.1, "tiny": 5e-324, "huge": 1.7976931348623157e308, "minus": -(2**63) - 1},
    {"städte": "Zürich", "e\u0301": "é", "😀": "مرحبا", "a b/c~d": "\u202eevil"},
    {"$ref": "#/x", "const": 1, "properties": {"default": 1}, "additionalProperties": True},
]


def schema(**properties: JSONValue) -> JSONObject:
    return {"type": "object", "properties": properties, "required": [*properties]}


def made(value: JSONObject, of: JSONObject = ANY) -> JSONObject:
    condition = condition_for(of, value)
    assert condition is not None
    check_schema(condition)
    assert is_closed(condition)
    return condition


def changes_of(value: JSONValue) -> list[JSONValue]:
    """Return what is nearly the same: at each place another value, one left out, one added."""
    match value:
        case dict():
            nearly: list[JSONValue] = [[], {**value, "extra": None}]
            nearly += [{k: v for k, v in value.items() if k != key} for key in value]
            nearly += [{**value, key: each} for key in value for each in changes_of(value[key])]
            return nearly
        case list():
            within = [
                [*value[:at], each, *value[at + 1 :]]
                for at in range(len(value))
                for each in changes_of(value[at])
            ]
            return [*within, [*value, None], *([value[:-1]] if value else []), {}]
        case bool() | None:
            return [not value, 0, "", {}]
        case int():
            return [value + 1, value - 1, str(value), True, None]
        case float():
            return [value / 2 if value > 1 else value + 1, str(value), None]
        case _:
            return [f"{value}\u200b", f"{value} ", value.swapcase() + "x", None]


class TestConditions:
    @pytest.mark.parametrize("value", PROPOSALS, ids=dump)
    def test_it_takes_the_value_itself_and_nothing_that_is_nearly_the_same(
        self, value: JSONObject
    ) -> None:
        condition = made(value)
        assert not validate(condition, value)
        assert not validate(condition, dict(reversed([*value.items()])))
        for each in changes_of(value):
            assert validate(condition, each), each

    def test_how_a_number_is_written_says_nothing(self) -> None:
        condition = made({"amount": 1})
        for text in ('{"amount": 1.0}', '{"amount": 1e0}', '{"amount":10E-1}'):
            assert not validate(condition, parse(text))
        for text in ('{"amount": true}', '{"amount": "1"}', '{"amount": 1.0000000001}'):
            assert validate(condition, parse(text))

    @pytest.mark.parametrize("nearly", [2.0**53, 2**53, 2**53 + 2])
    def test_a_large_number_is_not_rounded(self, nearly: float) -> None:
        assert validate(made({"account": 2**53 + 1}), {"account": nearly})

    def test_letters_that_look_alike_are_others(self) -> None:
        assert validate(made({"to": "caf\u00e9"}), {"to": "cafe\u0301"})
        assert validate(made({"to": "paypal"}), {"to": "p\u0430ypal"})

    def test_no_secret_stands_in_it(self) -> None:
        key: JSONObject = {"type": "string", "writeOnly": True}
        of = schema(
            key=key,
            place={"type": "object", "properties": {"token": key, "host": {"type": "string"}}},
            all={"type": "array", "items": {"$ref": "#/$defs/login"}},
            vault={"type": "object", "writeOnly": True, "properties": {"hunter2": {}}},
        ) | {"$defs": {"login": {"properties": {"password": {"format": "password"}}}}}
        value: JSONObject = {
            "key": "hunter2",
            "place": {"token": "hunter2", "host": "db"},
            "all": [{"user": "ada", "password": "hunter2"}, {"user": "bob"}],
            "vault": {"hunter2": "hunter2"},
        }
        condition = made(value, of)
        assert "hunter2" not in dump(condition)
        assert HIDDEN not in dump(condition), "a mark would be a value that is asked for"
        assert not validate(condition, value)
        other = parse(dump(value).replace("hunter2", "another"))
        assert not validate(condition, other), "a secret may be anything"
        for text in ('"db"', '"ada"', '"bob"', '"user"'):
            assert validate(condition, parse(dump(value).replace(text, '"x"')))
        for gone in ("key", "vault"):
            assert validate(condition, {k: v for k, v in value.items() if k != gone})

    def test_there_is_none_where_all_is_secret(self) -> None:
        assert condition_for({"type": "object", "writeOnly": True}, {"a": 1}) is None

    @pytest.mark.parametrize(
        "open_one", [True, {}, {"additionalProperties": {"type": "string"}}, {"properties": {}}]
    )
    def test_one_that_leaves_room_is_not_closed(self, open_one: JSONValue) -> None:
        assert not is_closed(open_one)
        assert is_closed({"unevaluatedProperties": False})

    @pytest.mark.parametrize(
        "open_one",
        [
            # a word that the dialect does not have, or does not look at
            {"$schema": DRAFT_07, "unevaluatedProperties": False},
            {
                "$schema": DRAFT_07,
                "$ref": "#/definitions/any",
                "additionalProperties": False,
                "definitions": {"any": {}},
            },
            # all is evaluated before
            {"additionalProperties": True, "unevaluatedProperties": False},
        ],
        ids=dump,
    )
    def test_a_word_that_rules_nothing_out_does_not_close_it(self, open_one: JSONObject) -> None:
        check_schema(open_one)
        assert not validate(open_one, {"extra": 1})
        assert not is_closed(open_one)

    @pytest.mark.parametrize(
        ("condition", "is_open"),
        [
            ({"properties": {"a": {}}, "additionalProperties": False}, False),
            ({"patternProperties": {"": {}}, "additionalProperties": False}, True),
            ({"patternProperties": {"^x": {}}, "additionalProperties": False}, False),
            ({"anyOf": [{"additionalProperties": {}}], "unevaluatedProperties": False}, True),
            ({"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False}, False),
        ],
    )
    def test_whether_it_takes_more_is_tried(self, condition: JSONObject, is_open: bool) -> None:
        assert is_closed(condition)
        assert takes_more(condition, {"a": 1}) is is_open

    def test_what_is_in_it_says_what_of_others(self) -> None:
        named: JSONObject = {"properties": {"iban": {"type": "string"}}}
        inside: list[JSONObject] = [
            {"to": named},
            {"to": {"items": named}},
            {"to": {"$ref": "#/$defs/a"}},
        ]
        for inner in inside:
            condition: JSONObject = {"properties": inner, "additionalProperties": False}
            assert [*open_parts({**condition, "$defs": {"a": named}})]
        closed: JSONObject = {**named, "additionalProperties": {"type": "null"}}
        test: JSONObject = {"if": named, "then": False, "additionalProperties": False}
        assert not [*open_parts({**schema(to=closed), **test})]


class TestAffirmations:
    @pytest.mark.parametrize(
        ("of", "proposed", "value", "has_facts"),
        [
            (ANY, {"amount": 5}, {"amount": 5}, True),
            (schema(approved={"type": "boolean"}), None, {"approved": True}, False),
            (
                schema(approved={"type": "boolean", "default": False}),
                None,
                {"approved": True},
                False,
            ),
            (
                schema(approved={"type": "boolean"}, amount={"const": 5}),
                None,
                {"approved": True, "amount": 5},
                True,
            ),
            (
                schema(qty={"type": "integer", "default": 5}, to={"const": "Ada"}),
                None,
                {"qty": 5, "to": "Ada"},
                True,
            ),
        ],
    )
    def test_it_is_the_yes_as_it_was_proposed(
        self, of: JSONObject, proposed: JSONObject | None, value: JSONObject, has_facts: bool
    ) -> None:
        affirmation = affirmation_of(of, proposed)
        assert affirmation is not None
        assert (affirmation.value, affirmation.has_facts) == (value, has_facts)

    @pytest.mark.parametrize(
        ("of", "proposed"),
        [
            (schema(name={"type": "string"}), None),
            (schema(name={"type": "string"}, to={"const": "Ada"}), None),
            (schema(qty={"type": "integer", "default": "many"}), None),
            (schema(qty={"type": "integer", "examples": [5]}), None),
            (schema(assent={"const": True, "title": "I have read it"}), None),
            (schema(qty={"type": "integer"}), {"qty": "many"}),
            (True, None),
        ],
    )
    def test_there_is_none_where_something_is_left_to_a_person(
        self, of: JSONValue, proposed: JSONObject | None
    ) -> None:
        assert affirmation_of(of, proposed) is None

    def test_only_that_answer_affirms(self) -> None:
        affirmation = affirmation_of(ANY, {"amount": 1, "to": None})
        assert affirmation is not None
        assert is_affirmed_by(affirmation, {"to": None, "amount": 1.0})
        others: list[JSONObject] = [
            {"amount": 2, "to": None},
            {"amount": True, "to": None},
            {"amount": 1, "to": "Ada"},
            {"amount": 1},
            {"amount": 1, "to": None, "more": 1},
        ]
        assert not any(is_affirmed_by(affirmation, each) for each in others)
