"""Which secrets stay in a value unseen: where a mark stands for one, and under which schemas."""

from typing import Any

import pytest

from opensink_web.schema.carried_secrets import (
    lost_secrets,
    marked_proposals,
    marks_in,
    with_kept_secrets,
)
from opensink_web.schema.secrets import HIDDEN

SECRET: Any = {"type": "string", "writeOnly": True}
ACCOUNTS: Any = {
    "properties": {"accounts": {"items": {"properties": {"key": SECRET, "of": {}}}}},
}
LIVE, PAPER = {"of": "live", "key": "L"}, {"of": "paper", "key": "P"}


def sent(*entries: Any) -> Any:
    return {"accounts": list(entries)}


def marked(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "key": HIDDEN}


class TestMarks:
    def test_stand_for_the_same_entry_of_a_list(self) -> None:
        stored, new = sent(LIVE, PAPER), {"of": "new", "key": "N"}
        value = sent(marked(LIVE), marked(PAPER), new)
        assert with_kept_secrets(value, stored, ACCOUNTS) == sent(LIVE, PAPER, new)

    @pytest.mark.parametrize(
        "value",
        [
            sent(marked(PAPER)),
            sent(marked(PAPER), marked(LIVE)),
            sent({"of": "new", "key": HIDDEN}, marked(LIVE)),
            {"accounts": {"0": marked(LIVE)}},
        ],
    )
    def test_stand_for_no_other_entry(self, value: Any) -> None:
        assert with_kept_secrets(value, sent(LIVE, PAPER), ACCOUNTS) == value

    def test_stand_for_none_of_entries_that_look_alike(self) -> None:
        stored = sent(LIVE, {**LIVE, "key": "other"})
        dropped = sent(marked(LIVE))
        assert with_kept_secrets(dropped, stored, ACCOUNTS) == dropped
        as_it_was: Any = {"accounts": [marked(LIVE), marked(LIVE)]}
        assert with_kept_secrets(as_it_was, stored, ACCOUNTS) == stored
        keys: Any = {"properties": {"keys": {"items": SECRET}}}
        one: Any = {"keys": [HIDDEN]}
        assert with_kept_secrets(one, {"keys": ["a", "b"]}, keys) == one

    def test_stand_for_null_and_for_everything(self) -> None:
        schema: Any = {"properties": {"token": {"writeOnly": True}}}
        assert with_kept_secrets({"token": HIDDEN}, {"token": None}, schema) == {"token": None}
        everything: Any = {"writeOnly": True}
        assert with_kept_secrets({HIDDEN: HIDDEN}, {"a": "s"}, everything) == {"a": "s"}

    def test_stand_for_nothing_where_nothing_is_secret(self) -> None:
        value: Any = {"other": HIDDEN, "token": [HIDDEN]}
        schema: Any = {"properties": {"token": SECRET}}
        assert with_kept_secrets(value, {"other": "o", "token": "t"}, schema) == value
        assert list(marks_in(value)) == [("other",), ("token", 0)]

    def test_are_found_in_what_a_schema_proposes(self) -> None:
        inner: Any = {
            "title": HIDDEN,
            "default": HIDDEN,
            "enum": ["a", HIDDEN],
            "const": {"k": HIDDEN},
        }
        places = marked_proposals({"properties": {"a": inner}, "examples": [[HIDDEN]]})
        assert [path[-2:] for path in places] == [
            ("a", "default"),
            ("enum", 1),
            ("const", "k"),
            (0, 0),
        ]


BEFORE: Any = {
    "type": "object",
    "$defs": {"key": SECRET},
    "properties": {"token": SECRET, "key": {"$ref": "#/$defs/key"}, "model": {"enum": ["a"]}},
}
VALUE: Any = {"token": "t", "key": "k", "model": "a"}
PATTERN: Any = {"pattern": "^t"}


def with_properties(**properties: Any) -> Any:
    return BEFORE | {"properties": BEFORE["properties"] | properties}


class TestAnotherSchema:
    @pytest.mark.parametrize(
        "after",
        [
            BEFORE,
            with_properties(model={"type": "string"}, limit={"type": "number"}),
            with_properties(token=SECRET | {"title": "The shop's"}),
            BEFORE | {"required": ["model"], "title": "Buyer", "examples": [{}]},
        ],
    )
    def test_keeps_secrets_of_which_it_says_the_same(self, after: Any) -> None:
        assert lost_secrets(VALUE, BEFORE, after) == []

    def test_loses_the_one_of_which_it_says_something_else(self) -> None:
        for other in (SECRET | PATTERN, {"type": "string"}, {"$ref": "#/properties/model"}):
            assert ("token",) in lost_secrets(VALUE, BEFORE, with_properties(token=other))
        assert lost_secrets(VALUE, BEFORE, with_properties(token=SECRET | PATTERN)) == [("token",)]

    @pytest.mark.parametrize(
        "after",
        [
            BEFORE | {"allOf": [{"properties": {"token": PATTERN}}]},
            BEFORE | {"if": {"properties": {"key": PATTERN}}, "then": {"maxProperties": 1}},
            BEFORE | {"$defs": {"key": SECRET | PATTERN}},
            BEFORE | {"patternProperties": {"^to": PATTERN}},
            BEFORE | {"$schema": "http://json-schema.org/draft-04/schema#"},
            with_properties(model={"$id": "https://example.com/", "enum": ["a"]}),
            True,
        ],
    )
    def test_loses_all_where_it_says_anything_else_of_the_whole(self, after: Any) -> None:
        assert lost_secrets(VALUE, BEFORE, after) == [("token",), ("key",)]

    def test_loses_all_where_a_reference_leads_to_what_may_be_other(self) -> None:
        before = BEFORE | {"allOf": [{"$ref": "#/properties/model"}]}
        after = before | {
            "properties": BEFORE["properties"] | {"model": {"properties": {"token": PATTERN}}}
        }
        assert lost_secrets(VALUE, before, after) == [("token",), ("key",)]

    def test_loses_what_is_secret_altogether(self) -> None:
        before: Any = {"writeOnly": True}
        assert lost_secrets({"a": 1}, before, before | {"title": "T"}) == [()]
