"""What a form says beside its fields of what was proposed, and how that is put back."""

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject
from opensink_web.schema.changes import MAX_WORDS, RESTORE, Changes
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.form import AnswerForm, walk

pytestmark = pytest.mark.unit

SCHEMA: JSONObject = {
    "type": "object",
    "required": ["quantity", "tags", "to", "stock"],
    "properties": {
        "quantity": {"type": "integer", "title": "Quantity", "default": 100},
        "side": {
            "title": "Side",
            "oneOf": [{"const": "b", "title": "Buy"}, {"const": "s", "title": "Sell"}],
            "default": "b",
        },
        "pin": {"type": "string", "title": "PIN", "writeOnly": True, "default": "s3cret"},
        "tags": {
            "type": "array",
            "title": "Tags",
            "items": {"type": "string", "title": "Tag"},
            "default": ["x", "y"],
        },
        "to": {
            "type": "object",
            "title": "To",
            "required": ["name"],
            "properties": {"name": {"type": "string", "title": "Name", "default": "Ada"}},
        },
        "note": {"type": "string", "title": "Note"},
        "stock": {"const": "NVDA", "title": "Stock"},
    },
}
UNTOUCHED = {
    "answer-0": ["100"],
    "answer-1": ["0"],
    "answer-2": [""],
    "answer-3": ["0", "1"],
    "answer-3-0": ["x"],
    "answer-3-1": ["y"],
    "answer-4-0": ["Ada"],
    "answer-5": [""],
}


def sent(**changes: list[str]) -> MultiDict[str, str]:
    """Return what a browser sends; `answer_3_0` stands for `answer-3-0`."""
    named = {name.replace("_", "-"): values for name, values in changes.items()}
    return MultiDict(UNTOUCHED | named)


def submitted(**changes: list[str]) -> AnswerForm:
    return AnswerForm.submitted(SCHEMA, sent(**changes))


def at(form: AnswerForm, pointer: str) -> AnswerField:
    return next(field for field in walk(form.root) if field.pointer == pointer)


def changed_in(form: AnswerForm) -> list[str]:
    assert form.changes is not None
    return form.changes.changed


def in_words(form: AnswerForm) -> str:
    assert form.changes is not None
    return form.changes.in_words


def said(form: AnswerForm, pointer: str) -> str | None:
    """Return what was proposed at a place, as it is said there."""
    proposed = at(form, pointer).proposed
    assert proposed is not None
    return proposed.words


def test_nothing_is_changed_in_a_form_that_nobody_touched() -> None:
    for form in (AnswerForm.blank(SCHEMA), submitted()):
        assert form.changes == Changes()
        assert not [f for f in walk(form.root) if f.proposed is not None and f.proposed.is_changed]
    assert in_words(AnswerForm.blank(SCHEMA)) == "Nothing changed from the proposal."


def test_only_fields_for_which_something_was_proposed_say_so() -> None:
    form = AnswerForm.blank(SCHEMA)
    pointers = [field.pointer for field in walk(form.root) if field.proposed is not None]
    assert pointers == ["/quantity", "/side", "/pin", "/tags/0", "/tags/1", "/to/name"]


@pytest.mark.parametrize(
    ("changes", "labels"),
    [
        ({"answer_0": ["80"]}, ["Quantity"]),
        ({"answer_0": ["not a number"]}, ["Quantity"]),
        ({"answer_0": [""], "answer_1": ["1"]}, ["Quantity", "Side"]),
        ({"answer_2": ["another"]}, ["PIN"]),
        ({"answer_3_1": ["z"]}, ["Tags / Tag 2"]),
        ({"answer_3": ["1"]}, ["Tags"]),
        ({"answer_3": ["1", "0"]}, ["Tags"]),
        ({"answer_3": ["0", "1", "2"], "answer_3_2": ["more"]}, ["Tags"]),
        ({"answer_4_0": ["Bob"]}, ["To / Name"]),
        ({"answer_5": ["filled in"]}, []),
    ],
)
def test_each_changed_field_is_named_once(changes: dict[str, list[str]], labels: list[str]) -> None:
    assert changed_in(submitted(**changes)) == labels


def test_the_bar_names_the_first_few() -> None:
    form = submitted(answer_0=["80"])
    assert in_words(form) == "1 field changed: Quantity"
    form = submitted(answer_0=["80"], answer_1=["1"], answer_2=["p"], answer_4_0=["Bob"])
    assert in_words(form) == "4 fields changed: Quantity, Side, PIN and 1 more"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"answer_5": ["Sure."]}, "Nothing changed from the proposal. Filled in: Note"),
        ({"answer_5": ["Sure."], "answer_0": ["8"]}, "1 field changed: Quantity. Filled in: Note"),
        ({"answer_5": [" "]}, "Nothing changed from the proposal. Filled in: Note"),
        ({"answer_5": [""]}, "Nothing changed from the proposal."),
    ],
)
def test_the_bar_names_what_was_filled_in_though_nothing_was_proposed_for_it(
    changes: dict[str, list[str]], words: str
) -> None:
    assert in_words(submitted(**changes)) == words


def test_only_a_field_without_a_proposal_tells_that_it_was_filled_in() -> None:
    part: JSONObject = {
        "type": "object",
        "title": "Where",
        "properties": {"city": {"title": "City"}},
    }
    lines: JSONObject = {"type": "array", "title": "Lines", "items": TEXT}
    schema: JSONObject = {
        "properties": {"a": {"default": "x"}, "sure": {"type": "boolean"}, "b": part, "c": lines}
    }
    form = AnswerForm.blank(schema)
    told = {field.pointer: field.fill.is_filled for field in walk(form.root) if field.fill}
    assert (set(told.values()), in_words(form)) == ({False}, "Nothing changed from the proposal.")
    assert {"/sure", "/c"} <= told.keys()


def test_what_was_proposed_is_said_as_the_form_has_it() -> None:
    form = submitted(answer_0=["80"], answer_1=["1"], answer_2=["p"], answer_3=["0"])
    assert said(form, "/quantity") == "100"
    assert said(form, "/side") == "Buy"
    assert said(form, "/pin") is None
    assert said(form, "/tags") == "x, y"
    long: Any = {"properties": {"a": {"type": "string", "default": "x" * 500}}}
    assert said(AnswerForm.blank(long), "/a") == "x" * MAX_WORDS + "…"


def test_beside_an_exact_proposal_what_is_added_is_changed_too() -> None:
    proposed: JSONObject = {"quantity": 5, "tags": ["x", "y"], "to": {"name": "Ada"}}
    changed = sent(answer_0=["5"], answer_1=[""], answer_5=["added"])
    form = AnswerForm.submitted(SCHEMA, changed, proposed | {"stock": "NVDA"})
    assert changed_in(form) == ["Note"]
    assert said(form, "/note") == "no answer"


def test_where_nothing_was_proposed_nothing_is_said() -> None:
    schema: JSONObject = {"properties": {"a": {"type": "string"}, "b": {"default": None}}}
    form = AnswerForm.blank(schema)
    assert form.changes is None
    assert [field for field in walk(form.root) if field.proposed] == []


@pytest.mark.parametrize(
    ("name", "pointer", "value"),
    [
        ("answer-0", "/quantity", 100),
        ("answer-1", "/side", "b"),
        ("answer-2", "/pin", "s3cret"),
        ("answer-3", "/tags", ["x", "y"]),
        ("answer-4-0", "/to/name", "Ada"),
    ],
)
def test_a_button_puts_back_what_was_proposed_and_keeps_the_rest(
    name: str, pointer: str, value: Any
) -> None:
    changed = sent(
        answer_0=["80"],
        answer_1=["1"],
        answer_2=["p"],
        answer_3=["1"],
        answer_3_1=["z"],
        answer_4_0=["Bob"],
        answer_5=["kept"],
    )
    form = AnswerForm.submitted(SCHEMA, changed)
    changed[RESTORE] = name
    restored = form.changed_by(changed)
    assert restored is not None
    assert at(restored, pointer).value() == value
    assert len(changed_in(restored)) == len(changed_in(form)) - 1
    assert at(restored, "/note").value() == "kept"


def test_what_a_script_puts_back_holds_no_secret() -> None:
    form = submitted(answer_0=["80"], answer_2=["p"])
    inputs = [field.proposed.inputs for field in walk(form.root) if field.proposed]
    assert {"answer-0": ["100"]} in inputs
    assert {"answer-2": [""]} in inputs


def test_a_row_that_is_put_back_stays_where_it_is() -> None:
    changed = sent(answer_3_0=["z"])
    changed[RESTORE] = "answer-3-0"
    restored = AnswerForm.submitted(SCHEMA, changed).changed_by(changed)
    assert restored is not None
    assert at(restored, "/tags").value() == ["x", "y"]


TEXT: JSONObject = {"type": "string"}


def of(part: JSONObject, value: Any, *pairs: tuple[str, str]) -> AnswerForm:
    """Return the form of one part `a` for which a value was proposed, as a browser sends it."""
    schema: JSONObject = {"type": "object", "required": ["a"], "properties": {"a": part}}
    return AnswerForm.submitted(schema, MultiDict(pairs), {"a": value})


ADDRESS: JSONObject = {"type": "object", "title": "An address", "properties": {"city": TEXT}}
NAME_OR_ADDRESS: JSONObject = {"anyOf": [{"type": "string", "title": "A name"}, ADDRESS]}
ONE_OR_MORE: JSONObject = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
STOCK: JSONObject = {"type": "object", "additionalProperties": {"type": "integer"}}


def shape(number: int, *pairs: tuple[str, str]) -> list[tuple[str, str]]:
    return [("answer-0-which", str(number)), ("answer-0-seen", str(number)), *pairs]


def entries(*rows: tuple[int, str, str]) -> list[tuple[str, str]]:
    return [
        pair
        for number, key, value in rows
        for pair in (
            ("answer-0", str(number)),
            (f"answer-0-{number}-key", key),
            (f"answer-0-{number}", value),
        )
    ]


OSLO = {"city": "Oslo"}
SMALL = {"S": 4, "M": 0}
S, M = (0, "S", "4"), (1, "M", "0")
SHAPES: list[tuple[JSONObject, Any, list[tuple[str, str]], str, str]] = [
    (NAME_OR_ADDRESS, OSLO, shape(1, ("answer-0-b1-0", "Bergen")), "A / City", "Oslo"),
    (NAME_OR_ADDRESS, OSLO, shape(0, ("answer-0-b0", "Ada")), "A", "City: Oslo"),
    (NAME_OR_ADDRESS, "Ada", shape(0, ("answer-0-b0", "Bob")), "A", "Ada"),
    (ONE_OR_MORE, ["x", "y"], shape(1, ("answer-0-b1", "1"), ("answer-0-b1-1", "y")), "A", "x, y"),
    (STOCK, SMALL, entries((0, "S", "5"), M), "A / S / Value", "4"),
    (STOCK, SMALL, entries((0, "XS", "4"), M), "A / S / Name", "S"),
    (STOCK, SMALL, entries(M), "A", "S: 4, M: 0"),
    (STOCK, SMALL, entries(S, M, (2, "L", "9")), "A", "S: 4, M: 0"),
    ({"type": ["string", "integer"]}, 5, [("answer-0", "x")], "A", "5"),
]


@pytest.mark.parametrize(("part", "value", "pairs", "label", "words"), SHAPES)
def test_what_has_several_shapes_or_names_tells_its_change_where_it_is(
    part: JSONObject, value: Any, pairs: list[tuple[str, str]], label: str, words: str
) -> None:
    form = of(part, value, *pairs)
    assert changed_in(form) == [label]
    told = [field.proposed for field in walk(form.root) if field.proposed]
    assert [each.words for each in told if each.is_changed] == [words]


@pytest.mark.parametrize(("part", "value", "pairs", "label", "words"), SHAPES)
def test_and_a_button_puts_it_back(
    part: JSONObject, value: Any, pairs: list[tuple[str, str]], label: str, words: str
) -> None:
    form = of(part, value, *pairs)
    (name,) = [
        field.name for field in walk(form.root) if field.proposed and field.proposed.is_changed
    ]
    again = form.changed_by(MultiDict([*pairs, (RESTORE, name)]))
    assert again is not None
    assert changed_in(again) == []
    assert again.read().value == {"a": value}


def test_keys_that_no_field_is_for_are_marked_as_well() -> None:
    form = AnswerForm.submitted({"type": "object"}, MultiDict(), {"x": "1"})
    assert changed_in(form) == ["Further fields"]


def test_which_shape_the_whole_answer_has_is_marked() -> None:
    branches: Any = [
        {"title": title, "required": [key], "properties": {key: TEXT}}
        for title, key in (("A person", "surname"), ("A company", "company"))
    ]
    sent = MultiDict({"answer-which": "1", "answer-1": "Acme", "answer-drawn": "1"})
    schema: JSONObject = {"type": "object", "anyOf": branches}
    form = AnswerForm.submitted(schema, sent, {"surname": "Ada"})
    assert changed_in(form) == ["Choose one", "Company"]
