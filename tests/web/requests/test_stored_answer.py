"""A stored answer as it is shown: by its titles, and without a single secret."""

from collections.abc import Iterator

import pytest

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.secrets import HIDDEN
from opensink_web.web.requests.stored_answer import Fact, stored_answer

PASSWORD: JSONObject = {"type": "string", "format": "password"}
PIN: JSONObject = {"type": "string", "writeOnly": True}


def texts(facts: tuple[Fact, ...]) -> Iterator[str]:
    for fact in facts:
        yield dump(fact.value)
        yield from texts(fact.parts)


def test_facts_have_the_schemas_titles_and_order() -> None:
    schema: JSONValue = {
        "properties": {"limit_price": {"type": "number"}, "ok": {"type": "boolean", "title": "Go?"}}
    }

    facts = stored_answer(schema, {"ok": True, "limit_price": 41.5}).facts

    assert [(fact.title, fact.value) for fact in facts] == [("Limit price", 41.5), ("Go?", "Yes")]


def test_a_chosen_option_reads_as_it_was_offered() -> None:
    schema: JSONValue = {
        "properties": {"tone": {"oneOf": [{"const": "f", "title": "Formal"}, {"const": "u"}]}}
    }

    assert stored_answer(schema, {"tone": "f"}).facts[0].value == "Formal"


def test_parts_and_rows_keep_their_place() -> None:
    schema: JSONValue = {
        "properties": {
            "to": {"type": "array", "items": {"properties": {"name": {"type": "string"}}}}
        }
    }

    (to,) = stored_answer(schema, {"to": [{"name": "Ada"}, {"name": "Bob"}]}).facts

    assert [row.title for row in to.parts] == ["Entry 1", "Entry 2"]
    assert to.parts[1].parts == (Fact("Name", "Bob"),)


def test_keys_that_the_schema_does_not_name_are_shown_by_themselves() -> None:
    answer = stored_answer({"type": "object"}, {"a": {"b": [1, 2]}})

    assert answer.facts == (Fact("a", parts=(Fact("b", [1, 2]),)),)


def test_an_empty_answer_has_no_facts_to_get_wrong() -> None:
    assert stored_answer({"type": "object", "properties": {}}, {}).shown == {}


@pytest.mark.parametrize(
    ("schema", "response"),
    [
        ({"properties": {"pin": PIN}}, {"pin": "4711"}),
        ({"properties": {"pin": PASSWORD}}, {"pin": "4711"}),
        ({"properties": {"all": {"items": PIN}}}, {"all": ["4711"]}),
        ({"properties": {"a": {"properties": {"pin": PIN}}}}, {"a": {"pin": "4711"}}),
        ({"properties": {"a": PIN | {"type": "object"}}}, {"a": {"x": "4711"}}),
        ({"$defs": {"p": PIN}, "properties": {"a": {"$ref": "#/$defs/p"}}}, {"a": "4711"}),
        ({"$defs": {"p": PIN}, "patternProperties": {"^x": {"$ref": "#/$defs/p"}}}, {"x": "4711"}),
        ({"additionalProperties": PIN}, {"x": "4711"}),
        ({"oneOf": [{"properties": {"pin": PIN}}, {"required": ["b"]}]}, {"pin": "4711"}),
        ({"properties": {"a": {"prefixItems": [PIN]}}}, {"a": ["4711"]}),
        (
            {"properties": {"a": {}, "b": {}}, "if": {}, "then": {"properties": {"b": PIN}}},
            {"b": "4711"},
        ),
    ],
)
def test_no_secret_is_shown(schema: JSONValue, response: JSONObject) -> None:
    answer = stored_answer(schema, response)

    assert "4711" not in dump(answer.shown)
    assert HIDDEN in dump(answer.shown)
    assert not [text for text in texts(answer.facts) if "4711" in text]


def test_what_stands_beside_a_secret_is_shown() -> None:
    schema: JSONValue = {
        "properties": {
            "pin": PIN,
            "amount": {"const": 12450.5},
            "why": {"type": "string", "readOnly": True},
            "note": {"type": "string"},
        }
    }
    response: JSONObject = {"pin": "4711", "amount": 12450.5, "why": "cheap", "note": "ok"}

    answer = stored_answer(schema, response)

    assert answer.shown == response | {"pin": HIDDEN}
    assert [fact.is_hidden for fact in answer.facts] == [True, False, False, False]
