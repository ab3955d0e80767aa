"""An object of one of several shapes: a person chooses, and only what was chosen is answered."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.example import example_of
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.limits import check_schema
from opensink_web.web.rendering.stored_answer import stored_answer

Sent = MultiDict[str, str]
Untouched = Callable[[AnswerForm], Sent]
TEXT: JSONObject = {"type": "string"}


def tagged(tag: str, value: JSONValue, **properties: JSONValue) -> JSONObject:
    """Return a branch that a constant marks; its other properties are required."""
    return {
        "type": "object",
        "properties": {tag: {"const": value}, **properties},
        "required": [tag, *properties],
    }


REFUND = {**tagged("action", "refund", amount={"type": "number", "exclusiveMinimum": 0})}
REJECT = {**tagged("action", "reject", reason={"type": "string", "minLength": 5})}
CLOSED: JSONObject = {
    "type": "object",
    "oneOf": [
        {"title": "Refund", **REFUND, "additionalProperties": False},
        {"title": "Reject", **REJECT, "additionalProperties": False},
    ],
}


def labels(form: AnswerForm) -> list[str]:
    """Return what the first selector of the outermost object offers."""
    return [choice.label for choice in form.root.selectors[0].choices]


def drawn(form: AnswerForm) -> list[str]:
    """Return the titles of what is drawn of the outermost object."""
    return [part.title for part in form.root.parts()]


class TestOneOfObjects:
    """A union of two closed objects at the root, told apart by a constant."""

    def test_starts_with_nothing_chosen(self) -> None:
        form = AnswerForm.blank(CLOSED)
        assert (drawn(form), labels(form)) == (["Action"], ["Refund", "Reject"])
        assert [choice.selected for choice in form.root.selectors[0].choices] == [False, False]

    def test_asks_to_choose_at_the_selector(self, untouched: Untouched) -> None:
        form = AnswerForm.submitted(CLOSED, untouched(AnswerForm.blank(CLOSED)))
        assert [error.message for error in form.read().errors] == ["Choose one."]
        assert [line.html_id for line in form.error_summary] == ["answer-which"]

    def test_draws_what_is_chosen_and_not_the_constant_again(self, untouched: Untouched) -> None:
        sent = untouched(AnswerForm.blank(CLOSED))
        sent["answer-which"], sent["_refresh"] = "0", "1"
        form = AnswerForm.submitted(CLOSED, sent).changed_by(sent)
        assert form is not None
        assert drawn(form) == ["Action", "Amount"]

    def test_answers_what_is_chosen_alone(self, untouched: Untouched) -> None:
        proposed: JSONObject = {"action": "reject", "reason": "duplicate"}
        sent = untouched(AnswerForm.blank(CLOSED, proposed))
        assert AnswerForm.submitted(CLOSED, sent, proposed).read().value == proposed
        sent["answer-which"] = "0"
        form = AnswerForm.submitted(CLOSED, sent, proposed)
        assert [error.path for error in form.read().errors] == ["/amount"]
        sent = untouched(form)
        sent["answer-1"] = "10.5"
        assert AnswerForm.submitted(CLOSED, sent, proposed).read().value == {
            "action": "refund",
            "amount": 10.5,
        }

    def test_says_at_the_amount_that_it_is_too_small(self) -> None:
        form = AnswerForm.submitted(CLOSED, MultiDict({"answer-which": "0", "answer-1": "0"}))
        assert [error.path for error in form.read().errors] == ["/amount"]


@pytest.mark.parametrize(
    ("union", "expected"),
    [
        ([{"title": "A", **REFUND}, {"title": "B", **REJECT}], ["A", "B"]),
        ([REFUND, REJECT], ["Refund", "Reject"]),
        ([tagged("ok", True), tagged("ok", False, why=TEXT)], ["Yes", "No"]),
        (
            [
                {"properties": {"t": {"const": 1, "title": "First"}, "x": TEXT}},
                {"properties": {"t": {"const": 2, "title": "Second"}, "y": TEXT}},
            ],
            ["First", "Second"],
        ),
        ([{"$ref": "#/$defs/CreditCard"}, {"$ref": "#/$defs/bank_transfer"}], None),
        (
            [
                {"properties": {"mail": TEXT, "name": TEXT}, "required": ["mail"]},
                {"properties": {"phone": TEXT, "name": TEXT}, "required": ["phone"]},
            ],
            ["With mail", "With phone"],
        ),
        (
            [{"title": "A", "properties": {"x": TEXT}}, {"title": "A", "properties": {"y": TEXT}}],
            ["A (1)", "A (2)"],
        ),
    ],
)
def test_each_branch_has_a_label_of_its_own(
    union: list[JSONValue], expected: list[str] | None
) -> None:
    definitions: JSONObject = {
        "CreditCard": {"type": "object", "properties": {"number": TEXT}},
        "bank_transfer": {"type": "object", "properties": {"iban": TEXT}},
    }
    form = AnswerForm.blank({"type": "object", "anyOf": union, "$defs": definitions})
    assert labels(form) == (expected or ["Credit card", "Bank transfer"])


def test_a_discriminator_names_the_key_that_tells_apart() -> None:
    union: JSONObject = {
        "oneOf": [tagged("a", 1, kind={"const": "x"}), tagged("a", 2, kind={"const": "y"})],
        "discriminator": {"propertyName": "kind"},
    }
    form = AnswerForm.blank({"type": "object", **union})
    assert form.root.selectors[0].title == "Kind"


def test_branches_that_only_constrain_draw_nothing() -> None:
    fields: JSONObject = {"a": TEXT, "b": TEXT}
    unions: list[JSONObject] = [
        {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"oneOf": [{"required": ["a"]}, {"not": {"required": ["a"]}}]},
        {"anyOf": [{"properties": {"a": {"minLength": 3}}}, {"required": ["b"]}]},
    ]
    for union in unions:
        form = AnswerForm.blank({"properties": fields, **union})
        assert drawn(form) == ["A", "B"]


def test_shared_keys_keep_what_was_typed() -> None:
    schema: JSONObject = {
        "type": "object",
        "oneOf": [tagged("k", "x", note=TEXT, x=TEXT), tagged("k", "y", note=TEXT, y=TEXT)],
    }
    sent = MultiDict({"answer-1": "typed", "answer-2": "X", "answer-3": "Y"})
    for number, own in (("0", {"x": "X"}), ("1", {"y": "Y"})):
        sent["answer-which"] = number
        value = AnswerForm.submitted(schema, sent).read().value
        assert value == {"k": "x" if number == "0" else "y", "note": "typed", **own}


def test_several_unions_and_one_inside_another() -> None:
    inner: JSONObject = {"oneOf": [tagged("card", "visa", cvc=TEXT), tagged("card", "none")]}
    schema: JSONObject = {
        "type": "object",
        "properties": {"name": TEXT},
        "required": ["name"],
        "allOf": [
            {"oneOf": [{**tagged("pay", "card"), **inner}, tagged("pay", "cash", box=TEXT)]},
            {"oneOf": [tagged("ship", "post", street=TEXT), tagged("ship", "none")]},
        ],
    }
    check_schema(schema)
    form = AnswerForm.blank(schema)
    assert [field.name for field in form.root.selectors] == ["answer-which", "answer-which-1"]
    sent = {"answer-0": "n", "answer-which": "0", "answer-which-1": "1"}
    form = AnswerForm.submitted(schema, MultiDict(sent))
    assert [field.title for field in form.root.selectors] == ["Pay", "Ship", "Card"]
    names = {part.title: part.name for part in form.root.parts()}
    sent |= {names["Card"]: "1"}
    assert AnswerForm.submitted(schema, MultiDict(sent)).read().value == {
        "name": "n",
        "pay": "card",
        "ship": "none",
        "card": "none",
    }


def test_an_optional_part_is_left_out_until_a_branch_is_chosen() -> None:
    schema: JSONObject = {"properties": {"how": {"anyOf": [REFUND, REJECT, {"type": "null"}]}}}
    form = AnswerForm.blank(schema)
    [field] = form.root.children
    assert (field.control, field.has_box, len(field.selectors[0].choices)) == ("group", True, 2)
    assert AnswerForm.submitted(schema, MultiDict()).read().value == {}
    sent = MultiDict({"answer-0-which": "1", "answer-0-2": "too late"})
    assert AnswerForm.submitted(schema, sent).read().value == {
        "how": {"action": "reject", "reason": "too late"}
    }


def test_rows_of_different_shapes() -> None:
    schema: JSONObject = {
        "properties": {"rows": {"type": "array", "items": {"oneOf": [REFUND, REJECT]}}}
    }
    sent = MultiDict(
        [
            ("answer-0", "0"),
            ("answer-0", "1"),
            ("answer-0-0-which", "0"),
            ("answer-0-0-1", "5"),
            ("answer-0-1-which", "1"),
            ("answer-0-1-2", "too late"),
        ]
    )
    assert AnswerForm.submitted(schema, sent).read().value == {
        "rows": [{"action": "refund", "amount": 5}, {"action": "reject", "reason": "too late"}]
    }


def case(name: str, schema: JSONObject, *proposed: JSONObject) -> Any:
    """Return a schema with instances of it."""
    return pytest.param(schema, proposed, id=name)


@pytest.mark.parametrize(
    ("schema", "instances"),
    [
        case(
            "beside base properties",
            {
                "properties": {"id": {"type": "integer"}, "kind": {"enum": ["a", "b"]}},
                "required": ["kind"],
                "oneOf": [tagged("kind", "a", x=TEXT), tagged("kind", "b")],
            },
            {"id": 1, "kind": "a", "x": "1"},
            {"kind": "b"},
        ),
        case(
            "a mark that a value may lack",
            {
                "anyOf": [
                    {"properties": {"t": {"const": "a", "default": "a"}, "x": TEXT}},
                    {"properties": {"t": {"const": "b", "default": "b"}, "y": TEXT}},
                ]
            },
            {"t": "b", "y": "1"},
            {"x": "1"},
            {},
            {"t": "a", "more": None},
        ),
        case(
            "without a mark",
            {
                "anyOf": [
                    {"properties": {"a": TEXT}, "required": ["a"], "additionalProperties": False},
                    {"properties": {"b": TEXT}, "required": ["b"]},
                ]
            },
            {"a": "1"},
            {"b": "1", "a": "2", "c": 3},
        ),
        case(
            "several fit",
            {"anyOf": [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}}]},
            {"b": "1"},
            {"b": "1", "a": "2"},
            {},
        ),
        case(
            "nothing but unions of unions",
            {
                "$defs": {"two": {"oneOf": [tagged("k", "b"), tagged("k", "c", z=TEXT)]}},
                "oneOf": [tagged("k", "a"), {"$ref": "#/$defs/two"}],
            },
            {"k": "a"},
            {"z": "1", "k": "c"},
        ),
        case(
            "several values mark a branch",
            {
                "oneOf": [
                    {"properties": {"k": {"enum": ["a", "b"]}, "x": TEXT}, "required": ["k"]},
                    tagged("k", "c", y=TEXT),
                ]
            },
            {"k": "b", "x": "1"},
            {"y": "1", "k": "c"},
        ),
    ],
)
def test_untouched_every_proposal_comes_back(
    schema: JSONObject, instances: tuple[JSONObject, ...], untouched: Untouched
) -> None:
    check_schema(schema)
    for proposed in instances:
        sent = untouched(AnswerForm.blank(schema, proposed))
        submission = AnswerForm.submitted(schema, sent, proposed).read()
        assert (submission.errors, json.dumps(submission.value)) == ((), json.dumps(proposed))


def test_an_example_is_of_the_first_branch() -> None:
    assert example_of({**CLOSED, "oneOf": [REJECT, REFUND]}) == {
        "action": "reject",
        "reason": "text…",
    }


def test_a_stored_answer_is_told_by_the_fields_of_its_branch() -> None:
    schema: JSONObject = {"type": "object", "oneOf": [REFUND, REJECT]}
    facts = stored_answer(schema, {"reason": "duplicate", "action": "reject"}).facts
    assert [(fact.title, fact.value) for fact in facts] == [
        ("Action", "Reject"),
        ("Reason", "duplicate"),
    ]


def test_more_branches_than_anybody_tries_are_drawn_and_read_in_time() -> None:
    union: list[JSONValue] = [
        {"properties": {f"k{number}": TEXT}, "required": [f"k{number}"]} for number in range(500)
    ]
    schema: JSONObject = {"type": "object", "anyOf": union}
    form = AnswerForm.submitted(schema, MultiDict({"answer-which": "499", "answer-499": "x"}))
    assert form.read().value == {"k499": "x"}


def test_what_belongs_to_another_branch_that_may_hold_too_can_be_added(
    draw: Callable[[AnswerForm], str],
) -> None:
    branches: list[JSONValue] = [
        {"properties": {key: TEXT}, "required": [key]} for key in ("mail", "phone")
    ]
    more = {"answer-more": "0", "answer-more-0-key": "phone", "answer-more-0-which": "0"}
    sent = MultiDict({"answer-which": "0", "answer-0": "a", "answer-more-0-seen": "0"} | more)
    sent["answer-more-0-b0"] = "b"
    schema: JSONObject = {"type": "object", "anyOf": branches}
    assert AnswerForm.submitted(schema, sent).read().value == {"mail": "a", "phone": "b"}
    assert "Add fields of your own" in draw(AnswerForm.blank(schema))
    exclusive: JSONObject = {"type": "object", "oneOf": branches}
    assert "Add fields of your own" not in draw(AnswerForm.blank(exclusive))


def test_what_is_to_be_chosen_in_a_row_is_said_there() -> None:
    shapes: JSONValue = [
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]},
    ]
    tagged: JSONValue = [
        {"type": "object", "properties": {"k": {"const": key}, key: {}}, "required": ["k"]}
        for key in ("x", "y")
    ]
    schema: JSONObject = {
        "properties": {
            "list": {"type": "array", "items": {"oneOf": shapes}},
            "map": {"type": "object", "additionalProperties": {"oneOf": tagged}},
        }
    }
    sent = MultiDict([("answer-0", "0"), ("answer-1", "0"), ("answer-1-0-key", "n")])

    errors = AnswerForm.submitted(schema, sent).read().errors

    assert {error.path for error in errors} == {"/list/0", "/map/n/k"}
