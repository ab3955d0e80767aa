"""What can be decided by one click, and what has to be looked at."""

from typing import Any

import pytest

from opensink_web.schema.one_click import one_click
from opensink_web.schema.validation import validate

FLAG: Any = {"type": "boolean"}


def of(properties: Any, required: Any = (), **more: Any) -> Any:
    return {"type": "object", "properties": properties, "required": list(required), **more}


@pytest.mark.parametrize(
    ("schema", "yes"),
    [
        (of({"ok": FLAG}, ["ok"]), {"ok": True}),
        (of({"ok": FLAG}), {"ok": True}),
        (of({"ok": FLAG, "note": {"type": "string"}}, ["ok"]), {"ok": True}),
        (of({"ok": {"enum": [False, True]}}, ["ok"]), {"ok": True}),
        (of({"ok": {"$ref": "#/$defs/F"}}, ["ok"], **{"$defs": {"F": FLAG}}), {"ok": True}),
        (of({"in": of({"ok": FLAG}, ["ok"])}, ["in"]), {"in": {"ok": True}}),
        ({"allOf": [of({"ok": FLAG}, ["ok"]), {"additionalProperties": True}]}, {"ok": True}),
        (of({"ok": FLAG, "v": {"const": 2}}, ["ok", "v"]), {"ok": True, "v": 2}),
        (of({"ok": FLAG, "n": {"type": "integer", "default": 3}}, ["ok"]), {"ok": True, "n": 3}),
    ],
)
def test_one_boolean_is_all(schema: Any, yes: Any) -> None:
    click = one_click(schema)
    assert click is not None
    assert click.yes == yes
    assert click.no is not None
    assert (validate(schema, click.yes), validate(schema, click.no)) == ((), ())
    assert click.no != click.yes


@pytest.mark.parametrize(
    "schema",
    [
        of({}),
        of({"a": FLAG, "b": FLAG}, ["a", "b"]),
        of({"a": FLAG, "b": FLAG}),
        of({"ok": FLAG, "why": {"type": "string"}}, ["ok", "why"]),
        of({"ok": FLAG, "n": {"type": "integer", "default": 3}}, ["ok", "n"]),
        of({"ok": {"type": ["boolean", "null"]}}, ["ok"]),
        of({"ok": {"anyOf": [FLAG, {"type": "null"}]}}, ["ok"]),
        of({"ok": {"enum": ["yes", "no"]}}, ["ok"]),
        of({"ok": {"enum": [1, 0]}}, ["ok"]),
        of({"ok": {"const": True}}, ["ok"]),
        of({"ok": {"type": "boolean", "readOnly": True}}, ["ok"]),
        of({"ok": {"type": "boolean", "writeOnly": True}}, ["ok"]),
        of({"ok": FLAG, "pin": {"type": "string", "format": "password"}}, ["ok"]),
        of({"ok": FLAG}, ["ok"], minProperties=2),
        of(
            {"ok": FLAG},
            ["ok"],
            **{"if": {"properties": {"ok": {"const": False}}}, "then": {"required": ["why"]}},
        ),
        of({"ok": FLAG}, ["ok"], dependentRequired={"ok": ["why"]}),
        of({"ok": {"type": "array", "items": FLAG}}, ["ok"]),
        {"oneOf": [of({"ok": FLAG}, ["ok"]), of({"n": {"type": "integer"}}, ["n"])]},
        True,
    ],
)
def test_there_is_more_to_answer(schema: Any) -> None:
    assert one_click(schema) is None


def test_the_words_are_the_schemas_own() -> None:
    choice = {"oneOf": [{"const": False, "title": "Keep"}, {"const": True, "title": "Sell"}]}
    click = one_click(of({"sell": choice}, ["sell"]))
    assert click is not None
    assert (click.yes_label, click.no_label) == ("Sell", "Keep")
    assert click.yes == {"sell": True}


def test_it_says_where_the_question_stands_and_whether_other_values_go_along() -> None:
    alone = one_click(of({"a/b": {"type": "boolean", "title": "Go on?"}}, ["a/b"]))
    assert alone is not None
    assert (alone.pointer, alone.question, alone.has_more) == ("/a~1b", "Go on?", False)
    beside = one_click(of({"ok": FLAG, "n": {"type": "integer", "default": 3}}, ["ok"]))
    assert beside is not None
    assert beside.has_more


def test_a_proposal_can_be_given_as_it_is_and_has_no_no() -> None:
    click = one_click(of({"n": {"type": "integer"}}, ["n"]), {"n": 3})
    assert click is not None
    assert (click.yes, click.no, click.yes_label) == ({"n": 3}, None, "Approve")


def test_a_proposal_with_a_secret_is_to_be_looked_at() -> None:
    schema = of({"n": {"type": "integer"}, "pin": {"type": "string", "writeOnly": True}})
    assert one_click(schema, {"n": 3, "pin": "1234"}) is None
    assert one_click(schema, {"n": 3}) is not None
