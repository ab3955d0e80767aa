"""What was changed of a proposal, as pointers."""

from typing import Any

import pytest

from opensink_web.json_value import JSONObject
from opensink_web.schema.edits import MAX_CHARACTERS, MAX_PLACES, Proposal, proposal_of

pytestmark = pytest.mark.unit


def changed(proposed: JSONObject, answer: JSONObject, *, is_exact: bool = True) -> list[str]:
    return Proposal(proposed, is_exact).changed_in(answer)


def schema_of(properties: dict[str, Any], *required: str) -> JSONObject:
    return {"type": "object", "properties": properties, "required": list(required)}


def start_of(schema: JSONObject) -> JSONObject | None:
    proposal = proposal_of(schema)
    return None if proposal is None else proposal.value


@pytest.mark.parametrize(
    ("proposed", "answer", "pointers"),
    [
        ({"a": 1, "b": "x"}, {"b": "x", "a": 1}, []),
        ({"a": 1}, {"a": 2}, ["/a"]),
        ({"a": 1}, {}, ["/a"]),
        ({"a": 1}, {"a": None}, ["/a"]),
        ({}, {"a": None}, ["/a"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ["/a/c"]),
        ({"a": {"b": 1}}, {"a": [1]}, ["/a"]),
        ({"a": {}}, {"a": []}, ["/a"]),
        ({"a~/b": 1}, {"a~/b": 2}, ["/a~0~1b"]),
        ({"": 1}, {"": 2}, ["/"]),
        ({"z": 1, "a": 1}, {"a": 2, "z": 2, "n": 2}, ["/z", "/a", "/n"]),
    ],
)
def test_of_an_object_each_key_that_differs_is_named(
    proposed: JSONObject, answer: JSONObject, pointers: list[str]
) -> None:
    assert changed(proposed, answer) == pointers


@pytest.mark.parametrize(
    ("proposed", "answer", "pointers"),
    [
        ([1, 2, 3], [1, 9, 3], ["/l/1"]),
        ([1, 2, 3], [7, 8, 9], ["/l"]),
        ([1], [2], ["/l"]),
        ([1, 2], [1], ["/l"]),
        ([1, 2], [1, 2, 3], ["/l"]),
        ([1, 2], [2, 1], ["/l"]),
        ([{"q": 1}, {"q": 2}], [{"q": 1}, {"q": 3}], ["/l/1/q"]),
        # every entry is another, but none is gone
        ([{"n": "x", "q": 1}, {"n": "y", "q": 2}], [{"n": "x", "q": 5}, {"n": "y"}], None),
        ([[1, 2], [3, 4]], [[1, 2], [3, 5]], ["/l/1/1"]),
    ],
)
def test_of_a_list_the_entries_are_named_unless_it_is_another(
    proposed: Any, answer: Any, pointers: list[str] | None
) -> None:
    expected = ["/l/0/q", "/l/1/q"] if pointers is None else pointers
    assert changed({"l": proposed}, {"l": answer}) == expected


@pytest.mark.parametrize(
    ("proposed", "answer", "differs"),
    [
        (1, 1.0, False),
        (1000.0, 1e3, False),
        (2**53 + 1, float(2**53), True),
        (1, True, True),
        (0, False, True),
        (0, None, True),
        (1, "1", True),
        ("", None, True),
        ([1, True], [1.0, 1], True),
    ],
)
def test_values_are_compared_as_json_schema_does(proposed: Any, answer: Any, differs: bool) -> None:
    assert bool(changed({"a": proposed}, {"a": answer})) is differs


def test_filling_in_what_a_schema_leaves_open_is_no_change() -> None:
    start: JSONObject = {"limit": 5, "to": {"name": "Ada", "note": None}, "by": None, "more": {}}
    answer: JSONObject = {
        "limit": 5,
        "to": {"name": "Ada", "note": "x", "age": 3},
        "by": "Bob",
        "more": {"any": 1},
        "remark": "fine",
    }
    assert changed(start, answer, is_exact=False) == []
    assert changed(start, answer) == ["/to/note", "/to/age", "/by", "/more/any", "/remark"]


def test_what_a_schema_proposes_may_be_changed_or_left_out() -> None:
    start: JSONObject = {"limit": 5, "to": {"name": "Ada"}, "tags": ["a"], "by": None, "x": ""}
    assert changed(start, {"limit": 6, "to": {}, "tags": ["a", "b"], "x": "y"}, is_exact=False) == [
        *("/limit", "/to/name", "/tags", "/x"),
    ]
    assert changed(start, {}, is_exact=False) == ["/limit", "/to", "/tags", "/x"]


def test_a_schema_proposes_its_defaults_and_constants() -> None:
    name = {"type": "object", "properties": {"first": {"type": "string", "default": "Ada"}}}
    schema = schema_of(
        {
            "limit": {"type": "integer", "default": 5},
            "stock": {"const": "NVDA"},
            "shown": {"type": "string", "readOnly": True, "default": "as it is"},
            "name": name,
            "other": name,
            "reason": {"type": "string"},
            "of_ref": {"$ref": "#/$defs/word"},
        },
        "name",
    ) | {"$defs": {"word": {"type": "string", "default": "w"}}}
    assert start_of(schema) == {
        "limit": 5,
        "stock": "NVDA",
        "shown": "as it is",
        "name": {"first": "Ada"},
        "of_ref": "w",
    }


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {"type": "object"},
        schema_of({"a": {"type": "string"}, "b": {"enum": ["x", "y"]}}, "a"),
        schema_of({"a": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}}),
        schema_of({"a": {"oneOf": [{"const": 1, "title": "One"}, {"const": 2, "title": "Two"}]}}),
        schema_of({"default": {"type": "string"}, "const": {"type": "string"}}),
        schema_of({"a": {"type": "boolean", "const": True, "title": "I have read it"}}, "a"),
        schema_of({"a": {"type": "integer", "default": "not a number"}}),
    ],
)
def test_a_schema_that_only_asks_proposes_nothing(schema: Any) -> None:
    assert proposal_of(schema) is None


def test_an_instance_that_came_with_a_schema_is_exact() -> None:
    schema = schema_of({"a": {"type": "integer", "default": 1}, "b": {"type": "string"}})
    proposal = proposal_of(schema, {"a": 1})
    assert proposal == Proposal({"a": 1}, is_exact=True)
    assert proposal.changed_in({"a": 1, "b": "added"}) == ["/b"]
    assert proposal_of(schema, {}) == Proposal({}, is_exact=True)


def test_a_consent_that_is_ticked_is_no_change() -> None:
    schema = schema_of(
        {"read": {"type": "boolean", "const": True}, "limit": {"type": "integer", "default": 5}},
        "read",
    )
    proposal = proposal_of(schema)
    assert proposal is not None
    assert proposal.changed_in({"read": True, "limit": 5}) == []


def test_a_pointer_does_not_lead_into_a_secret() -> None:
    keys = {"type": "object", "writeOnly": True}
    schema = schema_of({"keys": keys, "list": {"items": keys}, "limit": {"type": "integer"}})
    before: JSONObject = {"keys": {"a": 1, "b": 2}, "list": [{"c": 1}, {"d": 1}], "limit": 1}
    after: JSONObject = {"keys": {"a": 9, "z": 2}, "list": [{"c": 1}, {"e": 1}], "limit": 2}
    proposal = proposal_of(schema, before)
    assert proposal is not None
    assert proposal.changed_in(after) == ["/keys", "/list/1", "/limit"]


def test_a_part_that_is_changed_in_very_many_places_is_named_as_a_whole() -> None:
    count = MAX_PLACES + 1
    before: JSONObject = {"a": {str(number): 1 for number in range(count)}, "b": 1}
    after: JSONObject = {"a": {str(number): 2 for number in range(count)}, "b": 2}
    assert changed(before, after) == ["/a", "/b"]


def test_pointers_with_long_keys_end_at_the_part_around() -> None:
    key = "k" * (MAX_CHARACTERS // 100)
    before: JSONObject = {"a": {key: {str(number): 1 for number in range(200)}}, "b": 1}
    after: JSONObject = {"a": {key: {str(number): 2 for number in range(200)}}, "b": 2}
    assert changed(before, after) == [f"/a/{key}", "/b"]
    assert changed({"x" * MAX_CHARACTERS: 1}, {}) == [""]


def test_the_deepest_and_widest_values_are_compared_too() -> None:
    def nested(leaf: int) -> JSONObject:
        inner: JSONObject = {str(number): leaf for number in range(MAX_PLACES)}
        for _ in range(60):
            inner = {"k": inner}
        return {str(number): inner for number in range(100)}

    assert changed(nested(1), nested(2)) == [""]
