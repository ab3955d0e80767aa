"""A stored answer as it is shown: by its titles, and without a single secret."""

from collections.abc import Iterator

import pytest

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.edits import proposal_of
from opensink_web.schema.secrets import HIDDEN
from opensink_web.web.rendering.stored_answer import (
    MATCHED_ENTRIES_MAX,
    Change,
    Fact,
    stored_answer,
)

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

    entries = (Fact("Entry 1", 1), Fact("Entry 2", 2))
    assert answer.facts == (Fact("a", parts=(Fact("b", parts=entries),)),)


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


PROPOSAL: JSONValue = {
    "properties": {
        "limit": {"type": "integer", "title": "Limit"},
        "tone": {"title": "Tone", "oneOf": [{"const": "f", "title": "Formal"}, {"const": "u"}]},
        "to": {
            "title": "To",
            "items": {"properties": {"name": {"type": "string", "title": "Name"}}},
        },
        "tags": {"title": "Tags", "items": {"type": "string", "title": "Tag"}},
        "note": {"type": "string", "title": "Note"},
        "pin": PIN | {"title": "PIN"},
    }
}


def drawn(proposed: JSONObject, response: JSONObject) -> tuple[Fact, ...]:
    """Draw an answer to what was proposed with PROPOSAL."""
    proposal = proposal_of(PROPOSAL, proposed)
    assert proposal is not None
    return stored_answer(PROPOSAL, response, proposed, proposal.changed_in(response)).facts


def test_what_was_changed_stands_beside_what_was_proposed_in_the_words_of_the_form() -> None:
    assert drawn({"limit": 100, "tone": "f"}, {"limit": 80, "tone": "u"}) == (
        Fact("Limit", 80, change=Change.CHANGED, before=Fact("Limit", 100)),
        Fact("Tone", "u", change=Change.CHANGED, before=Fact("Tone", "Formal")),
    )


def test_what_was_left_out_or_added_says_so_at_its_place() -> None:
    assert drawn({"limit": 100, "note": "x"}, {"note": "x", "tone": "f"}) == (
        Fact("Limit", 100, change=Change.LEFT_OUT),
        Fact("Tone", "Formal", change=Change.ADDED),
        Fact("Note", "x"),
    )


def test_in_parts_and_rows_only_the_field_is_marked() -> None:
    (to,) = drawn({"to": [{"name": "Ada"}, {"name": "Bob"}]}, {"to": [{"name": "Ada"}, {}]})
    first, second = to.parts
    assert to.change is first.change is second.change is None
    assert first.parts == (Fact("Name", "Ada"),)
    assert second.title == "Entry 2"
    assert second.parts == (Fact("Name", "Bob", change=Change.LEFT_OUT),)


def test_of_a_list_that_is_longer_or_shorter_the_entries_are_marked() -> None:
    (tags,) = drawn({"tags": ["a", "b", "c"]}, {"tags": ["a", "c", "d", "e"]})
    assert [(row.title, row.value, row.change) for row in tags.parts] == [
        ("Tag 1", "a", None),
        ("Tag", "b", Change.LEFT_OUT),
        ("Tag 2", "c", None),
        ("Tag 3", "d", Change.ADDED),
        ("Tag 4", "e", Change.ADDED),
    ]


def test_a_list_that_was_emptied_or_is_very_long_is_shown_before_and_after() -> None:
    (tags,) = drawn({"tags": ["a"]}, {"tags": []})
    assert (tags.value, tags.change) == ([], Change.CHANGED)
    long: list[JSONValue] = [str(number) for number in range(MATCHED_ENTRIES_MAX)]
    (tags,) = drawn({"tags": long}, {"tags": [*long, "more"]})
    assert tags.before is not None
    assert (len(tags.before.parts), len(tags.parts)) == (len(long), len(long) + 1)


def test_a_secret_that_was_changed_says_only_that() -> None:
    facts = drawn({"pin": "4711", "limit": 1}, {"pin": "0815", "limit": 1})
    assert facts[1] == Fact(
        "PIN", is_hidden=True, change=Change.CHANGED, before=Fact("PIN", is_hidden=True)
    )
    assert not [text for text in texts(facts) if "4711" in text or "0815" in text]
    answer = stored_answer(PROPOSAL, {"pin": "0815"}, {"pin": "4711"}, ["/pin"])
    assert (answer.shown, answer.proposed) == ({"pin": HIDDEN}, {"pin": HIDDEN})


def test_what_no_field_describes_is_compared_too() -> None:
    facts = drawn({"x": {"a": 1, "b": 2}}, {"x": {"a": 1, "b": 3}})
    assert facts == (
        Fact(
            "x",
            parts=(Fact("a", 1), Fact("b", 3, change=Change.CHANGED, before=Fact("Value", 2))),
        ),
    )


def test_a_pointer_that_leads_nowhere_draws_nothing() -> None:
    answer = stored_answer(PROPOSAL, {"limit": 1}, {"limit": 1}, ["/gone/deeper", "/limit/0"])
    assert [fact.title for fact in answer.facts] == ["Limit"]


TEXT: JSONObject = {"type": "string"}
SHAPES: JSONValue = {
    "properties": {
        "to": {
            "anyOf": [
                {"type": "string", "title": "A name"},
                {"type": "object", "title": "An address", "properties": {"po_box": TEXT}},
                {"type": "array", "title": "Several", "items": TEXT | {"title": "Person"}},
            ]
        },
        "code": {"anyOf": [{"type": "integer"}, {"const": "n/a", "title": "None known"}]},
        "stock": {
            "type": "object",
            "additionalProperties": {"oneOf": [{"const": 0, "title": "Sold out"}, {"const": 1}]},
        },
        "at": {"prefixItems": [{"type": "number", "title": "Latitude"}, {"type": "number"}]},
    }
}
BY_ACTION: JSONValue = {
    "type": "object",
    "oneOf": [
        {
            "title": "Pay it back",
            "properties": {
                "action": {"const": "refund"},
                "sum": {"type": "number", "title": "Sum"},
            },
            "required": ["action"],
        },
        {
            "title": "Say no",
            "properties": {"action": {"const": "reject"}, "why": TEXT | {"title": "Reason"}},
            "required": ["action"],
        },
    ],
}


@pytest.mark.parametrize(
    ("response", "fact"),
    [
        ({"to": "Ada"}, Fact("To", "Ada")),
        ({"to": {"po_box": "7"}}, Fact("To", parts=(Fact("Po box", "7"),))),
        ({"to": ["Ada"]}, Fact("To", parts=(Fact("Person 1", "Ada"),))),
        ({"code": "n/a"}, Fact("Code", "None known")),
        ({"code": 7}, Fact("Code", 7)),
        ({"stock": {"S": 0}}, Fact("Stock", parts=(Fact("S", "Sold out"),))),
        ({"at": [1.5, 2]}, Fact("At", parts=(Fact("Latitude", 1.5), Fact("Entry 2", 2)))),
    ],
)
def test_what_has_one_of_several_shapes_reads_as_that_shape(
    response: JSONObject, fact: Fact
) -> None:
    assert stored_answer(SHAPES, response).facts == (fact,)


def test_another_branch_than_the_proposed_one_reads_with_the_words_of_both() -> None:
    proposed: JSONObject = {"action": "refund", "sum": 5}
    response: JSONObject = {"action": "reject", "why": "late"}
    proposal = proposal_of(BY_ACTION, proposed)
    assert proposal is not None
    edited = proposal.changed_in(response)
    assert sorted(edited) == ["/action", "/sum", "/why"]
    assert stored_answer(BY_ACTION, response, proposed, edited).facts == (
        Fact("Action", "Say no", change=Change.CHANGED, before=Fact("Action", "Pay it back")),
        Fact("Reason", "late", change=Change.ADDED),
        Fact("Sum", 5, change=Change.LEFT_OUT),
    )


def test_a_part_of_another_shape_shows_both() -> None:
    (fact,) = stored_answer(SHAPES, {"to": "Ada"}, {"to": {"po_box": "7"}}, ["/to"]).facts
    was = Fact("To", parts=(Fact("Po box", "7"),))
    assert fact == Fact("To", "Ada", change=Change.CHANGED, before=was)
