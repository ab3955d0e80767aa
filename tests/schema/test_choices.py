"""Choices and assents: what stands to choose from, how it is called, and what nobody has chosen."""

import re
from collections.abc import Callable

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.controls.choice import ChoiceField
from opensink_web.schema.controls.consent import MISSING
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.tree.options import Option, position_of
from opensink_web.web.rendering.stored_answer import stored_answer

Draw = Callable[[AnswerForm], str]
Untouched = Callable[[AnswerForm], MultiDict[str, str]]


def whole(schema: JSONValue, *, required: bool = False) -> JSONObject:
    names: list[JSONValue] = ["a"] if required else []
    return {"type": "object", "properties": {"a": schema}, "required": names}


def offered(schema: JSONValue, *, required: bool = False) -> list[tuple[str, bool]]:
    field = AnswerForm.blank(whole(schema, required=required)).root.children[0]
    assert isinstance(field, ChoiceField)
    return [(choice.label, choice.selected) for choice in field.choices]


BOOLEAN: JSONValue = {"type": ["boolean", "null"]}


@pytest.mark.parametrize(
    ("schema", "required", "labels"),
    [
        ({"type": "boolean"}, True, ["Yes", "No"]),
        ({"type": "boolean"}, False, ["Yes", "No", "*No answer"]),
        (BOOLEAN, False, ["Yes", "No", "*No answer", "None"]),
        (BOOLEAN, True, ["Yes", "No", "*None"]),
        (
            {"type": ["boolean", "null"], "default": None},
            False,
            ["Yes", "No", "*None", "No answer"],
        ),
        ({"enum": ["a", None]}, False, ["a", "None", "*No answer"]),
        ({"enum": ["a", None]}, True, ["a", "None"]),
        ({"type": ["string", "null"], "enum": ["a", "b"]}, True, ["a", "b"]),
        ({"type": ["string", "null"], "enum": ["a", "b"]}, False, ["a", "b", "*No answer"]),
        ({"type": ["string", "null"], "enum": ["a", None]}, True, ["a", "None"]),
        ({"anyOf": [{"enum": ["a"]}, {"type": "null"}]}, False, ["a", "*No answer", "None"]),
        ({"type": "boolean", "default": None}, False, ["Yes", "No", "*No answer"]),
        ({"const": "x", "title": "Kind"}, False, ["*x", "No answer"]),
        (
            {
                "type": "boolean",
                "oneOf": [{"const": True, "title": "Sell"}, {"const": False, "title": "Keep"}],
            },
            True,
            ["Sell", "Keep"],
        ),
        ({"type": "null"}, False, ["*None", "No answer"]),
        ({"const": False}, True, ["No"]),
        ({"const": False}, False, ["No", "*No answer"]),
        ({"enum": [False]}, True, ["No"]),
        ({"enum": ["x"]}, False, ["x", "*No answer"]),
    ],
)
def test_there_stands_what_can_be_answered(
    schema: JSONValue, required: bool, labels: list[str]
) -> None:
    stars = [
        f"*{label}" if chosen else label for label, chosen in offered(schema, required=required)
    ]
    assert stars == labels


@pytest.mark.parametrize(
    ("schema", "chosen", "value"),
    [
        (BOOLEAN, "", {}),
        (BOOLEAN, "null", {"a": None}),
        (BOOLEAN, "0", {"a": True}),
        ({"type": ["boolean", "null"], "default": True}, "absent", {}),
        ({"type": ["boolean", "null"], "default": True}, "", {"a": None}),
        ({"const": "x"}, "0", {"a": "x"}),
        ({"const": "x"}, "", {}),
        ({"type": "null"}, "", {}),
        ({"type": "null"}, "0", {"a": None}),
    ],
)
def test_each_is_an_answer_of_its_own(schema: JSONValue, chosen: str, value: JSONValue) -> None:
    form = AnswerForm.submitted(whole(schema), MultiDict({"answer-0": chosen}))
    assert form.read().value == value


def test_a_default_of_null_that_is_ruled_out_leaves_everything_open(untouched: Untouched) -> None:
    properties: JSONObject = {
        "urgent": {"type": "boolean", "default": None},
        "channel": {"enum": ["mail", "phone"], "default": None},
        "copies": {"type": "integer", "default": None},
        "remark": {"type": "string", "default": None},
    }
    schema: JSONObject = {"type": "object", "properties": properties}
    sent = untouched(AnswerForm.blank(schema))
    assert AnswerForm.submitted(schema, sent).read().value == {}


def test_an_exact_proposal_may_lack_a_constant(untouched: Untouched) -> None:
    schema = whole({"const": "x"})
    proposals: list[JSONObject] = [{}, {"a": "x"}]
    for proposed in proposals:
        sent = untouched(AnswerForm.blank(schema, proposed))
        assert AnswerForm.submitted(schema, sent, proposed).read().value == proposed


ASSENTS: list[JSONValue] = [
    {"type": "boolean", "const": True},
    {"type": "boolean", "enum": [True]},
    {"const": True, "default": True},
    {"enum": [True], "default": True},
]


@pytest.mark.parametrize("schema", ASSENTS)
def test_nothing_assents_on_a_persons_behalf(
    schema: JSONValue, untouched: Untouched, draw: Draw
) -> None:
    form = AnswerForm.blank(whole(schema, required=True))
    assert 'type="checkbox"' in draw(form)
    assert "checked" not in draw(form)
    sent = untouched(form)
    refused = AnswerForm.submitted(whole(schema, required=True), sent)
    assert [(each.path, each.message) for each in refused.read().errors] == [("/a", MISSING)]
    assert AnswerForm.submitted(whole(schema), sent).read().value == {}
    sent["answer-0"] = "1"
    assert AnswerForm.submitted(whole(schema, required=True), sent).read().value == {"a": True}


@pytest.mark.parametrize("schema", ASSENTS)
def test_an_exact_proposal_ticks_the_box_and_it_can_be_taken_away(
    schema: JSONValue, untouched: Untouched
) -> None:
    proposals: list[JSONObject] = [{}, {"a": True}]
    for proposed in proposals:
        sent = untouched(AnswerForm.blank(whole(schema), proposed))
        assert AnswerForm.submitted(whole(schema), sent, proposed).read().value == proposed
    emptied = AnswerForm.submitted(whole(schema), MultiDict(), {"a": True})
    assert emptied.read().value == {}
    assert emptied.root.children[0].changed


def test_a_secret_assent_is_not_drawn_as_ticked(draw: Draw) -> None:
    schema = whole({"const": True, "writeOnly": True})
    html = draw(AnswerForm.blank(schema, {"a": True}))
    assert re.findall(r'value="(\w*)"\s+checked', html) == ["keep"]


TITLED: JSONObject = {"enum": ["r-1", "r-2"], "enumNames": ["Frankfurt", "Oregon"]}


@pytest.mark.parametrize(
    ("schema", "labels"),
    [
        (TITLED, ["Frankfurt", "Oregon"]),
        ({"enum": [1, 2], "x-enumNames": ["One", "Two"]}, ["One", "Two"]),
        ({"enum": [1, 2], "x-enum-varnames": ["ONE", "TWO"]}, ["ONE", "TWO"]),
        ({"enum": ["a", 2], "enumNames": {"a": "A", "2": "Two"}}, ["A", "Two"]),
        ({"enum": [1, 2], "enumNames": ["One"]}, ["1", "2"]),
        ({"enum": [1, 2], "enumNames": ["One", None]}, ["One", "2"]),
        ({"enum": [1, 2], "enumNames": ["Same", "Same"]}, ["1", "2"]),
        ({"allOf": [TITLED, {"enum": ["r-2"]}]}, ["Oregon"]),
        ({"allOf": [TITLED, {"enum": ["r-2", "r-1"]}]}, ["Frankfurt", "Oregon"]),
    ],
)
def test_titles_beside_an_enum_are_shown(schema: JSONValue, labels: list[str]) -> None:
    assert [label for label, _ in offered(schema, required=True)] == labels


def test_titles_are_shown_where_nothing_is_asked_for_and_values_are_sent(
    draw: Draw, untouched: Untouched
) -> None:
    schema = whole({**TITLED, "readOnly": True, "default": "r-2"})
    form = AnswerForm.blank(schema)
    assert ">Oregon<" in draw(form)
    assert AnswerForm.submitted(schema, untouched(form)).read().value == {"a": "r-2"}
    assert [fact.value for fact in stored_answer(whole(TITLED), {"a": "r-1"}).facts] == [
        "Frankfurt"
    ]


def test_an_option_is_found_by_what_json_calls_equal(untouched: Untouched) -> None:
    listed: list[JSONValue] = [True, 1, "1", [1.0], {"a": 2}, 0, False]
    options = tuple(Option(value, "") for value in listed)
    values: list[JSONValue] = [1.0, True, [1], {"a": 2.0}, 0.0, False, "1", "x", [True]]
    assert [position_of(options, value) for value in values] == [1, 0, 3, 4, 5, 6, 2, None, None]
    schema = whole({"enum": [1, 2]})
    form = AnswerForm.blank(schema, {"a": 1.0})
    field = form.root.children[0]
    assert isinstance(field, ChoiceField)
    assert field.choices[0].selected
    assert (
        dump(AnswerForm.submitted(schema, untouched(form), {"a": 1.0}).read().value) == '{"a":1.0}'
    )
