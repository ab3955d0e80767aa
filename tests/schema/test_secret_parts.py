"""A secret inside of a constant, an option, a name or a mark of a branch is not said either."""

from collections.abc import Callable

import pytest

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.limits import check_schema
from opensink_web.schema.lint import warnings_about
from opensink_web.schema.validation import validate
from tests.schema.page import Page, decided, drawn
from tests.schema.secret_cases import MARKER, PIN, Draw, Vault

OTHER = f"{MARKER}, too"
WITH_PIN: JSONObject = {"properties": {"pin": PIN}}


def a(**schema: JSONValue) -> JSONObject:
    return {"type": "object", "properties": {"a": schema}}


def by_mark(mark: JSONObject, other: JSONObject) -> JSONValue:
    return [
        {"properties": {"k": mark, "x": {"type": "string"}}},
        {"properties": {"k": other, "y": {"type": "string"}}},
    ]


CASES: dict[str, tuple[JSONObject, JSONObject | None]] = {
    "a constant object": (a(const={"pin": MARKER}, **WITH_PIN), {"a": {"pin": MARKER}}),
    "a constant object or null": (
        a(anyOf=[{"const": {"pin": MARKER}}, {"type": "null"}], **WITH_PIN),
        {"a": {"pin": MARKER}},
    ),
    "a constant list": (a(const=[MARKER, 1], prefixItems=[PIN]), {"a": [MARKER, 1]}),
    "a constant object or a number": (
        a(anyOf=[{"const": {"pin": MARKER}}, {"type": "number"}], **WITH_PIN),
        {"a": 5},
    ),
    "options that are objects": (
        a(enum=[{"pin": MARKER, "n": 1}, {"pin": OTHER, "n": 2}], **WITH_PIN),
        {"a": {"pin": OTHER, "n": 2}},
    ),
    "many options that are lists": (
        a(enum=[[f"{MARKER}{number}"] for number in range(30)], items=PIN),
        {"a": [f"{MARKER}7"]},
    ),
    "a list of options that are objects": (
        a(type="array", items={"enum": [{"pin": MARKER}, {"pin": OTHER}], **WITH_PIN}),
        {"a": [{"pin": OTHER}]},
    ),
    "what a list has to contain": (
        a(type="array", items=WITH_PIN, contains={"const": {"pin": MARKER}}),
        {"a": [{"pin": MARKER}]},
    ),
    "a box for several kinds": (
        a(anyOf=[{"enum": [MARKER, OTHER, "3"]}, {"type": "number"}], writeOnly=True),
        {"a": MARKER},
    ),
    "a box for a constant": (
        a(anyOf=[{"const": MARKER, "writeOnly": True}, {"type": "number"}]),
        None,
    ),
    "the mark of a branch": (
        {"oneOf": by_mark({"const": MARKER, "writeOnly": True}, {"const": OTHER, **PIN})},
        {"k": MARKER, "x": "plain"},
    ),
    "the mark of a branch, named beside": (
        {"properties": {"k": PIN}, "oneOf": by_mark({"const": MARKER}, {"const": OTHER})},
        {"k": MARKER, "x": "plain"},
    ),
}  # fmt: skip
WRONG: list[JSONObject] = [
    {"a": "x"}, {"a": {"pin": "x"}}, {"a": {}}, {"a": []}, {"a": ["x"]}, {"k": "x"}, {}, {"a": True}
]  # fmt: skip


@pytest.mark.parametrize(("schema", "answer"), CASES.values(), ids=CASES)
def test_nothing_says_it(schema: JSONObject, answer: JSONObject | None, draw: Draw) -> None:
    check_schema(schema)
    assert MARKER not in draw(AnswerForm.blank(schema))
    assert MARKER not in str(warnings_about(schema))
    for wrong in WRONG:
        assert MARKER not in str(validate(schema, wrong))
    for proposed in filter(None, [None, answer]):
        assert not validate(schema, proposed)
        page = Page(draw(AnswerForm.blank(schema, proposed)))
        assert MARKER not in draw(AnswerForm.blank(schema, proposed))
        assert AnswerForm.submitted(schema, page.sent, proposed).read().value == proposed
        assert MARKER not in decided(schema, proposed)
    for typed in ("yes", "5x", "99999", "null"):
        sent = Page(draw(AnswerForm.blank(schema))).sent
        for name in list(sent):
            sent.setlist(name, [typed])
        form = AnswerForm.submitted(schema, sent, None, Vault())
        assert MARKER not in str(form.read())
        assert MARKER not in draw(form)


def test_which_of_several_objects_was_proposed_is_not_said_where_they_differ_by_a_secret() -> None:
    schema, answer = CASES["options that are objects"]
    page = Page(drawn(AnswerForm.blank(schema, answer)))
    labels = [each.text for each in page.root.every("label")]
    assert labels[:3] == [
        "As proposed, not shown",
        '{"pin":"••••••","n":1}',
        '{"pin":"••••••","n":2}',
    ]
    assert page.sent.getlist("answer-0") == ["keep"]


def test_the_names_of_secret_values_are_no_secrets(draw: Draw) -> None:
    schema = a(type="object", additionalProperties=PIN)
    html = draw(AnswerForm.blank(schema, {"a": {"bank": MARKER}}))
    assert MARKER not in html
    names = [each for each in Page(html).root.every("input", "textarea") if each["name"] == KEY]
    assert [(each["value"] or each.text, each["type"]) for each in names] in (
        [("bank", "text")],
        [("bank", "")],
    )


KEY = "answer-0-0-key"


def test_a_secret_that_was_typed_is_not_shown_when_its_name_becomes_that_of_something_else(
    draw: Draw, browse: Callable[[AnswerForm], Page]
) -> None:
    kinds: JSONObject = {"^s": PIN, "^o": {"type": "string"}}
    schema = a(type="object", patternProperties=kinds, additionalProperties=False)
    sent = browse(AnswerForm.blank(schema, {"a": {"s": "x"}})).sent
    sent.setlist("answer-0-0", [MARKER])
    sent.setlist(KEY, ["o"])

    form = AnswerForm.submitted(schema, sent, {"a": {"s": "x"}}, Vault())

    assert [error.path for error in form.read().errors] == ["/a/o"]
    assert MARKER not in draw(form)
