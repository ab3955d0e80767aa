"""Which schemas are answered by one button, and what that button sends."""

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.yes_no import yes_no_of

BOOLEAN: JSONValue = {"type": "boolean"}


def asking(properties: JSONObject, **words: JSONValue) -> JSONObject:
    return {"type": "object", "properties": properties, "required": [*properties], **words}


ONE_QUESTION: dict[str, tuple[JSONValue, JSONValue]] = {
    "a boolean": (asking({"ok": BOOLEAN}), {"ok": True}),
    "one that may be left out": ({"type": "object", "properties": {"ok": BOOLEAN}}, {"ok": True}),
    "one or null, as Python writes it": (
        asking({"ok": {"anyOf": [BOOLEAN, {"type": "null"}]}}),
        {"ok": True},
    ),
    "a reference": (
        {**asking({"ok": {"$ref": "#/$defs/yes"}}), "$defs": {"yes": BOOLEAN}},
        {"ok": True},
    ),
    "an enum, no first": (asking({"ok": {"enum": [False, True]}}), {"ok": True}),
    "titled constants": (
        asking({"ok": {"oneOf": [{"const": True, "title": "Ship"}, {"const": False}]}}),
        {"ok": True},
    ),
    "assent": (asking({"ok": {"const": True}}), {"ok": True}),
    "beside a constant": (
        asking({"ok": BOOLEAN, "amount": {"const": 12}}),
        {"ok": True, "amount": 12},
    ),
    "inside a part": (asking({"verdict": asking({"ok": BOOLEAN})}), {"verdict": {"ok": True}}),
    "with a default": (asking({"ok": {"type": "boolean", "default": False}}), {"ok": True}),
}
MORE: dict[str, JSONValue] = {
    "nothing": {"type": "object"},
    "two booleans": asking({"one": BOOLEAN, "two": BOOLEAN}),
    "a text beside it": asking({"ok": BOOLEAN, "why": {"type": "string"}}),
    "a text that depends on it": {
        **asking({"ok": BOOLEAN}),
        "if": {"properties": {"ok": {"const": False}}},
        "then": {"properties": {"why": {"type": "string"}}},
    },
    "keys that anybody may add": asking({"ok": BOOLEAN}, additionalProperties={"type": "string"}),
    "three answers": asking({"ok": {"enum": [True, False, "later"]}}),
    "a secret": asking({"ok": {"type": "boolean", "writeOnly": True}}),
    "a part that may be left out": {
        "type": "object",
        "properties": {"verdict": asking({"ok": BOOLEAN})},
    },
    "a choice of words": asking({"ok": {"enum": ["yes", "no"]}}),
}


@pytest.mark.parametrize("name", ONE_QUESTION)
def test_one_button_gives_the_answer(name: str) -> None:
    schema, response = ONE_QUESTION[name]
    question = yes_no_of(field_tree(schema))

    assert question is not None
    form = AnswerForm.submitted(schema, MultiDict({question.name: question.yes}))
    assert form.read().value == response


@pytest.mark.parametrize("name", [name for name in ONE_QUESTION if name != "assent"])
def test_the_other_button_says_no(name: str) -> None:
    schema, _ = ONE_QUESTION[name]
    question = yes_no_of(field_tree(schema))

    assert question is not None
    assert question.no is not None
    value = AnswerForm.submitted(schema, MultiDict({question.name: question.no})).read().value
    assert value is not None
    assert '"ok": false' in str(value).replace("'", '"').replace("False", "false")


@pytest.mark.parametrize("name", MORE)
def test_with_anything_else_to_fill_in_it_is_a_form(name: str) -> None:
    assert yes_no_of(field_tree(MORE[name])) is None


def test_the_buttons_have_the_words_of_the_schema() -> None:
    schema = asking(
        {"ok": {"oneOf": [{"const": False, "title": "Hold"}, {"const": True, "title": "Ship"}]}}
    )
    question = yes_no_of(field_tree(schema))

    assert question is not None
    assert (question.yes_words, question.no_words) == ("Ship", "Hold")
